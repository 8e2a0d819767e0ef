"""The tenants' Slack workspaces as the stand-in takes them, and a name for everything in them that is judged."""

from collections.abc import Mapping

from kushim_pipeline.sandbox.okta_world import email
from kushim_pipeline.sandbox.people import People, days_ago, number
from kushim_pipeline.sandbox.slack.model import (
    ALL_SCOPES,
    AccessLog,
    App,
    AuditEvent,
    Channel,
    ExternalTeam,
    IntegrationLog,
    Member,
    Message,
    Token,
    Workspace,
)
from kushim_pipeline.sandbox.slack_plan import SlackWorkspace

TIERS = (100, 200, 500, 1000)
"""Calls a minute: two runs within a minute must not wait for each other."""


def describe(tenant_id: str, name: str, people: People, plan: SlackWorkspace) -> Workspace:
    """A workspace."""
    members = _members(tenant_id, people, plan)
    inside = tuple(member.id for member in members if not member.deleted)
    return Workspace(
        id=team_id(tenant_id),
        name=name,
        domain=tenant_id,
        plan=plan.plan,
        enterprise=f"E{number(tenant_id, 'enterprise')}" if plan.plan == "enterprise" else "",
        members=members,
        channels=tuple(
            Channel(
                id=_channel_id(tenant_id, called),
                name=called,
                members=tuple(m for m in inside if m not in {member_id(tenant_id, login) for login in each.without}),
                general=called == "general",
                ext_shared=bool(each.connected),
                connected=each.connected,
                messages=(Message(f"{_seconds(each.posted)}.000100", inside[0], "Please read"),)
                if each.posted is not None
                else (),
            )
            for called, each in plan.channels.items()
        ),
        external_teams=tuple(
            ExternalTeam(own, called, called.lower().replace(" ", "-")) for own, called in plan.organisations.items()
        ),
        apps=tuple(App(own, called) for own, called in plan.apps.items() if own in plan.approved_apps),
        integration_logs=tuple(
            IntegrationLog(_seconds(40), own, called, inside[0]) for own, called in plan.apps.items()
        ),
        access_logs=tuple(AccessLog(one, "203.0.113.9", "Slack/4", _seconds(9), _seconds(1), 9) for one in inside),
        audit_events=(AuditEvent(f"audit-{tenant_id}", _seconds(2), "user_login", inside[0], entity=inside[0]),),
    )


def tokens(tenant_id: str, plan: SlackWorkspace, value: str, audit_value: str) -> tuple[Token, ...]:
    """The tokens that Kushim has for a workspace: of an administrator, unless the plan says of whom else, and, where
    there is an organisation, one for its audit log."""
    who = plan.seen_as or plan.admins[0]
    scopes = tuple(scope for scope in ALL_SCOPES if scope not in plan.missing_scopes)
    found = [Token(value, team_id(tenant_id), member_id(tenant_id, who), scopes, admin=not plan.seen_as)]
    if plan.plan == "enterprise":
        found.append(Token(audit_value, team_id(tenant_id), member_id(tenant_id, plan.admins[0]), org=True))
    return tuple(found)


def names(tenant_id: str, people: People, plan: SlackWorkspace) -> Mapping[str, str]:
    """What the manifest calls things of the workspace -> Slack's ids. Who is judged for several reasons has a name for
    each."""
    found = {"slack/workspace": tenant_id}
    for member in _members(tenant_id, people, plan):
        found[f"slack/listed/{member.name}"] = member.id
        if member.deleted or member.bot:
            continue
        found[f"slack/secured/{member.name}"] = member.id
        if member.restricted:
            found[f"slack/visitor/{member.name}"] = member.id
            continue
        found[f"slack/employee/{member.name}"] = member.id
        if member.admin:
            found[f"slack/chief/{member.name}"] = member.id
    found |= {f"slack/visitor/{called}": own for own, called in plan.organisations.items()}
    found |= {f"slack/installed/{called}": own for own, called in plan.apps.items()}
    found |= {
        f"slack/announcements/{called}": _channel_id(tenant_id, called)
        for called in plan.channels
        if called == plan.announcements
    }
    return found


def team_id(tenant_id: str) -> str:
    """Slack's id of a tenant's workspace."""
    return f"T{number(tenant_id, 'team')}"


def member_id(tenant_id: str, login: str) -> str:
    """Slack's id of a member."""
    return f"U{number(tenant_id, login)}"


def _channel_id(tenant_id: str, name: str) -> str:
    return f"C{number(tenant_id, name)}"


def _seconds(days: int) -> int:
    return int(days_ago(days).timestamp())


def _members(tenant_id: str, people: People, plan: SlackWorkspace) -> tuple[Member, ...]:
    return (
        *(
            Member(
                id=member_id(tenant_id, login),
                name=login,
                email=email(tenant_id, login, person),
                deleted=person.has_left and login not in plan.still_active,
                primary_owner=login == plan.admins[0],
                owner=login == plan.admins[0],
                admin=login in plan.admins,
                two_factor=login not in plan.without_2fa,
            )
            for login, person in people.items()
            if login not in plan.strangers
        ),
        *(
            Member(member_id(tenant_id, name), name, address, restricted=True, two_factor=name not in plan.without_2fa)
            for name, address in plan.guests.items()
        ),
        Member(member_id(tenant_id, "kushim"), "kushim", bot=True),
    )
