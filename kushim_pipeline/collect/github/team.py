"""`github.team`: every team; `github.team_member`: who is in each, members of its child teams included.

Source: GitHub REST, "List teams", "List team members": a secret team is shown to owners and its members.
"""

from typing import Any
from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.changed import each_changed
from kushim_pipeline.collect.github.organization import OWNER_PROOF, organization
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing, login, name_of, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_all, report_faults
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "GET /orgs/{org}/teams"
MEMBERS = "GET /orgs/{org}/teams/{team_slug}/members"
NEEDS = "the organisation permission Members: read (classic: read:org) of an owner"


def read(c: Collection, reading: Reading) -> None:
    """A record for each team."""
    record_all(c, teams(reading, c.keep))
    _prove(c, reading)


def read_members(c: Collection, reading: Reading) -> None:
    """A record for each team: {"members": [...]}. Teams show no change: each is read again when its reading is a day
    old."""
    listing = teams(reading, c.keep)
    report_faults(c, listing)
    _prove(c, reading)

    def one(team: Item, mark: str) -> None:
        path = f"/orgs/{reading.account}/teams/{quote(team.id, safe='')}/members"
        found = read_list(reading.client, c.keep, Call(MEMBERS, path, {}, NEEDS), login)
        if found.problems:
            raise found.problems[0]
        if found.quarantined:
            raise Unread(Reason.QUARANTINED, MEMBERS, ": ".join(found.quarantined[0]))
        members = [item.body for item in sorted(found.items, key=lambda item: item.id)]
        c.record(team.id, {"members": members}, evidence=found.evidence, mark=mark)

    names = [item.id for item in listing.items] + [name for name, _ in listing.quarantined]
    each_changed(c, reading, MEMBERS, listing.items, _shown, one, None if listing.problems else names)


def teams(reading: Reading, keep: Keep) -> Listing:
    """The list, read once for both streams."""
    call = Call(OPERATION, f"/orgs/{reading.account}/teams", {}, NEEDS)
    return reading.once("teams", lambda keep: read_list(reading.client, keep, call, _slug)).get(keep)


def _prove(c: Collection, reading: Reading) -> None:
    """Who is no owner does not see secret teams: no list of theirs is known to be whole."""
    try:
        owner = organization(reading, c.keep).shown_to_owner
    except Unread as trouble:
        c.problem(trouble.reason, trouble.operation, f"the list cannot be proven whole: {trouble.message}")
        return
    if owner:
        c.empty_is_proven(OWNER_PROOF)
    else:
        message = "the token is not known to be an owner's, who alone sees secret teams; use an owner's token"
        c.problem(Reason.INCOMPLETE, OPERATION, message)


def _slug(team: dict[str, Any]) -> str | None:
    return name_of(team, "slug")


def _shown(team: Item) -> str:
    return f"{team.body.get('id')} {team.body.get('privacy')}"
