"""`slack.billable_user`: whether Slack charges for a member. team.billableInfo

Source: Slack, "team.billableInfo": "billable information for each user on the team", computed periodically. Whether
bots, apps and deactivated members are among them it does not say.
"""

from collections.abc import Mapping
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import Bad, object_of
from kushim_pipeline.collect.http.call import Answer, Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing
from kushim_pipeline.collect.http.recording import record_all
from kushim_pipeline.collect.http.salvage import members
from kushim_pipeline.collect.slack.dialect import SLACK
from kushim_pipeline.collect.slack.listing import parts
from kushim_pipeline.collect.slack.workspace import Workspace
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "team.billableInfo"
NEEDS = "a user token of an administrator with the scope admin"
SIZE = 1000


def billable_users(workspace: Workspace, keep: Keep) -> Listing:
    """The list, read once for all streams. Id: the user's."""

    def read_it(keep: Keep) -> Listing:
        call = Call(OPERATION, f"/{OPERATION}", workspace.of_team(limit=str(SIZE)), NEEDS)
        items: dict[str, Item] = {}
        quarantined: dict[str, str] = {}
        problems: list[Unread] = []
        evidence = ""
        try:
            for part in parts(workspace.client, keep, call, _take):
                evidence = part.answer.evidence
                _check_new(part.listed, items)
                for name, body in part.listed.items():
                    if isinstance(body, dict):
                        items[name] = Item(name, body, evidence)
                    else:
                        quarantined[name] = body.message if isinstance(body, Bad) else "the entry is not an object"
        except Unread as trouble:
            problems.append(trouble)
        return Listing(tuple(items.values()), tuple(quarantined.items()), tuple(problems), OPERATION, evidence)

    return workspace.reading.once("billable users", read_it).get(keep)


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each user that Slack weighs for billing."""
    record_all(c, billable_users(workspace, c.keep))


def _check_new(listed: Mapping[str, Any], items: Mapping[str, Item]) -> None:
    again = items.keys() & listed.keys()
    if again:
        raise Unread(Reason.INCOMPLETE, OPERATION, f"{min(again)} was listed twice: a page came again")


def _take(answer: Answer, call: Call) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The entries by user, one that is poisonous as Bad, and what stands beside them."""
    try:
        document = object_of(answer, call, SLACK)
    except Unread as trouble:
        if trouble.reason is not Reason.QUARANTINED:
            raise
        rest, listed = _salvaged(answer)
        if listed is None:
            raise
        return rest, listed
    listed = document.pop("billable_info", None)
    if not isinstance(listed, dict):
        raise Unread(Reason.INCOMPLETE, OPERATION, "the answer has no object billable_info")
    return document, listed


def _salvaged(answer: Answer) -> tuple[Mapping[str, Any], dict[str, Any] | None]:
    whole = members(answer.body) or {}
    entries = members(whole.get("billable_info", b""))
    if entries is None:
        return {}, None
    rest = {name: _decoded(value) for name, value in whole.items() if name != "billable_info"}
    return rest, {name: _decoded(value) for name, value in entries.items()}


def _decoded(value: bytes) -> Any:
    try:
        return decode(value)
    except BadJson as error:
        return Bad(None, str(error))
