"""What the streams of plain lists have in common."""

from typing import Any

from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.listing import Listing
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
