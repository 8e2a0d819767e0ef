"""What a Jira site contains, as plain data. Times are aware datetimes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

BORN = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)

Permission = Literal["ADMINISTER", "SYSTEM_ADMIN", "USER_PICKER", "BROWSE_PROJECTS"]


@dataclass(frozen=True)
class Person:
    """A user. `groups`: names. `shows_email`: the profile's visibility."""

    account_id: str
    name: str
    email: str = ""
    active: bool = True
    kind: Literal["atlassian", "app", "customer"] = "atlassian"
    groups: tuple[str, ...] = ()
    shows_email: bool = True


@dataclass(frozen=True)
class Group:
    """A group. `gives`: the access to Jira that it gives."""

    name: str
    gives: Literal["", "user", "admin", "site-admin"] = ""


@dataclass(frozen=True)
class Change:
    """One history of an issue with one item: what a field was and what it became, as (id, text)."""

    at: datetime
    author: str
    field: str
    old: tuple[str | None, str | None]
    new: tuple[str | None, str | None]


@dataclass(frozen=True)
class Issue:
    """An issue of a project. `status` by name (see shapes.STATUSES); `level`: its issue security level; `comments`:
    when something was said; `fields`: more fields, or others than these would give; `lost`: so many of its newest
    histories does the bulk answer leave out."""

    number: int
    summary: str = "Something to do"
    type: str = "Task"
    status: str = "To Do"
    reporter: str = ""
    assignee: str = ""
    created: datetime = BORN
    updated: datetime = BORN
    resolved: datetime | None = None
    labels: tuple[str, ...] = ()
    level: str = ""
    changes: tuple[Change, ...] = ()
    comments: tuple[datetime, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True)
class Project:
    """A project. `issues`: by rising number, perhaps made when somebody looks. `roles`: name -> account ids, and
    groups as `group:NAME`. `team_managed`: its roles are its own and not the site's."""

    key: str
    name: str
    id: int
    issues: Sequence[Issue] = ()
    lead: str = ""
    kind: Literal["software", "business", "service_desk"] = "software"
    team_managed: bool = False
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    """A workflow of company-managed projects: (transition, from statuses, to status)."""

    name: str
    transitions: tuple[tuple[str, tuple[str, ...], str], ...] = ()


@dataclass(frozen=True)
class AuditRecord:
    """One line of the audit log."""

    id: int
    created: datetime
    summary: str
    category: str = "user management"
    author: str = ""
    object: tuple[str, str] = ("", "USER")


@dataclass(frozen=True)
class Token:
    """An API token of a person, and what the person may not do. `projects`: that it may browse, None for all;
    `levels`: the issue security levels that it is in."""

    email: str
    value: str = field(repr=False)
    account_id: str
    lacks: tuple[Permission, ...] = ()
    projects: tuple[str, ...] | None = None
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Site:
    """All that a stand-in knows. `limit`: requests a second that each endpoint takes of each caller. `page`: the most
    issues with all their fields that a page holds. `zone`: the time zone of all profiles. `lag`: how many issues the
    approximate count is off. `project_admins`: names of roles that permission schemes let administer projects.
    `classic_workflows`: whether GET /workflow/search still answers."""

    host: str
    people: Sequence[Person] = ()
    groups: tuple[Group, ...] = ()
    projects: tuple[Project, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    audit: Sequence[AuditRecord] = ()
    tokens: tuple[Token, ...] = ()
    limit: int = 1000
    page: int = 100
    zone: str = "UTC"
    lag: int = 0
    project_admins: tuple[str, ...] = ("Administrators",)
    classic_workflows: bool = True
    has_audit_log: bool = True
