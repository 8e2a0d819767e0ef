"""JSON bodies with the keys that Slack's have."""

from typing import Any

from kushim_pipeline.sandbox.slack.model import (
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

ICONS = "https://a.slack-edge.com/80588/img/services"


def error(code: str, **more: Any) -> dict[str, Any]:
    """What Slack answers with status 200 when it does not do what was asked."""
    return {"ok": False, "error": code, **more}


def auth(workspace: Workspace, token: Token) -> dict[str, Any]:
    """auth.test."""
    body: dict[str, Any] = {
        "ok": True,
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": next((each.name for each in workspace.members if each.id == token.user), "kushim"),
        "team_id": workspace.id,
        "user_id": token.user,
        "is_enterprise_install": token.org,
    }
    if token.kind == "bot":
        body["bot_id"] = f"B{token.user[1:]}"
    if workspace.enterprise:
        body["enterprise_id"] = workspace.enterprise
    return body


def team(workspace: Workspace) -> dict[str, Any]:
    """The team of team.info."""
    body: dict[str, Any] = {
        "id": workspace.id,
        "name": workspace.name,
        "url": f"https://{workspace.domain}.slack.com/",
        "domain": workspace.domain,
        "email_domain": f"{workspace.domain}.test",
        "icon": {"image_34": f"{ICONS}/team_34.png", "image_default": True},
        "avatar_base_url": "https://ca.slack-edge.com/",
        "is_verified": False,
    }
    if workspace.enterprise:
        body |= {"enterprise_id": workspace.enterprise, "enterprise_name": workspace.name}
    return body


def member(workspace: Workspace, person: Member, *, admin: bool, email: bool) -> dict[str, Any]:
    """A member of users.list. `admin`: the token may see who has a second factor; `email`: it may see addresses. Those
    fields are missing otherwise, and a deactivated member lacks what only active ones have."""
    profile: dict[str, Any] = {
        "title": "",
        "phone": "",
        "skype": "",
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "fields": None,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": f"g{person.id[-6:].lower()}",
        "image_24": "https://secure.gravatar.com/avatar/0.jpg?s=24",
        "image_72": "https://secure.gravatar.com/avatar/0.jpg?s=72",
        "status_text_canonical": "",
        "team": workspace.id,
    }
    if email and person.email and not person.bot:
        profile["email"] = person.email
    if person.bot:
        profile |= {"bot_id": f"B{person.id[1:]}", "api_app_id": f"A{person.id[1:]}", "always_active": False}
    if person.restricted:
        profile |= {"guest_invited_by": "", "guest_expiration_ts": person.guest_until}
    body: dict[str, Any] = {
        "id": person.id,
        "team_id": workspace.id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.bot,
        "is_app_user": False,
        "updated": person.updated,
    }
    if person.deleted:
        return body
    body |= {
        "color": "9f69e7",
        "real_name": person.name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "is_admin": person.admin or person.owner or person.primary_owner,
        "is_owner": person.owner or person.primary_owner,
        "is_primary_owner": person.primary_owner,
        "is_restricted": person.restricted or person.ultra_restricted,
        "is_ultra_restricted": person.ultra_restricted,
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }
    if person.invited:
        body["is_invited_user"] = True
    if admin and not person.bot:
        body["has_2fa"] = person.two_factor
    return body


def channel(workspace: Workspace, found: Channel, token: Token, *, counted: bool = True) -> dict[str, Any]:
    """A channel of conversations.list, or of conversations.info."""
    note = {"value": "", "creator": "", "last_set": 0}
    body: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "is_channel": not found.private,
        "is_group": found.private,
        "is_im": False,
        "is_mpim": False,
        "is_private": found.private,
        "created": found.created,
        "is_archived": found.archived,
        "is_general": found.general,
        "unlinked": 0,
        "name_normalized": found.name,
        "is_shared": found.ext_shared or found.org_shared,
        "is_org_shared": found.org_shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "context_team_id": workspace.id,
        "updated": found.created * 1000,
        "parent_conversation": None,
        "creator": found.members[0] if found.members else "",
        "is_ext_shared": found.ext_shared,
        "shared_team_ids": [workspace.id, *found.connected],
        "pending_connected_team_ids": [],
        "is_member": token.user in found.members,
        "topic": note,
        "purpose": note,
        "previous_names": [],
    }
    if found.ext_shared:
        body |= {"connected_team_ids": list(found.connected), "conversation_host_id": workspace.id}
    return body | ({"num_members": len(found.members)} if counted else {})


