"""`jira.project`: the projects that matter. GET /project/search

Id: the project's key. These are the projects that the tenant file names, or all. All can be said only for an account
that administers Jira: it is shown every project, another one those that it may browse, without a word of the others.
Archived and deleted projects are not among them. Source: Atlassian, "Get projects paginated".
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing, name_of, read_list
from kushim_pipeline.collect.http.reading import report
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.listing import Numbered
from kushim_pipeline.collect.jira.site import permissions
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

OPERATION = f"GET {API}/project/search"
NEEDS = "the project permission Browse projects on every project that matters"
SIZE = 100  # the most that Jira gives


def read(c: Collection, visit: Visit) -> None:
    """A record for each project."""
    listing, total = _listed(visit, c.keep)
    found, missing = _scope(visit, listing)
    for item in found:
        c.record(item.id, item.body, evidence=item.evidence)
    for key, trouble in missing:
        report(c, trouble, key)
    for trouble in _doubts(visit, c.keep, listing):
        report(c, trouble)
    if visit.reading.sample:
        return
    if visit.wanted:
        c.declare(len(set(visit.wanted)), "the connection's list of projects")
    elif total and not listing.problems:
        c.declare(total, f"{OPERATION}: total")


def in_scope(visit: Visit, keep: Keep) -> tuple[list[Item], list[Unread]]:
    """The projects that matter, by key, for a stream that reads them one by one, and why they may not be all."""
    listing, _ = _listed(visit, keep)
    found, missing = _scope(visit, listing)
    ordered = sorted(found, key=lambda item: item.id)
    return ordered, [*(trouble for _, trouble in missing), *_doubts(visit, keep, listing)]


def _scope(visit: Visit, listing: Listing) -> tuple[list[Item], list[tuple[str, Unread]]]:
    """The projects that matter, and why others of them are not among these."""
    quarantined = {key: Unread(Reason.QUARANTINED, OPERATION, message) for key, message in listing.quarantined}
    if not visit.wanted:
        return list(listing.items), list(quarantined.items())
    found = {item.id: item for item in listing.items}
    message = "it does not exist, is archived, or is hidden from the token"
    missing = [
        (key, quarantined.get(key) or Unread(Reason.DENIED, OPERATION, f"project {key}: {message}; it needs {NEEDS}"))
        for key in dict.fromkeys(visit.wanted)
        if key not in found
    ]
    return [found[key] for key in dict.fromkeys(visit.wanted) if key in found], missing


def _doubts(visit: Visit, keep: Keep, listing: Listing) -> list[Unread]:
    """Why the list is not known to hold all that matter."""
    if visit.wanted and set(visit.wanted) <= {item.id for item in listing.items}:
        return []  # those that are named are all there
    if visit.wanted or listing.problems:
        return list(listing.problems)
    try:
        administers = permissions(visit, keep).may("ADMINISTER")
    except Unread as trouble:
        said = f"the list of projects cannot be proven whole: {trouble.message}"
        return [Unread(trouble.reason, trouble.operation, said)]
    if administers:
        return []
    return [
        Unread(
            Reason.INCOMPLETE,
            OPERATION,
            "projects may be hidden from the token, since it does not administer Jira; name the projects that matter "
            "in the connection (projects: [...]), or use an account with the global permission Administer Jira",
        )
    ]


def _listed(visit: Visit, keep: Keep) -> tuple[Listing, int | None]:
    """All projects that the token is shown, and how many Jira declares, read once for all streams."""

    def read_it(keep: Keep) -> tuple[Listing, int | None]:
        numbered = Numbered(SIZE)
        call = Call(OPERATION, f"{API}/project/search", {"orderBy": "key", "expand": "description,lead"}, NEEDS)
        listing = read_list(visit.client, keep, call, lambda found: name_of(found, "key"), numbered.paging)
        return listing, numbered.total

    return visit.reading.once("projects", read_it).get(keep)
