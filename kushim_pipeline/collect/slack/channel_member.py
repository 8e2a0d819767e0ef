"""`slack.channel_member`: who is in an announcement channel, and what was posted there last.

Only the channels that the connection names in `announcement_channels` are looked into. Id: the channel's; body:
{"members": [user ids], "latest": the newest message that somebody posted, or null}. Sources: Slack,
"conversations.members", "conversations.info" (num_members) and "conversations.history" (newest first; joining and
leaving are messages, too).
"""

import re
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import envelope_of, object_of
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.reading import noted, report
from kushim_pipeline.collect.http.recording import report_faults
from kushim_pipeline.collect.slack.channel import channels
from kushim_pipeline.collect.slack.dialect import SLACK
from kushim_pipeline.collect.slack.listing import after, parts
from kushim_pipeline.collect.slack.workspace import Workspace
from kushim_pipeline.evidence.receipt import Reason

MEMBERS, INFO, HISTORY = "conversations.members", "conversations.info", "conversations.history"
NEEDS = "the scope channels:read (of a private channel: groups:read)"
NEEDS_HISTORY = "the scope channels:history (of a private channel: groups:history), and membership of a bot"
SIZE = 1000
FEW = 15  # messages a page: no more than are needed, and the most that Slack gives to apps of its marketplace's rules
LONGEST = 20  # pages of nothing but joining and leaving

_ID = re.compile(r"[CG][A-Z0-9]{7,20}")
# What Slack itself writes into a channel; a message of a person, a bot or a workflow is a post.
_NO_POST = frozenset(
    f"{kind}_{event}"
    for kind in ("channel", "group")
    for event in ("join", "leave", "topic", "purpose", "name", "archive", "unarchive", "convert_to_private")
)


def read(c: Collection, workspace: Workspace) -> None:
    """A record for each announcement channel."""
    wanted = workspace.announcement_channels
    if not wanted:
        c.problem(
            Reason.INCOMPLETE, MEMBERS, "the connection names no announcement_channels; name them in the tenant file"
        )
    for name in wanted[:1] if workspace.reading.sample else wanted:
        with noted(c, MEMBERS, name):
            _one(c, workspace, name)


def _one(c: Collection, workspace: Workspace, name: str) -> None:
    channel = name if _ID.fullmatch(name) else _named(c, workspace, name)
    if channel is None:
        return
    try:
        members, evidence = _members(c, workspace, channel)
        latest = _latest(c, workspace, channel)
    except Unread as trouble:
        report(c, trouble, channel)
    else:
        c.record(channel, {"members": members, "latest": latest}, evidence=evidence)


def _named(c: Collection, workspace: Workspace, name: str) -> str | None:
    """The id of the channel of this name; None, and a word in the receipt, where the token sees none."""
    listing = channels(workspace, c.keep)
    wanted = name.removeprefix("#")
    for item in listing.items:
        if item.body.get("name") == wanted:
            return item.id
    report_faults(c, listing)
    message = f"no channel #{wanted} is listed: there is none, or it is private and the token's user is not in it"
    c.unreadable(name, Reason.DENIED, "conversations.list", message)
    return None


def _members(c: Collection, workspace: Workspace, channel: str) -> tuple[list[str], str]:
    """The ids of a channel's members, and the digest of the last page. Raises Unread."""
    # Counted first, so that who joins meanwhile is no loss.
    info = Call(INFO, f"/{INFO}", {"channel": channel, "include_num_members": "true"}, NEEDS)
    shown = object_of(workspace.client.ask(info, c.keep), info, SLACK).get("channel")
    declared = shown.get("num_members") if isinstance(shown, dict) else None
    call = Call(MEMBERS, f"/{MEMBERS}", {"channel": channel, "limit": str(SIZE)}, NEEDS)
    found: dict[str, None] = {}
    evidence = ""
    for part in parts(workspace.client, c.keep, call, lambda a, asked: envelope_of(a, asked, SLACK, "members")):
        evidence = part.answer.evidence
        for member in part.listed:
            if not isinstance(member, str) or not member:
                raise Unread(Reason.QUARANTINED, MEMBERS, "an element of the list is not a user's id")
            if member in found:
                raise Unread(Reason.INCOMPLETE, MEMBERS, f"{member} was listed twice: a page came again")
            found[member] = None
    # Fewer than were counted is a loss; more are deactivated members, whom the count may leave out.
    if isinstance(declared, int) and len(found) < declared and not workspace.reading.sample:
        raise Unread(Reason.INCOMPLETE, MEMBERS, f"{INFO} counts {declared} members, {len(found)} were read")
    if not found:
        raise Unread(Reason.INCOMPLETE, MEMBERS, "the list is empty and nothing proves that it should be")
    return list(found), evidence


def _latest(c: Collection, workspace: Workspace, channel: str) -> dict[str, Any] | None:
    """The newest post, None where there never was one. Raises Unread, also where none is found among the newest."""
    call = Call(HISTORY, f"/{HISTORY}", {"channel": channel, "limit": str(FEW)}, NEEDS_HISTORY)
    read = 0
    for part in parts(workspace.client, c.keep, call, lambda a, asked: envelope_of(a, asked, SLACK, "messages")):
        for message in part.listed:
            if not isinstance(message, dict):
                raise Unread(Reason.QUARANTINED, HISTORY, "an element of the list is not a message")
            if message.get("subtype") not in _NO_POST:
                return message
        read += 1
        is_cut = part.rest.get("has_more") is True and after(call, part.rest) is None
        if read >= LONGEST or is_cut:
            raise Unread(Reason.INCOMPLETE, HISTORY, "no post is among the newest messages, and there are older ones")
    return None
