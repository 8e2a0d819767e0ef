"""What the stand-in answers: a `standin.vendor.Vendor` that is a Jira Cloud site. Pure, without HTTP.

Source: Atlassian, "The Jira Cloud platform REST API" (v3) and "Rate limiting". A wrong token is a stranger: what
anybody may see is answered with X-Seraph-LoginReason, the rest with 401.
"""

import base64
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

from kushim_pipeline.sandbox.jira import issue_routes, shapes
from kushim_pipeline.sandbox.jira.held import Held, asked, numbered
from kushim_pipeline.sandbox.jira.model import Project, Site, Token
from kushim_pipeline.sandbox.standin.paging import Page, Shown, each
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

API = "/rest/api/3"
SECOND = 1.0
NOT_ALLOWED = "You do not have permission to do this. Ask a Jira administrator."
_NAME = re.compile(r"(?<=/project/)(?!search$)[^/]+|(?<=/issue/)[^/]+|(?<=/)\d+(?=/|$)")


class Jira:
    """A Jira Cloud site. In: what it contains, and its clock (seconds since 1970)."""

    def __init__(self, site: Site, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.become(site)

    def become(self, site: Site) -> None:
        """Contain something else from the next request on."""
        self._held = Held(site, self._now)

    def query(self, request: Request) -> str:
        """The query, or the JSON of a POST as one: what is asked for, whichever way."""
        shown = {
            name: ",".join(map(str, value)) if isinstance(value, list) else value
            for name, value in asked(request).items()
        }
        return unquote(urlencode(sorted(shown.items()))).replace("+", " ")

    def caller(self, request: Request) -> str:
        """The e-mail address of a known token; "" otherwise."""
        token = self._token(request)
        return token.email if token else ""

    def budget(self, request: Request) -> Budget:
        """A second's budget of one endpoint and method."""
        return Budget(
            f"{request.method} {_NAME.sub('{}', request.path.removeprefix(API))}", self._held.site.limit, SECOND
        )

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        """The burst limit's headers, the trace id, and what a stranger is told."""
        standing = {"ATL-TraceId": f"{used:032x}", "Cache-Control": "no-cache, no-store, no-transform"}
        if budget:
            left = max(0, budget.limit - used)
            standing |= {"X-RateLimit-Limit": str(budget.limit), "X-RateLimit-Remaining": str(left)}
            if left <= budget.limit // 5:
                standing["X-RateLimit-NearLimit"] = "true"
        token = self._token(request)
        if token:
            return standing | {"X-AACCOUNTID": token.account_id}
        if "authorization" in request.headers:
            return standing | {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        return standing

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        """429 of the burst limit."""
        seconds = max(1, round(reset_in))
        reset = datetime.fromtimestamp(self._now() + seconds, UTC)
        headers = {
            "Retry-After": str(seconds),
            "X-RateLimit-Reset": reset.strftime("%Y-%m-%dT%H:%MZ"),
            "RateLimit-Reason": "jira-burst-based",
        }
        return Reply(429, shapes.error("Rate limit exceeded."), headers)

    def fault(self, status: int, message: str) -> Reply:
        """Jira's error body."""
        return Reply(status, shapes.error(message))

    def respond(self, request: Request) -> Reply:
        """The answer to a request of a token that may ask for it."""
        token = self._token(request)
        if request.path == f"{API}/serverInfo" and request.method == "GET":
            return Reply(body=shapes.server_info(self._held.site, self._held.time, self._held.zone))
        if token is None:
            return Reply(401, {"message": "Client must be authenticated to access this resource.", "status-code": 401})
        for method, pattern, lacking, answer in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and request.method == method:
                if lacking in token.lacks:
                    return Reply(403, shapes.error(NOT_ALLOWED))
                try:
                    return answer(self._held, request, token, [unquote(part) for part in found.groups()])
                except (ValueError, TypeError, KeyError) as error:
                    return Reply(400, shapes.error(str(error)))
        return Reply(404, {"errorMessages": ["No endpoint " + request.method + " " + request.path], "errors": {}})

    def _token(self, request: Request) -> Token | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            email, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return None
        return self._held.tokens.get((email, secret)) if kind.casefold() == "basic" else None


def get_myself(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /myself"""
    return Reply(body=shapes.myself(held.site, held.people[token.account_id]))


def get_permissions(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /mypermissions: of the site, or of a project"""
    wanted = [name for name in request.query.get("permissions", "").split(",") if name]
    unknown = [name for name in wanted if name not in shapes.PERMISSIONS]
    if not wanted or unknown:
        problem = (
            f"Unrecognized permissions: {unknown}" if unknown else "The 'permissions' query parameter is required."
        )
        return Reply(400, shapes.error(problem))
    has = {name: name not in token.lacks for name in wanted}
    key = request.query.get("projectKey")
    if key is not None and key not in {project.key for project in held.site.projects}:
        return Reply(404, shapes.error(f"No project could be found with key '{key}'."))
    if key is not None and token.projects is not None and key not in token.projects and "BROWSE_PROJECTS" in has:
        has["BROWSE_PROJECTS"] = False
    return Reply(body={"permissions": {name: shapes.permission(name, has=has[name]) for name in wanted}})


def search_projects(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /project/search: who administers Jira sees all"""
    seen = held.seen(token)
    shown = seen.projects
    if "ADMINISTER" not in token.lacks and request.query.get("action", "view") == "view":
        shown = tuple(sorted(held.site.projects, key=lambda found: found.key))
    return numbered(request, each(shown, lambda found: shapes.project(held.site, found, held.lead(found))), 50, 100)


def search_workflows(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /workflow/search, which Atlassian has deprecated"""
    if not held.site.classic_workflows:
        return Reply(410, shapes.error("The requested API has been removed. Migrate to /rest/api/3/workflows/search."))
    return numbered(request, each(held.site.workflows, lambda found: shapes.workflow(held.site, found)), 50, 50)


def search_bulk_workflows(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /workflows/search"""
    return numbered(request, each(held.site.workflows, lambda found: shapes.bulk_workflow(held.site, found)), 50, 200)


def search_users(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /users/search: a bare array, whose end is an empty page"""
    start = int(request.query.get("startAt", 0))
    size = min(int(request.query.get("maxResults", 50)), 1000)
    people = each(held.site.people, lambda found: shapes.person(held.site, found))
    return Reply(page=Page(people, start, size, lambda shown, _: (list(shown), {})))


def list_groups(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /group/bulk: all groups, or those that give an access"""
    access = request.query.get("accessType", "")
    if access == "user" and "applicationKey" not in request.query:
        return Reply(400, shapes.error("applicationKey is required for accessType user."))
    gives = {"": None, "admin": ("admin", "site-admin"), "site-admin": ("site-admin",), "user": ("user",)}[access]
    groups = [found for found in held.site.groups if gives is None or found.gives in gives]
    return numbered(request, each(groups, shapes.group), 50, 1000)


def list_members(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /group/member"""
    name, number = request.query.get("groupname"), request.query.get("groupId")
    group = next((g for g in held.site.groups if name == g.name or number == shapes.group_id(g.name)), None)
    if group is None:
        return Reply(404, shapes.error("The group was not found."))
    inactive = request.query.get("includeInactiveUsers") == "true"
    people = [each for each in held.site.people if group.name in each.groups and (inactive or each.active)]
    return numbered(request, each(people, lambda found: shapes.person(held.site, found)), 50, 50)


def who_may(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /user/permission/search: who has a permission, among the first thousand users"""
    wanted = request.query.get("permissions", "").split(",")
    giving = {group.name for group in held.site.groups if group.gives in ("admin", "site-admin")}
    start, size = int(request.query.get("startAt", 0)), min(int(request.query.get("maxResults", 50)), 1000)
    shown = [
        shapes.person(held.site, person)
        for person in list(held.site.people)[:1000][start : start + size]
        if person.active and ("ADMINISTER" not in wanted or giving & set(person.groups))
    ]
    return Reply(body=shown)


def list_roles(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /project/{key}/role: name -> address"""
    project = _project(held, token, names[0])
    if project is None:
        return _no_project(names[0])
    place = f"project/{project.id}/role/"
    roles = {
        name: shapes.url(held.site, f"{place}{shapes.role_id(held.site, project, name)}") for name in project.roles
    }
    return Reply(body=roles)


def get_role(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /project/{key}/role/{id}"""
    project = _project(held, token, names[0])
    if project is None:
        return _no_project(names[0])
    for name in project.roles:
        if str(shapes.role_id(held.site, project, name)) == names[1]:
            return Reply(body=shapes.role(held.site, project, name, held.people))
    return Reply(404, shapes.error(f"Can not retrieve a role actor for a null project role: {names[1]}"))


def all_roles(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /role: those of the site, and those of team-managed projects with their scope"""
    found: dict[int, dict[str, Any]] = {}
    for project in held.site.projects:
        for name in project.roles:
            body = shapes.role(held.site, project, name, held.people)
            found[body["id"]] = body | {"actors": []}
    return Reply(body=list(found.values()))


def list_schemes(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /permissionscheme"""
    return Reply(body=shapes.permission_schemes(held.site))


def list_records(held: Held, request: Request, token: Token, names: Sequence[str]) -> Reply:
    """GET /auditing/record: the newest first"""
    if not held.site.has_audit_log:
        return Reply(403, shapes.error("The audit log is not available on your plan. Upgrade to use it."))
    since, until = (_time(request.query.get(name)) for name in ("from", "to"))
    records = [
        found
        for found in held.site.audit
        if (since is None or found.created >= since) and (until is None or found.created <= until)
    ]
    records.sort(key=lambda found: (found.created, found.id), reverse=True)
    start, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 1000)), 1000)

    def show(shown: Shown, _: int | None) -> tuple[Any, Mapping[str, str]]:
        return {"offset": start, "limit": limit, "total": shown.total, "records": list(shown)}, {}

    shown = each(records, lambda found: shapes.audit_record(held.site, found, held.zone))
    return Reply(page=Page(shown, start, limit, show))


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _project(held: Held, token: Token, name: str) -> Project | None:
    shown = held.site.projects if "ADMINISTER" not in token.lacks else held.seen(token).projects
    return next((found for found in shown if name in (found.key, str(found.id))), None)


def _no_project(name: str) -> Reply:
    return Reply(404, shapes.error(f"No project could be found with key '{name}'."))


_Answer = Callable[[Held, Request, Token, Sequence[str]], Reply]
_ROUTES: tuple[tuple[str, re.Pattern[str], str, _Answer], ...] = tuple(
    (method, re.compile(API + pattern), lacking, answer)
    for method, pattern, lacking, answer in (
        ("GET", "/myself", "", get_myself),
        ("GET", "/mypermissions", "", get_permissions),
        ("GET", "/project/search", "", search_projects),
        ("GET", "/workflow/search", "ADMINISTER", search_workflows),
        ("GET", "/workflows/search", "ADMINISTER", search_bulk_workflows),
        ("GET", "/users/search", "USER_PICKER", search_users),
        ("GET", "/group/bulk", "USER_PICKER", list_groups),
        ("GET", "/group/member", "USER_PICKER", list_members),
        ("GET", "/user/permission/search", "ADMINISTER", who_may),
        ("GET", "/role", "ADMINISTER", all_roles),
        ("GET", "/project/([^/]+)/role", "", list_roles),
        ("GET", r"/project/([^/]+)/role/(\d+)", "", get_role),
        ("GET", "/permissionscheme", "", list_schemes),
        ("GET", "/auditing/record", "ADMINISTER", list_records),
        ("GET", "/search/jql", "", issue_routes.search),
        ("POST", "/search/jql", "", issue_routes.search),
        ("POST", "/search/approximate-count", "", issue_routes.count),
        ("POST", "/changelog/bulkfetch", "", issue_routes.changelogs),
        ("GET", "/issue/([^/]+)/changelog", "", issue_routes.changelog),
    )
)
