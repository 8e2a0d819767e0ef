"""Who and what may come into an organisation, and what was done in it: teams, apps, tokens, the audit log."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from kushim_pipeline.sandbox.github.asking import LACKING, NOT_FOUND, Asking, for_owners, role
from kushim_pipeline.sandbox.github.model import BORN, AuditEvent, Installation, Organization, Team, TokenGrant
from kushim_pipeline.sandbox.github.paging import cursored, numbered
from kushim_pipeline.sandbox.github.shapes import API, WEB, number, user
from kushim_pipeline.sandbox.standin.paging import Shown, each
from kushim_pipeline.sandbox.standin.vendor import Reply

_CREATED = re.compile(r"created:(>=|<=|>|<)?([^\s.]+(?:\.\d+\S*)?)(?:\.\.(\S+))?")
_GIT = "git."


def list_teams(asking: Asking) -> Reply:
    """GET /orgs/{org}/teams"""
    org = asking.org
    if org is None or role(asking.token, org) == "outsider":
        return NOT_FOUND
    if "members" in asking.token.lacks:
        return LACKING
    items = each(_teams(asking, org), lambda team: _team(org, team))
    return Reply(page=numbered(asking.request, items, f"/organizations/{number(org.login)}/teams"))


def list_team_members(asking: Asking) -> Reply:
    """GET /orgs/{org}/teams/{team_slug}/members: those of its child teams are its members too"""
    org = asking.org
    if org is None or role(asking.token, org) == "outsider":
        return NOT_FOUND
    if "members" in asking.token.lacks:
        return LACKING
    team = next((team for team in _teams(asking, org) if team.slug == asking.names[1]), None)
    if team is None:
        return NOT_FOUND
    wanted = asking.query.get("role", "all")
    people = [
        login
        for login in dict.fromkeys(_people(org, team))
        if wanted == "all" or (wanted == "maintainer") == (login in team.maintainers)
    ]
    by_id = f"/organizations/{number(org.login)}/team/{_number(org, team)}/members"
    return Reply(page=numbered(asking.request, each(people, user), by_id))


def _teams(asking: Asking, org: Organization) -> list[Team]:
    """The teams that the token may see: secret ones are shown to owners and to their members."""
    owner = role(asking.token, org) == "owner"
    return [team for team in org.teams if owner or not team.secret or asking.token.owner in _people(org, team)]


def _people(org: Organization, team: Team) -> list[str]:
    below = [login for child in org.teams if child.parent == team.slug for login in _people(org, child)]
    return [*team.maintainers, *team.members, *below]


def _number(org: Organization, team: Team) -> int:
    return number(f"{org.login}/team/{team.slug}")


def _team(org: Organization, team: Team) -> dict[str, Any]:
    """A "team"."""
    where = f"{API}/organizations/{number(org.login)}/team/{_number(org, team)}"
    parent = next((above for above in org.teams if above.slug == team.parent), None)
    return {
        "id": _number(org, team),
        "node_id": f"T_{_number(org, team):x}",
        "url": where,
        "html_url": f"{WEB}/orgs/{org.login}/teams/{team.slug}",
        "name": team.slug,
        "slug": team.slug,
        "description": "",
        "privacy": "secret" if team.secret else "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "members_url": f"{where}/members{{/member}}",
        "repositories_url": f"{where}/repos",
        "type": "organization",
        "organization_id": number(org.login),
        "parent": {key: value for key, value in _team(org, parent).items() if key != "parent"} if parent else None,
    }


def _list_installations(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/installations"""

    def body(shown: Shown) -> dict[str, Any]:
        return {"total_count": shown.total, "installations": list(shown)}

    items = each(org.installations, lambda found: _installation(org, found))
    return Reply(page=numbered(asking.request, items, f"/organizations/{number(org.login)}/installations", body))


