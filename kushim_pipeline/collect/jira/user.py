"""`jira.user`: every account of the site, inactive ones, apps and portal customers among them. GET /users/search

Id: the accountId. The list is a bare array without a total; it ends with an empty page. The token's own account is in
it, which an answer that leaves people out may well miss. Source: Atlassian, "Get all users". E-mail addresses are shown
as each profile's visibility allows.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.listing import name_of, read_list
from kushim_pipeline.collect.http.recording import record_all
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.listing import bare
from kushim_pipeline.collect.jira.site import MYSELF, myself
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

OPERATION = f"GET {API}/users/search"
NEEDS = "the global permission Browse users and groups"
SIZE = 1000  # the most that Jira gives


def read(c: Collection, visit: Visit) -> None:
    """A record for each account."""
    call = Call(OPERATION, f"{API}/users/search", {}, NEEDS)
    listing = read_list(visit.client, c.keep, call, lambda found: name_of(found, "accountId"), bare(SIZE))
    record_all(c, listing)
    if visit.reading.sample or listing.problems:
        return
    try:
        own = myself(visit, c.keep).body.get("accountId")
    except Unread as trouble:
        c.problem(trouble.reason, trouble.operation, f"the list cannot be proven whole: {trouble.message}")
        return
    if own not in {item.id for item in listing.items} | {name for name, _ in listing.quarantined}:
        c.problem(Reason.INCOMPLETE, MYSELF, f"the token's own account is not in the list; it needs {NEEDS}")
