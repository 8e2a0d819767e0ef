"""JSON bodies with the keys that Jira Cloud's have. Their addresses name the site, as the real ones do."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_DNS, uuid5
from zlib import crc32

from kushim_pipeline.sandbox.jira.jql import issue_id
from kushim_pipeline.sandbox.jira.model import AuditRecord, Change, Group, Issue, Person, Project, Site, Workflow

STATUSES = {
    "To Do": ("10000", "new", 2),
    "In Progress": ("3", "indeterminate", 4),
    "In Review": ("10002", "indeterminate", 4),
    "Approved": ("10003", "indeterminate", 4),
    "Done": ("10001", "done", 3),
}
PERMISSIONS = {
    "ADMINISTER": ("0", "Administer Jira", "GLOBAL"),
    "SYSTEM_ADMIN": ("44", "Administer Jira system", "GLOBAL"),
    "USER_PICKER": ("27", "Browse users and groups", "GLOBAL"),
    "BROWSE_PROJECTS": ("10", "Browse Projects", "PROJECT"),
    "ADMINISTER_PROJECTS": ("23", "Administer Projects", "PROJECT"),
}


def url(site: Site, path: str) -> str:
    """An address of the site."""
    return f"https://{site.host}/rest/api/3/{path}"


def moment(when: datetime, zone: tzinfo) -> str:
    """A time as Jira writes it, in the zone of who asks."""
    text = when.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S.%f%z")
    return text[:23] + text[26:]


def error(*messages: str) -> dict[str, Any]:
    """Jira's error body."""
    return {"errorMessages": list(messages), "errors": {}}


def group_id(name: str) -> str:
    """A group's id."""
    return str(uuid5(NAMESPACE_DNS, name))


def role_id(site: Site, project: Project, name: str) -> int:
    """A role's id: shared by the company-managed projects of a site, a team-managed project's own."""
    return 10_000 + crc32(f"{project.key if project.team_managed else ''}/{name}".encode()) % 90_000


def person(site: Site, each: Person) -> dict[str, Any]:
    """A user as lists show one."""
    body: dict[str, Any] = {
        "self": url(site, f"user?accountId={each.account_id}"),
        "accountId": each.account_id,
        "accountType": each.kind,
        "avatarUrls": {f"{n}x{n}": f"https://avatar.example.test/{each.account_id}/{n}" for n in (16, 24, 32, 48)},
        "displayName": each.name,
        "active": each.active,
        "timeZone": site.zone,
        "locale": "en_US",
    }
    return body | {"emailAddress": each.email} if each.shows_email and each.email else body


def myself(site: Site, each: Person) -> dict[str, Any]:
    """The user who asks."""
    return person(site, each) | {
        "groups": {"size": len(each.groups), "items": []},
        "applicationRoles": {"size": 1, "items": []},
        "expand": "groups,applicationRoles",
    }