def _installation(org: Organization, found: Installation) -> dict[str, Any]:
    """An "installation"."""
    return {
        "id": found.id,
        "account": user(org.login, "Organization"),
        "repository_selection": found.selection,
        "access_tokens_url": f"{API}/app/installations/{found.id}/access_tokens",
        "repositories_url": f"{API}/installation/repositories",
        "html_url": f"{WEB}/organizations/{org.login}/settings/installations/{found.id}",
        "app_id": number(found.app),
        "client_id": f"Iv1.{number(found.app):016x}",
        "app_slug": found.app,
        "target_id": number(org.login),
        "target_type": "Organization",
        "permissions": dict(found.permissions),
        "events": list(found.events),
        "created_at": BORN,
        "updated_at": found.updated_at,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user("suspender") if found.suspended_at else None,
        "suspended_at": found.suspended_at,
    }


def _list_token_grants(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/personal-access-tokens: for GitHub Apps alone"""
    if not asking.token.app:
        return LACKING
    items = each(org.token_grants, lambda found: _grant(org, found))
    by_id = f"/organizations/{number(org.login)}/personal-access-tokens"
    return Reply(page=numbered(asking.request, items, by_id))


def _grant(org: Organization, found: TokenGrant) -> dict[str, Any]:
    """An "organization programmatic access grant"."""
    return {
        "id": found.id,
        "owner": user(found.login),
        "repository_selection": found.selection,
        "repositories_url": f"{API}/organizations/{number(org.login)}/personal-access-tokens/{found.id}/repositories",
        "permissions": {"organization": {}, "repository": dict(found.permissions), "other": {}},
        "access_granted_at": found.granted_at,
        "token_id": found.id + 1_000_000,
        "token_name": found.name,
        "token_expired": False,
        "token_expires_at": found.expires_at,
        "token_last_used_at": found.last_used_at,
    }


def _list_audit_log(asking: Asking, org: Organization) -> Reply:
    """GET /orgs/{org}/audit-log: of organisations on Enterprise Cloud, newest first unless `order` says otherwise"""
    if org.plan != "enterprise":
        return NOT_FOUND
    query = asking.query
    include = query.get("include", "web")
    wanted = [_in_time(query.get("phrase", ""))]
    if include != "all":
        wanted.append(lambda event: event.action.startswith(_GIT) == (include == "git"))
    if action := re.search(r"action:(\S+)", query.get("phrase", "")):
        wanted.append(lambda event: event.action == action[1] or event.action.startswith(f"{action[1]}."))
    found: Sequence[AuditEvent] = [event for event in org.audit_log if all(test(event) for test in wanted)]
    found = sorted(found, key=lambda event: event.at, reverse=query.get("order", "desc") == "desc")
    items = each(found, lambda event: _event(org, event))
    return Reply(page=cursored(asking.request, items, f"/organizations/{number(org.login)}/audit-log"))


def _event(org: Organization, found: AuditEvent) -> dict[str, Any]:
    """An "audit log event"."""
    return {
        "@timestamp": found.at,
        "_document_id": found.id,
        "action": found.action,
        "actor": found.actor,
        "actor_id": number(found.actor),
        "created_at": found.at,
        "org": org.login,
        "org_id": number(org.login),
        **found.more,
    }


def _in_time(phrase: str) -> Callable[[AuditEvent], bool]:
    """What the words `created:` of a search phrase let through. A day without a time is the whole day."""
    found = _CREATED.search(phrase)
    if found is None:
        return lambda event: True
    sign, first, last = found.groups()
    low, high = _span(first)
    if last:
        high = _span(last)[1]
    tests: dict[str | None, Callable[[AuditEvent], bool]] = {
        ">=": lambda event: event.at >= low,
        ">": lambda event: event.at > high,
        "<=": lambda event: event.at <= high,
        "<": lambda event: event.at < low,
    }
    return tests.get(sign, lambda event: low <= event.at <= high)


def _span(text: str) -> tuple[float, float]:
    """The first and the last millisecond that a date or a time names."""
    at = datetime.fromisoformat(text)
    begin = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000
    return begin, begin + (24 * 3600 * 1000 - 1 if len(text) == 10 else 999)


list_installations = for_owners("administration", _list_installations)
list_token_grants = for_owners("administration", _list_token_grants)
list_audit_log = for_owners("administration", _list_audit_log)
