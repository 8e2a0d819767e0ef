"""From a list that was read to the records of a stream, at once or one by one, and the words for what is wrong."""

from collections.abc import Callable

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import Identity, Item, Listing, Paging, Walk, walk_as
from kushim_pipeline.collect.http.reading import Reading, noted, report
from kushim_pipeline.collect.record import pack
from kushim_pipeline.evidence.receipt import Reason


def record_all(c: Collection, listing: Listing, *, proven_by: str = "") -> None:
    """A record for each element of a list, and a word for whatever is wrong with it. In: why an empty list is empty."""
    report_faults(c, listing)
    c.record_many(pack(*item) for item in listing.items)
    if proven_by and listing.is_whole and not listing.items:
        c.empty_is_proven(proven_by)


def record_list(
    c: Collection, client: Client, call: Call, identity: Identity, paging: Paging | None = None, *, proven_by: str = ""
) -> Walk:
    """Read a list as `read_list` does, with a record for each element. In: why an empty list is empty. Out: the
    reading, with all ids that were seen."""
    walk = Walk(call)
    for rows in walk_as(client, c.keep, walk, identity, paging, lambda item: pack(*item)):
        c.record_many(rows)
    report_faults(c, walk)
    if proven_by and not walk.problems and not walk.ids:
        c.empty_is_proven(proven_by)
    return walk


def report_faults(c: Collection, listing: Listing | Walk) -> None:
    """What is wrong with a list, reported to a stream that depends on it, and what was seen and could not be taken."""
    for trouble in listing.problems:
        report(c, trouble)
    for name, message in listing.quarantined:
        c.unreadable(name, Reason.QUARANTINED, listing.operation, message)


def each(c: Collection, reading: Reading, operation: str, items: list[Item], one: Callable[[Item], None]) -> None:
    """Do `one` for every item, several at a time. What fails for one is noted for it alone."""

    def guarded(item: Item) -> None:
        with noted(c, operation, item.id):
            one(item)

    reading.side_by_side(guarded, items)
