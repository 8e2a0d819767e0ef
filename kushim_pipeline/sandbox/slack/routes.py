"""What the stand-in answers to a method, for a token that may call it: pure, without HTTP."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.sandbox.slack import shapes
from kushim_pipeline.sandbox.slack.model import Channel, Token, Workspace
from kushim_pipeline.sandbox.standin.paging import Page, Shown, each
from kushim_pipeline.sandbox.standin.vendor import Reply


@dataclass(frozen=True)
class Asking:
    """Who asks what: the workspace and token, and the arguments, wherever in the request they stood."""

    workspace: Workspace
    token: Token
    arguments: Mapping[str, str]

    def number(self, name: str, otherwise: int) -> int:
        """An argument that is a whole number."""
        text = self.arguments.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else otherwise

    def is_on(self, name: str) -> bool:
        """An argument that is true or false."""
        return self.arguments.get(name, "").casefold() in ("true", "1")


def _cursor(start: int | None) -> str:
    return b64encode(f"start:{start}".encode()).decode() if start is not None else ""


def _start(cursor: str) -> int | None:
    """Where a cursor points; None for a cursor that Slack did not give."""
    if not cursor:
        return 0
    try:
        return int(b64decode(cursor, validate=True).decode().removeprefix("start:"))
    except ValueError:
        return None


def _by_cursor(
    asking: Asking, key: str, items: Sequence[Any], most: int, size: int, more: Callable[[Shown], Mapping[str, Any]]
) -> Reply:
    """A list read with `cursor` and `limit`. `size`: a page without a limit; `more`: what stands beside the list."""
    start = _start(asking.arguments.get("cursor", ""))
    limit = asking.number("limit", size)
    if start is None:
        return Reply(body=shapes.error("invalid_cursor"))
    if not 0 <= limit <= most:
        return Reply(body=shapes.error("invalid_limit"))

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        body = {"ok": True, key: list(shown), **more(shown)}
        return body | {"response_metadata": {"next_cursor": _cursor(following)}}, {}

    return Reply(page=Page(items, start, limit or size, show))


def _by_page(asking: Asking, key: str, items: Sequence[Any]) -> Reply:
    """A list read with `page` and `count`, as in the days before cursors."""
    count, page = asking.number("count", 100), asking.number("page", 1)
    if not 0 < count <= 1000 or not 0 < page <= 100:
        return Reply(body=shapes.error("over_pagination_limit"))

    def show(shown: Shown, _: int | None) -> tuple[Any, Mapping[str, str]]:
        pages = max(1, -(-shown.total // count))
        paging = {"count": count, "total": shown.total, "page": page, "pages": pages}
        return {"ok": True, key: list(shown), "paging": paging}, {}

    return Reply(page=Page(items, (page - 1) * count, count, show))


def _nothing(_: Shown) -> Mapping[str, Any]:
    return {}


def _auth(asking: Asking) -> Reply:
    return Reply(body=shapes.auth(asking.workspace, asking.token))


def _team(asking: Asking) -> Reply:
    return Reply(body={"ok": True, "team": shapes.team(asking.workspace)})


def _users(asking: Asking) -> Reply:
    email = "users:read.email" in asking.token.scopes
    admin = asking.token.admin and asking.token.kind == "user"
    people = each(asking.workspace.members, lambda person: _person(asking, person, admin=admin, email=email))
    # Without a limit Slack tries to give everybody at once.
    return _by_cursor(asking, "members", people, 1000, 1000, lambda _: {"cache_ts": 1_767_600_000})


def _person(asking: Asking, person: Any, *, admin: bool, email: bool) -> dict[str, Any]:
    return shapes.member(asking.workspace, person, admin=admin, email=email)


def _billable(asking: Asking) -> Reply:
    """Members, guests and deactivated ones, no bots; an object by user id, cut into pages."""
    people = [person for person in asking.workspace.members if not person.bot]
    start = _start(asking.arguments.get("cursor", ""))
    size = asking.number("limit", 0) or len(people) or 1
    if start is None:
        return Reply(body=shapes.error("invalid_cursor"))

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        info = {
            person.id: {"billing_active": not (person.deleted or person.ultra_restricted or person.invited)}
            for person in shown
        }
        return {"ok": True, "billable_info": info, "response_metadata": {"next_cursor": _cursor(following)}}, {}

    return Reply(page=Page(people, start, size, show))


def _visible(asking: Asking) -> list[Channel]:
    """Public channels, and the private ones that the token's user is in."""
    return [
        channel for channel in asking.workspace.channels if not channel.private or asking.token.user in channel.members
    ]


def _channels(asking: Asking) -> Reply:
    types = {text.strip() for text in asking.arguments.get("types", "public_channel").split(",")}
    if not types <= {"public_channel", "private_channel", "mpim", "im"}:
        return Reply(body=shapes.error("invalid_types"))
    if "private_channel" in types and "groups:read" not in asking.token.scopes:
        provided = ",".join(asking.token.scopes)
        return Reply(body=shapes.error("missing_scope", needed="groups:read", provided=provided))
    found = [
        channel
        for channel in _visible(asking)
        if ("private_channel" if channel.private else "public_channel") in types
        and not (channel.archived and asking.is_on("exclude_archived"))
    ]
    items = each(found, lambda channel: shapes.channel(asking.workspace, channel, asking.token))
    return _by_cursor(asking, "channels", items, 1000, 100, _nothing)