def message(workspace: Workspace, found: Message) -> dict[str, Any]:
    """A message of conversations.history."""
    body = {"type": "message", "user": found.user, "text": found.text, "ts": found.ts, "team": workspace.id}
    return body | ({"subtype": found.subtype} if found.subtype else {})


def external_team(workspace: Workspace, found: ExternalTeam) -> dict[str, Any]:
    """An organisation of team.externalTeams.list."""
    shared = [each for each in workspace.channels if found.id in each.connected]
    return {
        "team_id": found.id,
        "team_name": found.name,
        "team_domain": found.domain,
        "public_channel_count": sum(not each.private for each in shared),
        "private_channel_count": sum(each.private for each in shared),
        "im_channel_count": 0,
        "mpim_channel_count": 0,
        "connected_workspaces": [{"workspace_id": workspace.id, "workspace_name": workspace.name}],
        "slack_connect_prefs": {},
        "connection_status": found.status,
        "last_active_timestamp": found.last_active,
        "is_sponsored": False,
        "canvas": {"total_count": 0, "ownership_details": []},
        "lists": {"total_count": 0, "ownership_details": []},
    }


def app(found: App) -> dict[str, Any]:
    """An app of admin.apps.approved.list and of admin.apps.restricted.list."""
    return {
        "app": {
            "id": found.id,
            "name": found.name,
            "description": "",
            "help_url": "",
            "privacy_policy_url": "",
            "app_homepage_url": "",
            "app_directory_url": f"https://slack.com/apps/{found.id}",
            "is_app_directory_approved": found.directory_approved,
            "is_internal": not found.directory_approved,
            "developer_type": "third_party" if found.directory_approved else "internal",
            "icons": {"image_32": f"{ICONS}/default.png"},
            "additional_info": "",
        },
        "scopes": [
            {"name": name, "description": "", "is_sensitive": name.startswith("admin"), "token_type": "user"}
            for name in found.scopes
        ],
        "date_updated": found.updated,
        "last_resolved_by": {"actor_id": "W00000001", "actor_type": "user"},
    }


def integration_log(found: IntegrationLog) -> dict[str, Any]:
    """An entry of team.integrationLogs. It has no id of its own, and its date is a text."""
    kind = "service" if found.service else "app"
    body: dict[str, Any] = {
        f"{kind}_id": found.app_id,
        f"{kind}_type": found.app_name,
        "user_id": found.user,
        "user_name": found.user_name,
        "date": str(found.date),
        "change_type": found.change_type,
        "scope": found.scope,
    }
    if found.channel:
        body["channel"] = found.channel
    return body | ({"reason": found.reason} if found.reason else {})


def access_log(found: AccessLog) -> dict[str, Any]:
    """An entry of team.accessLogs."""
    return {
        "user_id": found.user,
        "username": found.user_name,
        "date_first": found.first,
        "date_last": found.last,
        "count": found.count,
        "ip": found.ip,
        "user_agent": found.user_agent,
        "isp": "Example ISP",
        "country": found.country,
        "region": found.region,
    }


def audit_event(workspace: Workspace, found: AuditEvent) -> dict[str, Any]:
    """An entry of the audit log."""

    def user(name: str) -> dict[str, Any]:
        return {"id": name, "name": name.lower(), "email": f"{name.lower()}@acme.test", "team": workspace.id}

    entity = user(found.entity) if found.entity_type == "user" else {"id": found.entity, "name": found.entity}
    return {
        "id": found.id,
        "date_create": found.date,
        "action": found.action,
        "actor": {"type": "user", "user": user(found.actor)},
        "entity": {"type": found.entity_type, found.entity_type: entity},
        "context": {
            "location": {
                "type": "workspace",
                "id": workspace.id,
                "name": workspace.name,
                "domain": workspace.domain,
            },
            "ua": "Mozilla/5.0",
            "session_id": 847288190092,
            "ip_address": found.ip,
        },
        "details": {},
    }
