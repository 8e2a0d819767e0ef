"""`jira.project_role`: who is in the roles that administer the projects that matter. GET /project/{key}/role/{id}

Id: KEY/role; body: the role with its actors, people and groups. Which roles administer is said by the permission
schemes (GET /permissionscheme, ADMINISTER_PROJECTS), by the role itself (`admin`), and, in team-managed projects, which
have no scheme, by Atlassian's names. Which roles there are is asked for once (GET /role), or of each project where the
token may not. Sources: Atlassian, "Get all permission schemes", "Get all project roles", "Get project role for
project".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import elements_of, object_of
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.listing import Item, name_of
from kushim_pipeline.collect.http.reading import noted, report
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.project import in_scope
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

SCHEMES, ROLES = f"GET {API}/permissionscheme", f"GET {API}/role"
OF_PROJECT, OPERATION = f"GET {API}/project/{{key}}/role", f"GET {API}/project/{{key}}/role/{{id}}"
NEEDS = "the project permission Administer projects, or the global permission Administer Jira"
_NAMES = re.compile(r"administrators?", re.IGNORECASE)


@dataclass(frozen=True)
class _Role:
    """A role: `project` is the id of the one project that it belongs to, empty for one of the site."""

    id: str
    name: str
    project: str = ""
    admin: bool = False


def read(c: Collection, visit: Visit) -> None:
    """A record for each role that administers a project."""
    projects, troubles = in_scope(visit, c.keep)
    for trouble in troubles:
        report(c, trouble)
    if not projects:
        return
    try:
        granted = _granted(c, visit)
    except Unread as trouble:
        report(c, trouble)
        granted = set()
    try:
        everywhere = _roles(c, visit)
    except Unread:
        everywhere = []  # it takes an administrator; each project tells of its own

    def one(project: Item) -> None:
        with noted(c, OPERATION, f"{project.id}/Administrators"):
            for role in _administering(everywhere, project, granted) or _told(c, visit, project, granted):
                _record(c, visit, project, role)

    visit.reading.side_by_side(one, projects)


def _record(c: Collection, visit: Visit, project: Item, role: _Role) -> None:
    call = Call(OPERATION, f"{API}/project/{project.id}/role/{role.id}", {"excludeInactiveUsers": "false"}, NEEDS)
    name = f"{project.id}/{role.name}"
    try:
        answer = visit.client.ask(call, c.keep)
        body = object_of(answer, call, visit.client.dialect)
    except Unread as trouble:
        report(c, trouble, name)
        return
    if isinstance(body.get("actors"), list):
        c.record(name, body, evidence=answer.evidence)
    else:
        c.unreadable(name, Reason.INCOMPLETE, OPERATION, "the answer has no list actors")


def _administering(roles: Iterable[_Role], project: Item, granted: set[str]) -> list[_Role]:
    """Those of the roles that a project has and that administer it."""
    number = str(project.body.get("id"))
    own = project.body.get("simplified") is True or project.body.get("style") == "next-gen"
    mine = [role for role in roles if role.project == number or (not role.project and not own)]
    return [role for role in mine if role.id in granted or role.admin or _NAMES.fullmatch(role.name)]


def _granted(c: Collection, visit: Visit) -> set[str]:
    """The ids of the roles that a permission scheme lets administer projects. Raises Unread."""
    call = Call(SCHEMES, f"{API}/permissionscheme", {"expand": "permissions"}, NEEDS)
    body = object_of(visit.client.ask(call, c.keep), call, visit.client.dialect)
    schemes = body.get("permissionSchemes")
    if not isinstance(schemes, list):
        raise Unread(Reason.INCOMPLETE, SCHEMES, "the answer has no list permissionSchemes")
    found: set[str] = set()
    for scheme in schemes:
        grants = scheme.get("permissions") if isinstance(scheme, dict) else None
        if not isinstance(grants, list):
            raise Unread(Reason.INCOMPLETE, SCHEMES, "a permission scheme does not show its permissions")
        found |= {_holder(grant) for grant in grants if isinstance(grant, dict)}
    return found - {""}


def _holder(grant: dict[str, Any]) -> str:
    holder = grant.get("holder")
    if grant.get("permission") != "ADMINISTER_PROJECTS" or not isinstance(holder, dict):
        return ""
    return str(holder.get("value") or holder.get("parameter")) if holder.get("type") == "projectRole" else ""


def _roles(c: Collection, visit: Visit) -> list[_Role]:
    """All roles of the site and of its team-managed projects. Raises Unread."""
    call = Call(ROLES, f"{API}/role", {}, NEEDS)
    found = []
    for each in elements_of(visit.client.ask(call, c.keep), call, visit.client.dialect):
        name = name_of(each, "name") if isinstance(each, dict) else None
        if name is None or not isinstance(each.get("id"), int):
            raise Unread(Reason.QUARANTINED, ROLES, "an element of the list is not a role with an id and a name")
        scope = each.get("scope")
        owner = scope.get("project") if isinstance(scope, dict) else None
        number = str(owner.get("id")) if isinstance(owner, dict) else ""
        found.append(_Role(str(each["id"]), name, number, each.get("admin") is True))
    return found


def _told(c: Collection, visit: Visit, project: Item, granted: set[str]) -> list[_Role]:
    """The roles that administer a project, of those that it names itself. Raises Unread."""
    call = Call(OF_PROJECT, f"{API}/project/{project.id}/role", {}, NEEDS)
    body = object_of(visit.client.ask(call, c.keep), call, visit.client.dialect)
    number = str(project.body.get("id"))
    roles = [
        _Role(number_of[1], name, number)
        for name, place in body.items()
        if isinstance(place, str) and (number_of := re.search(r"/role/(\d+)$", place))
    ]
    found = _administering(roles, project, granted)
    if not found:
        raise Unread(Reason.INCOMPLETE, OF_PROJECT, "the project names no role that is known to administer it")
    return found