def _own_channels(asking: Asking) -> Reply:
    found = [channel for channel in _visible(asking) if asking.token.user in channel.members]
    items = each(found, lambda channel: shapes.channel(asking.workspace, channel, asking.token, counted=False))
    return _by_cursor(asking, "channels", items, 1000, 100, _nothing)


def _of_channel(answer: Callable[[Asking, Channel], Reply]) -> Callable[[Asking], Reply]:
    """The answer for the channel that the arguments name; a channel that may not be seen is not found."""

    def found(asking: Asking) -> Reply:
        for channel in _visible(asking):
            if channel.id == asking.arguments.get("channel"):
                return answer(asking, channel)
        return Reply(body=shapes.error("channel_not_found"))

    return found


def _channel(asking: Asking, channel: Channel) -> Reply:
    counted = asking.is_on("include_num_members")
    return Reply(body={"ok": True, "channel": shapes.channel(asking.workspace, channel, asking.token, counted=counted)})


def _members_of(asking: Asking, channel: Channel) -> Reply:
    return _by_cursor(asking, "members", channel.members, 1000, 100, _nothing)


def _history(asking: Asking, channel: Channel) -> Reply:
    if asking.token.kind == "bot" and asking.token.user not in channel.members:
        return Reply(body=shapes.error("not_in_channel"))
    items = each(channel.messages, lambda message: shapes.message(asking.workspace, message))
    limit = asking.number("limit", 100)
    start = _start(asking.arguments.get("cursor", "")) or 0
    more = start + limit < len(items)
    return _by_cursor(asking, "messages", items, 999, 100, lambda _: {"has_more": more, "pin_count": 0})


def _external_teams(asking: Asking) -> Reply:
    teams = asking.workspace.external_teams
    items = each(teams, lambda team: shapes.external_team(asking.workspace, team))
    return _by_cursor(asking, "organizations", items, 1000, 20, lambda shown: {"total_count": len(teams)})


def _apps(key: str, *, restricted: bool) -> Callable[[Asking], Reply]:
    def answer(asking: Asking) -> Reply:
        if "team_id" in asking.arguments and "enterprise_id" in asking.arguments:
            return Reply(body=shapes.error("too_many_teams_provided"))
        found = [shapes.app(app) for app in asking.workspace.apps if app.restricted == restricted]
        return _by_cursor(asking, key, found, 1000, 100, _nothing)

    return answer


def _integration_logs(asking: Asking) -> Reply:
    return _by_page(asking, "logs", each(asking.workspace.integration_logs, shapes.integration_log))


def _access_logs(asking: Asking) -> Reply:
    """With `limit` by cursors, else by pages. `before`: the latest date that is asked for, included."""
    until = asking.number("before", 2**53)
    logs: Sequence[Any] = asking.workspace.access_logs
    if "before" in asking.arguments:
        logs = [log for log in logs if log.last <= until]
    items = each(logs, shapes.access_log)
    if asking.number("limit", 0) or "cursor" in asking.arguments:
        return _by_cursor(asking, "logins", items, 1000, 100, _nothing)
    return _by_page(asking, "logins", items)


def _audit_logs(asking: Asking) -> Reply:
    """The newest first; `oldest` and `latest` are included. There is no `ok` in it."""
    oldest, latest = asking.number("oldest", 0), asking.number("latest", 2**53)
    actions = {text for text in asking.arguments.get("action", "").split(",") if text}
    found = [
        event
        for event in asking.workspace.audit_events
        if oldest <= event.date <= latest and (not actions or event.action in actions)
    ]
    start, limit = _start(asking.arguments.get("cursor", "")), asking.number("limit", 100)
    if start is None or not 0 < limit <= 9999:
        return Reply(400, shapes.error("invalid_cursor" if start is None else "invalid_limit"))

    def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
        return {"entries": list(shown), "response_metadata": {"next_cursor": _cursor(following)}}, {}

    items = each(found, lambda event: shapes.audit_event(asking.workspace, event))
    return Reply(page=Page(items, start, limit, show))


ANSWERS: dict[str, Callable[[Asking], Reply]] = {
    "auth.test": _auth,
    "team.info": _team,
    "users.list": _users,
    "users.conversations": _own_channels,
    "conversations.list": _channels,
    "conversations.info": _of_channel(_channel),
    "conversations.members": _of_channel(_members_of),
    "conversations.history": _of_channel(_history),
    "team.billableInfo": _billable,
    "team.integrationLogs": _integration_logs,
    "team.accessLogs": _access_logs,
    "team.externalTeams.list": _external_teams,
    "admin.apps.approved.list": _apps("approved_apps", restricted=False),
    "admin.apps.restricted.list": _apps("restricted_apps", restricted=True),
    "audit.logs": _audit_logs,
}
