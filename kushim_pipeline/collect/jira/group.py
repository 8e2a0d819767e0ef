"""`jira.group`: every group; `jira.group_member`: who is in those that make administrators.

Ids: the group's name. Which groups make administrators of Jira the vendor says itself: GET /group/bulk?accessType=admin
and =site-admin. Where it does not (an older site, a gateway that drops the filter), they are told by the names that
Atlassian gives them. Whoever may administer Jira and is in none of them shows that the groups are not all: GET
/user/permission/search, which Jira answers for the first thousand users only. Sources: Atlassian, "Bulk get groups",
"Get users from group", "Find users with permissions".
"""

import re
from collections.abc import Iterable

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import Bad, elements_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing, name_of, read_list
from kushim_pipeline.collect.http.reading import report, unexpected
from kushim_pipeline.collect.http.recording import record_all, report_faults
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.listing import Numbered
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

OPERATION, MEMBERS = f"GET {API}/group/bulk", f"GET {API}/group/member"
WHO_MAY = f"GET {API}/user/permission/search"
NEEDS = "the global permission Browse users and groups"
NEEDS_ADMINISTER = "the global permission Administer Jira"
SIZE, MEMBERS_SIZE, PEOPLE_SIZE = 1000, 50, 1000
# Those of Atlassian's own: of old sites, of sites with several products, of organisations, of apps.
_ADMINISTRATORS = re.compile(
    r"administrators|jira-administrators|jira-admins(-.+)?|site-admins|org-admins|system-administrators",
    re.IGNORECASE,
)


def read(c: Collection, visit: Visit) -> None:
    """A record for each group. Every site has one, so no list is proven empty."""
    numbered = Numbered(SIZE)
    listing = _groups(visit, c.keep, numbered)
    record_all(c, listing)
    if numbered.total and not listing.problems and not visit.reading.sample:
        c.declare(numbered.total, f"{OPERATION}: total")


def read_members(c: Collection, visit: Visit) -> None:
    """A record for each group that makes administrators."""
    groups, doubt = _administrators(c, visit)
    members: set[str] = set()
    whole = [_read_one(c, visit, group, members) for group in (groups[:1] if visit.reading.sample else groups)]
    if visit.reading.sample:
        return
    try:
        missed = [person for person in _who_administers(visit, c.keep) if person not in members]
    except Unread as trouble:
        if doubt:
            report(c, doubt)
            report(c, trouble)
        return
    if missed and all(whole):
        message = f"{len(missed)} who administer Jira, {missed[0]} among them, are in none of the groups that were read"
        c.problem(Reason.INCOMPLETE, WHO_MAY, message)


def _groups(visit: Visit, keep: Keep, numbered: Numbered, **parameters: str) -> Listing:
    call = Call(OPERATION, f"{API}/group/bulk", parameters, NEEDS)
    return read_list(visit.client, keep, call, lambda found: name_of(found, "name"), numbered.paging)


def _administrators(c: Collection, visit: Visit) -> tuple[list[Item], Unread | None]:
    """The groups that make administrators, and why these may not be all."""
    found: dict[str, Item] = {}
    doubt: Unread | None = None
    for access in ("admin", "site-admin"):
        listing = _groups(visit, c.keep, Numbered(SIZE), accessType=access)
        found |= {item.id: item for item in listing.items}
        if not listing.is_whole:
            poisonous = Unread(Reason.QUARANTINED, OPERATION, "a group that makes administrators cannot be read")
            doubt = listing.problems[0] if listing.problems else poisonous
    everything = _groups(visit, c.keep, Numbered(SIZE))
    if doubt is None and found and not _is_unfiltered(found, everything):
        return sorted(found.values(), key=lambda item: item.id), None
    report_faults(c, everything)
    named = [item for item in everything.items if _ADMINISTRATORS.fullmatch(item.id)]
    message = "Jira does not say which groups make administrators; those with Atlassian's own names were read"
    return named, doubt or Unread(Reason.INCOMPLETE, OPERATION, message)


def _is_unfiltered(found: Iterable[str], everything: Listing) -> bool:
    """Whether the filter was passed over: all groups came, ordinary ones among them."""
    names = set(found)
    same = names == {item.id for item in everything.items}
    return same and any(not _ADMINISTRATORS.fullmatch(name) for name in names) and len(names) > 1


def _read_one(c: Collection, visit: Visit, group: Item, members: set[str]) -> bool:
    """Record one group's members and put them to the others. Returns whether it could be read."""
    number = name_of(group.body, "groupId")
    which = {"groupId": number} if number else {"groupname": group.id}
    call = Call(MEMBERS, f"{API}/group/member", {**which, "includeInactiveUsers": "true"}, NEEDS)
    try:
        listing = read_list(
            visit.client, c.keep, call, lambda found: name_of(found, "accountId"), Numbered(MEMBERS_SIZE).paging
        )
    except OSError:
        raise  # the evidence store cannot be written: no group's matter
    except Exception as error:  # noqa: BLE001 # a fault of ours in one group leaves the others standing
        report(c, unexpected(MEMBERS, error), group.id)
        return False
    if listing.problems:
        report(c, listing.problems[0], group.id)
    elif listing.quarantined:
        c.unreadable(group.id, Reason.QUARANTINED, MEMBERS, listing.quarantined[0][1])
    else:
        body = {**group.body, "members": [item.body for item in listing.items]}
        c.record(group.id, body, evidence=listing.evidence)
        members |= {item.id for item in listing.items}
    return listing.is_whole


def _who_administers(visit: Visit, keep: Keep) -> list[str]:
    """The accounts of people, among the first thousand, who administer Jira. Raises Unread."""
    asked = {"query": "", "permissions": "ADMINISTER", "startAt": "0", "maxResults": str(PEOPLE_SIZE)}
    call = Call(WHO_MAY, f"{API}/user/permission/search", asked, NEEDS_ADMINISTER)
    people = elements_of(visit.client.ask(call, keep), call, visit.client.dialect)
    if any(isinstance(each, Bad) or not isinstance(each, dict) for each in people):
        raise Unread(Reason.QUARANTINED, WHO_MAY, "an element of the list is not an object with a name")
    # Apps administer Jira by being installed, not by a group.
    return [name for each in people if each.get("accountType") != "app" and (name := name_of(each, "accountId"))]
