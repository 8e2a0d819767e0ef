"""Who belongs to the organisation: members, owners, outside collaborators, and who of them lacks a second factor.

Source: GitHub REST, "List organization members" and "List outside collaborators": the filter `2fa_disabled` is for
owners; others get 422 (or 403). A person is a record in each list that names them; id = login.
"""

from collections.abc import Callable, Mapping

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.organization import OWNER_PROOF, organization
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.listing import login, read_list
from kushim_pipeline.collect.http.reading import Reading, report
from kushim_pipeline.evidence.receipt import Reason

NEEDS = "the organisation permission Members: read (classic: read:org)"
NEEDS_OWNER = "the organisation permission Members: read (classic: admin:org) of an owner"

Read = Callable[[Collection, Reading], None]


def _reader(kind: str, parameters: Mapping[str, str], *, owners_see_all: bool) -> Read:
    """How one of the lists is read.

    In: `members` or `outside_collaborators`; the filter; whether an owner's token proves that an empty list is empty.
    """

    def read(c: Collection, reading: Reading) -> None:
        needs = NEEDS_OWNER if owners_see_all else NEEDS
        call = Call(f"GET /orgs/{{org}}/{kind}", f"/orgs/{reading.account}/{kind}", parameters, needs)
        listing = read_list(reading.client, c.keep, call, login)
        for item in listing.items:
            c.record(item.id, item.body, evidence=item.evidence)
        for name, message in listing.quarantined:
            c.unreadable(name, Reason.QUARANTINED, listing.operation, message)
        for trouble in listing.problems:
            report(c, trouble)
        if owners_see_all and listing.is_whole and not listing.items:
            _prove_empty(c, reading)

    return read


def _prove_empty(c: Collection, reading: Reading) -> None:
    """An empty list proves that there is nobody only if the token is known to see everybody."""
    try:
        found = organization(reading, c.keep)
    except Unread as trouble:
        c.problem(trouble.reason, trouble.operation, f"the empty list cannot be proven: {trouble.message}")
        return
    if found.shown_to_owner:
        c.empty_is_proven(OWNER_PROOF)
    else:
        c.problem(
            Reason.INCOMPLETE,
            "GET /orgs/{org}",
            "the list is empty, but the token is not known to be an owner's, who alone sees everybody",
        )


# An organisation has a member and an owner: these two lists are never empty, so nothing can prove them so.
read_members = _reader("members", {}, owners_see_all=False)
read_owners = _reader("members", {"role": "admin"}, owners_see_all=False)
read_members_without_2fa = _reader("members", {"filter": "2fa_disabled"}, owners_see_all=True)
read_outside_collaborators = _reader("outside_collaborators", {}, owners_see_all=True)
read_outside_collaborators_without_2fa = _reader(
    "outside_collaborators", {"filter": "2fa_disabled"}, owners_see_all=True
)