def server_info(site: Site, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """GET /serverInfo"""
    return {
        "baseUrl": f"https://{site.host}",
        "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud",
        "buildNumber": 100_290,
        "buildDate": "2026-10-01T00:00:00.000+0000",
        "serverTime": moment(now, zone),
        "scmInfo": "f3a7c1",
        "serverTitle": "Jira",
        "defaultLocale": {"locale": "en_US"},
        "serverTimeZone": "Etc/UTC",
    }


def permission(key: str, *, has: bool) -> dict[str, Any]:
    """One entry of GET /mypermissions"""
    number, name, kind = PERMISSIONS[key]
    return {"id": number, "key": key, "name": name, "type": kind, "description": name, "havePermission": has}


def project(site: Site, each: Project, lead: Person | None) -> dict[str, Any]:
    """A project as the search shows one."""
    body = {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "self": url(site, f"project/{each.id}"),
        "id": str(each.id),
        "key": each.key,
        "name": each.name,
        "avatarUrls": {},
        "projectTypeKey": each.kind,
        "simplified": each.team_managed,
        "style": "next-gen" if each.team_managed else "classic",
        "isPrivate": False,
        "properties": {},
    }
    return body | {"lead": person(site, lead)} if lead else body


def status(site: Site, name: str) -> dict[str, Any]:
    """The status of an issue."""
    number, category, colour = STATUSES[name]
    return {
        "self": url(site, f"status/{number}"),
        "description": "",
        "name": name,
        "id": number,
        "statusCategory": {"id": colour, "key": category, "name": category.title()},
    }


def issue(site: Site, owner: Project, each: Issue, people: Mapping[str, Person], zone: tzinfo) -> dict[str, Any]:
    """An issue with all its fields."""
    number = issue_id(owner, each)

    def who(account_id: str) -> dict[str, Any] | None:
        return person(site, people[account_id]) if account_id in people else None

    moves = [change.at for change in each.changes if change.field == "status"]
    fields: dict[str, Any] = {
        "summary": each.summary,
        "issuetype": {"id": str(10_000 + crc32(each.type.encode()) % 100), "name": each.type, "subtask": False},
        "project": {"id": str(owner.id), "key": owner.key, "name": owner.name, "projectTypeKey": owner.kind},
        "status": status(site, each.status),
        "statuscategorychangedate": moment(max([*moves, each.created]), zone),
        "created": moment(each.created, zone),
        "updated": moment(each.updated, zone),
        "resolutiondate": moment(each.resolved, zone) if each.resolved else None,
        "resolution": {"id": "10000", "name": "Done", "description": ""} if each.resolved else None,
        "priority": {"id": "3", "name": "Medium"},
        "labels": list(each.labels),
        "reporter": who(each.reporter),
        "creator": who(each.reporter),
        "assignee": who(each.assignee),
        "issuelinks": [],
        "components": [],
        "fixVersions": [],
        "versions": [],
        "subtasks": [],
        "duedate": None,
        "environment": None,
        "description": _document(each.summary),
        "votes": {"votes": 0, "hasVoted": False},
        "watches": {"watchCount": 1, "isWatching": False},
        "progress": {"progress": 0, "total": 0},
        "workratio": -1,
        "lastViewed": None,
        "comment": {
            "comments": [
                {"id": str(n), "body": _document("Noted."), "created": moment(at, zone), "updated": moment(at, zone)}
                for n, at in enumerate(each.comments, number)
            ],
            "maxResults": len(each.comments),
            "total": len(each.comments),
            "startAt": 0,
        },
        **each.fields,
    }
    if each.level:
        fields["security"] = {"id": str(crc32(each.level.encode()) % 10_000), "name": each.level, "description": ""}
    return {
        "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
        "id": str(number),
        "self": url(site, f"issue/{number}"),
        "key": f"{owner.key}-{each.number}",
        "fields": fields,
    }


def history(site: Site, number: int, n: int, change: Change, author: Person | None, created: Any) -> dict[str, Any]:
    """History `n` of the issue with id `number`. `created`: milliseconds since 1970 in the bulk answer, else a text."""
    field = {"field": change.field, "fieldtype": "jira", "fieldId": change.field}
    values = {"from": change.old[0], "fromString": change.old[1], "to": change.new[0], "toString": change.new[1]}
    return {
        "id": str(number * 100 + n),
        "author": person(site, author) if author else None,
        "created": created,
        "items": [field | values],
    }


def workflow(site: Site, each: Workflow) -> dict[str, Any]:
    """A workflow as GET /workflow/search shows one."""
    names = list(dict.fromkeys(name for _, begins, end in each.transitions for name in (*begins, end)))
    return {
        "id": {"name": each.name, "entityId": group_id(each.name)},
        "description": "",
        "created": "2026-01-05T09:30:00.000+0000",
        "updated": "2026-01-05T09:30:00.000+0000",
        "isDefault": each.name == "jira",
        "transitions": [
            {
                "id": str(n),
                "name": name,
                "description": "",
                "from": [STATUSES[begin][0] for begin in begins],
                "to": STATUSES[end][0],
                "type": "directed" if begins else "global",
                "rules": {"conditionsTree": None, "validators": [], "postFunctions": []},
            }
            for n, (name, begins, end) in enumerate(each.transitions, 11)
        ],
        "statuses": [{"id": STATUSES[name][0], "name": name, "properties": {}} for name in names],
    }


def bulk_workflow(site: Site, each: Workflow) -> dict[str, Any]:
    """A workflow as GET /workflows/search shows one."""
    old = workflow(site, each)
    statuses = [{"statusReference": found["id"], "properties": {}} for found in old["statuses"]]
    return {
        "id": old["id"]["entityId"],
        "name": each.name,
        "description": "",
        "isEditable": True,
        "scope": {"type": "GLOBAL"},
        "statuses": statuses,
        "transitions": [
            {"id": found["id"], "name": found["name"], "type": found["type"].upper(), "toStatusReference": found["to"]}
            for found in old["transitions"]
        ],
        "version": {"id": old["id"]["entityId"], "versionNumber": 1},
    }


def group(each: Group) -> dict[str, Any]:
    """A group."""
    return {"name": each.name, "groupId": group_id(each.name)}


def role(site: Site, owner: Project, name: str, people: Mapping[str, Person]) -> dict[str, Any]:
    """A role of a project, with who is in it."""
    number = role_id(site, owner, name)
    body = {
        "self": url(site, f"project/{owner.id}/role/{number}"),
        "name": name,
        "id": number,
        "description": f"The role {name}",
        "actors": [_actor(n, each, people) for n, each in enumerate(owner.roles[name], 10_240)],
    }
    return body | {"scope": {"type": "PROJECT", "project": {"id": str(owner.id)}}} if owner.team_managed else body


def audit_record(site: Site, each: AuditRecord, zone: tzinfo) -> dict[str, Any]:
    """A line of the audit log."""
    return {
        "id": each.id,
        "summary": each.summary,
        "remoteAddress": "203.0.113.7",
        "authorKey": f"ug:{each.author}",
        "authorAccountId": each.author,
        "created": moment(each.created, zone),
        "category": each.category,
        "eventSource": "",
        "objectItem": {"name": each.object[0], "typeName": each.object[1]},
        "changedValues": [],
        "associatedItems": [],
    }


def permission_schemes(site: Site) -> dict[str, Any]:
    """GET /permissionscheme?expand=permissions: one scheme."""
    roles: dict[str, int] = {}
    for owner in site.projects:
        if not owner.team_managed:
            roles |= {name: role_id(site, owner, name) for name in owner.roles}
    holders: Sequence[dict[str, Any]] = [
        {"type": "projectRole", "parameter": str(roles[name]), "value": str(roles[name]), "expand": "projectRole"}
        for name in site.project_admins
        if name in roles
    ]
    grants = [
        {"id": n, "self": url(site, f"permissionscheme/0/permission/{n}"), "holder": holder, "permission": name}
        for name in ("ADMINISTER_PROJECTS",)
        for n, holder in enumerate(holders, 10_000)
    ]
    scheme = {"id": 0, "self": url(site, "permissionscheme/0"), "name": "Default Permission Scheme", "description": ""}
    return {"permissionSchemes": [scheme | {"permissions": grants}]}


def _actor(number: int, each: str, people: Mapping[str, Person]) -> dict[str, Any]:
    if each.startswith("group:"):
        name = each.removeprefix("group:")
        found = {"name": name, "displayName": name, "groupId": group_id(name)}
        return {"id": number, "displayName": name, "type": "atlassian-group-role-actor", "actorGroup": found}
    name = people[each].name if each in people else "Former user"
    return {
        "id": number,
        "displayName": name,
        "type": "atlassian-user-role-actor",
        "actorUser": {"accountId": each},
    }


@lru_cache(maxsize=1024)
def _document(text: str) -> dict[str, Any]:
    """A text in Atlassian's document format."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }
