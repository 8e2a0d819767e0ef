"""What the streams of plain lists have in common."""

from collections.abc import Callable
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.listing import Item, Listing
from kushim_pipeline.collect.http.reading import Reading, report, unexpected
from kushim_pipeline.evidence.receipt import Reason


def last_updated(body: dict[str, Any]) -> str:
    """A mark that changes whenever Okta says that a resource changed: its status and when it was last updated."""
    return f"{body.get('status')} {body.get('lastUpdated')}"


def whole(listing: Listing) -> Listing:
    """The list. Raises Unread unless every element of it was seen and taken in."""
    if listing.problems:
        raise listing.problems[0]
    if listing.quarantined:
        name, message = listing.quarantined[0]
        raise Unread(Reason.QUARANTINED, listing.operation, f"{name}: {message}")
    return listing


def each(c: Collection, reading: Reading, operation: str, items: list[Item], one: Callable[[Item], None]) -> None:
    """Do `one` for every item, several at a time. What fails for one is noted for it alone."""

    def guarded(item: Item) -> None:
        try:
            one(item)
        except Unread as trouble:
            report(c, trouble, item.id)
        except OSError:
            raise  # the evidence store cannot be written: no resource's matter
        except Exception as error:  # noqa: BLE001 # a fault of ours in one resource leaves the others standing
            report(c, unexpected(operation, error), item.id)

    list(reading.pool.map(guarded, items[:1] if reading.sample else items))
