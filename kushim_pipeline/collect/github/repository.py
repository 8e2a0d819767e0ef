"""`github.repository`: every repository of the organisation. GET /orgs/{org}/repos

The list is whole when it has as many repositories as the organisation counts (public_repos + total_private_repos). A
token that may not see the second number cannot prove that, whatever it lists.
"""

from dataclasses import replace

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.organization import organization
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing, full_name, read_list
from kushim_pipeline.collect.http.reading import Reading, report
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "GET /orgs/{org}/repos"
NEEDS = "the repository permission Metadata: read on all repositories (classic: repo)"
COUNTED_BY = "GET /orgs/{org}: public_repos + total_private_repos"


def repositories(reading: Reading, keep: Keep) -> Listing:
    """The list, read once for all streams."""

    def read_it(keep: Keep) -> Listing:
        # Oldest first: a repository that is made while the list is read comes at its end and moves no other.
        parameters = {"type": "all", "sort": "created", "direction": "asc"}
        call = Call(OPERATION, f"/orgs/{reading.account}/repos", parameters, NEEDS)
        listing = read_list(reading.client, keep, call, full_name)
        return replace(listing, problems=(*listing.problems, *_contradiction(reading, keep, listing)))

    return reading.once("repositories", read_it).get(keep)


def _contradiction(reading: Reading, keep: Keep, listing: Listing) -> tuple[Unread, ...]:
    """What the organisation's count says against the list: every stream that goes by the list is cut off with it."""
    if listing.problems or reading.sample:
        return ()
    try:
        total = organization(reading, keep).repositories
    except Unread:
        return ()  # the list itself is then not proven, and says so
    listed = len(listing.items) + len(listing.quarantined)
    if total in (None, listed):
        return ()
    return (Unread(Reason.INCOMPLETE, COUNTED_BY, f"GitHub counts {total} repositories, {listed} are listed"),)


def read(c: Collection, reading: Reading) -> None:
    """A record for each repository."""
    for item in _listed(c, repositories(reading, c.keep)):
        c.record(item.id, item.body, evidence=item.evidence)
    try:
        total = organization(reading, c.keep).repositories
    except Unread as trouble:
        c.problem(trouble.reason, trouble.operation, f"the list cannot be proven whole: {trouble.message}")
        return
    if total is None:
        c.problem(
            Reason.INCOMPLETE,
            COUNTED_BY,
            "the token may not see how many private repositories there are, so the list cannot be proven whole; use an "
            "owner's token",
        )
    else:
        c.declare(total, COUNTED_BY)


def readable(c: Collection, reading: Reading) -> tuple[Item, ...]:
    """The repositories whose branches a stream reads. What is wrong with the list is reported to that stream too, and
    whether it is proven to be empty."""
    found = _listed(c, repositories(reading, c.keep))
    if not found:
        try:
            if organization(reading, c.keep).repositories == 0:
                c.empty_is_proven(f"{COUNTED_BY} is 0")
        except Unread as trouble:
            report(c, trouble)
    return found


def _listed(c: Collection, listing: Listing) -> tuple[Item, ...]:
    for trouble in listing.problems:
        report(c, trouble)
    for name, message in listing.quarantined:
        c.unreadable(name, Reason.QUARANTINED, listing.operation, message)
    return listing.items
