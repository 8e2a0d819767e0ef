"""`okta.admin_role`: the administrator roles of everybody who has one, directly or by a group.

GET /api/v1/iam/assignees/users names them, GET /api/v1/users/{userId}/roles says which roles. Source: Okta, "Role
assignments": the first is a page in an envelope, its next page in `_links.next`. Somebody is super administrator, so
the list is never empty.
"""

from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import Item, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import each, report_faults
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.listed import whole
from kushim_pipeline.collect.okta.paging import by_id, enveloped, linked

ASSIGNEES = f"GET {API}/iam/assignees/users"
ROLES = f"GET {API}/users/{{userId}}/roles"
NEEDS = "the scope okta.roles.read (an API token: of a super administrator, or a custom role with okta.iam.read)"


def read(c: Collection, reading: Reading) -> None:
    """A record for each person with a role: {"roles": [...]}."""
    call = Call(ASSIGNEES, f"{API}/iam/assignees/users", {}, NEEDS)
    listing = read_list(reading.client, c.keep, call, by_id, enveloped(reading.account, 100, "value"))
    report_faults(c, listing)

    def one(person: Item) -> None:
        call = Call(ROLES, f"{API}/users/{quote(person.id, safe='')}/roles", {}, NEEDS)
        # A role given by two groups is listed once for each of them, under one id.
        found = whole(read_list(reading.client, c.keep, call, None, linked(reading.account)))
        c.record(person.id, {"roles": [role.body for role in found.items]}, evidence=found.evidence)

    each(c, reading, ROLES, list(listing.items), one)
