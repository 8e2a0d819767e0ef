"""What the stand-in answers: a `standin.vendor.Vendor` that is Okta. Pure, without HTTP."""

import base64
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

from kushim_pipeline.sandbox.okta import shapes
from kushim_pipeline.sandbox.okta.logs import BadQuery, asked_for, is_poll
from kushim_pipeline.sandbox.okta.model import IDENTITY_ENGINE_ONLY, App, Description, Token, User
from kushim_pipeline.sandbox.standin.paging import Page, Shown, each
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

MINUTE = 60.0
_STATUS = re.compile(r'status eq "([A-Z_]+)"(?: or status eq "([A-Z_]+)")*')
_ONE_STATUS = re.compile(r'status eq "([A-Z_]+)"')
_TYPES = ("OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL", "ACCESS_POLICY", "PROFILE_ENROLLMENT", "IDP_DISCOVERY")


class Okta:
    """An Okta organisation. In: what it contains, and its clock (seconds since 1970)."""

    def __init__(self, description: Description, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.become(description)

    def become(self, description: Description) -> None:
        """Contain something else from the next request on."""
        self._description = description
        self._org = description.org
        self._tokens: dict[tuple[str, str], Token] = {(t.kind, t.value): t for t in description.tokens}
        self._user_at: dict[str, int] = {}
        self._listed: dict[str, list[int]] = {}
        self._assignees: list[int] = []
        for index, user in enumerate(self._org.users):
            self._user_at[user.id] = index
            self._listed.setdefault(user.status, []).append(index)
            if user.roles:
                self._assignees.append(index)
        self._apps = {app.id: app for app in self._org.apps}
        self._policies = {policy.id: policy for policy in self._org.policies}

    def caller(self, request: Request) -> str:
        """Whose token it is; "" if nobody knows it."""
        token = self._token(request)
        return token.owner if token else ""

    def budget(self, request: Request) -> Budget:
        """A minute's budget of the endpoint's bucket."""
        bucket = bucket_of(request.path, self._description.limits)
        return Budget(bucket, self._description.limits.get(bucket, 600), MINUTE)

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        """The rate headers, and Okta's own id of the request."""
        standing = {"X-Okta-Request-Id": f"a{shapes.number(request.path):x}{used:x}", "Cache-Control": "no-cache"}
        if budget is None or not self.caller(request):
            return standing
        # By the clock that the Date header shows, whatever clock the budgets run by.
        reset = time.time() + reset_at - self._now()
        return standing | {
            "x-rate-limit-limit": str(budget.limit),
            "x-rate-limit-remaining": str(max(0, budget.limit - used)),
            "x-rate-limit-reset": str(int(reset)),
        }

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        """429 E0000047."""
        return Reply(429, shapes.error(429))

    def fault(self, status: int, message: str) -> Reply:
        """Okta's error body; a message that begins with a code, such as `E0000015 …`, brings its own."""
        code, _, text = message.partition(" ")
        own = code if re.fullmatch(r"E\d{7}", code) else ""
        return Reply(status, shapes.error(status, text if own else message, own))

    def respond(self, request: Request) -> Reply:
        """The answer to a GET of a token that may see it."""
        token = self._token(request)
        if "authorization" not in request.headers:
            return Reply(403, shapes.error(403, "Invalid session", "E0000005"))
        if token is None or token.state != "valid":
            return Reply(401, shapes.error(401))
        for pattern, scope, answer in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found:
                if request.method != "GET":
                    return Reply(405, shapes.error(405))
                if scope in token.lacks:
                    return Reply(403, shapes.error(403))
                return answer(self, request, [unquote(group) for group in found.groups()])
        return Reply(404, shapes.error(404, "The requested path was not found", "E0000008"))

    def _token(self, request: Request) -> Token | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        return self._tokens.get((kind, value.strip()))

    def _listing(
        self, request: Request, items: Sequence[Any], size: int, most: int, least: int = 1, *, endless: bool = False
    ) -> Reply:
        """A list with self and next links. In: the page's size where none is asked for, and its bounds."""
        try:
            limit = int(request.query.get("limit", size))
            start = start_of(request.query.get("after", ""))
        except ValueError:
            return Reply(400, shapes.error(400, "limit"))
        limit = size if limit < least else min(limit, most)

        def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
            if following is None and endless:
                following = start + len(shown)
            return list(shown), {"Link": _links(request, limit, following)}

        return Reply(page=Page(items, start, limit, show))

    def organization(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/org"""
        return Reply(body=shapes.organization(self._org))

    def users(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/users: without a filter everybody but who is DEPROVISIONED"""
        wanted = request.query.get("filter") or request.query.get("search")
        if wanted and not _STATUS.fullmatch(wanted):
            return Reply(400, shapes.error(400, "Invalid search criteria.", "E0000031"))
        statuses = _ONE_STATUS.findall(wanted) if wanted else [name for name in self._listed if name != "DEPROVISIONED"]
        indexes = sorted(index for name in statuses for index in self._listed.get(name, ()))
        users = self._org.users
        return self._listing(request, each(indexes, lambda index: shapes.user(self._org, users[index])), 200, 200)

    def user(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/users/{id}"""
        found = self._user(names[0])
        return Reply(body=shapes.user(self._org, found)) if found else _no_user(names[0])

    def factors(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/users/{id}/factors; nobody asks it for who is DEPROVISIONED"""
        found = self._user(names[0])
        if found is None or found.status == "DEPROVISIONED":
            return _no_user(names[0])
        shown = [shapes.factor(self._org, found, factor, n) for n, factor in enumerate(found.factors)]
        return Reply(body=[] if request.fault and request.fault.kind == "empty" else shown)

    def roles(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/users/{id}/roles"""
        found = self._user(names[0])
        return (
            Reply(body=[shapes.role(self._org, found, role) for role in found.roles]) if found else _no_user(names[0])
        )

    def assignees(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/iam/assignees/users: a page in an envelope, with its next link in the body"""
        try:
            limit = min(max(1, int(request.query.get("limit", "100"))), 100)
            start = start_of(request.query.get("after", ""))
        except ValueError:
            return Reply(400, shapes.error(400, "limit"))
        users = self._org.users

        def show(shown: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
            links = {} if following is None else {"next": {"href": _address(request, limit, following)}}
            return {"value": list(shown), "_links": links}, {}

        made = each(self._assignees, lambda index: shapes.assignee(self._org, users[index]))
        return Reply(page=Page(made, start, limit, show))

    def groups(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/groups"""
        made = each(self._org.groups, lambda group: shapes.group(self._org, group))
        return self._listing(request, made, 10_000, 10_000)

    def group_rules(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/groups/rules"""
        return self._listing(request, each(self._org.group_rules, shapes.group_rule), 50, 200)

    def apps(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/apps"""
        return self._listing(request, each(self._org.apps, lambda app: shapes.app(self._org, app)), 20, 200)

    def app_users(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/apps/{id}/users"""
        app = self._apps.get(names[0])
        if app is None:
            return _no_app(names[0])
        made = each(app.users, lambda found: shapes.app_user(self._org, app, found))
        return self._listing(request, made, 50, 500)

    def app_groups(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/apps/{id}/groups"""
        app = self._apps.get(names[0])
        if app is None:
            return _no_app(names[0])
        return self._listing(request, _groups_of(self, app), 20, 200, 20)

    def policies(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/policies?type="""
        kind = request.query.get("type", "")
        if kind not in _TYPES or (self._org.classic and kind in IDENTITY_ENGINE_ONLY):
            return Reply(
                400, shapes.error(400, "The request was not valid: Invalid policy type specified.", "E0000002")
            )
        found = [policy for policy in self._org.policies if policy.type == kind]
        return self._listing(request, each(found, lambda policy: shapes.policy(self._org, policy)), 200, 200)

    def policy_rules(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/policies/{id}/rules"""
        policy = self._policies.get(names[0])
        if policy is None:
            return Reply(404, shapes.error(404, f"{names[0]} (Policy)"))
        return Reply(body=[shapes.policy_rule(self._org, policy, rule) for rule in policy.rules])

    def api_tokens(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/api-tokens: all of them"""
        return Reply(body=[shapes.api_token(self._org, token) for token in self._org.api_tokens])

    def authenticators(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/authenticators: all of them; a feature that Classic Engine does not have"""
        if self._org.classic:
            summary = "You do not have permission to access the feature you are requesting"
            return Reply(401, shapes.error(401, summary, "E0000015"))
        return Reply(body=[shapes.authenticator(self._org, found) for found in self._org.authenticators])

    def zones(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/zones"""
        return self._listing(request, each(self._org.zones, lambda zone: shapes.zone(self._org, zone)), 20, 200)

    def logs(self, request: Request, names: Sequence[str]) -> Reply:
        """GET /api/v1/logs"""
        try:
            found = asked_for(self._org.events, request.query, datetime.fromtimestamp(self._now(), UTC))
        except BadQuery:
            return Reply(400, shapes.error(400, "Invalid search criteria.", "E0000031"))
        return self._listing(request, each(found, shapes.event), 100, 1000, 0, endless=is_poll(request.query))

    def _user(self, name: str) -> User | None:
        index = self._user_at.get(name)
        return None if index is None else self._org.users[index]


def bucket_of(path: str, limits: Mapping[str, int]) -> str:
    """The bucket that a path counts against: the longest of the limits' names that it is, or lies below.

    Source: Okta, "Management rate limits": the list of users has a budget of its own, what lies below one user
    counts with most other calls; applications have one for the list and everything below.
    """
    fitting = [
        name
        for name in limits
        if path == name or (path.startswith(f"{name}/") and name not in ("/api/v1/users", "/api/v1/logs"))
    ]
    return max(fitting, key=len, default="/api/v1")


def _groups_of(okta: Okta, app: App) -> Sequence[Any]:
    org = okta._org
    return [shapes.app_group(org, app, group_id, n) for n, group_id in enumerate(app.group_ids)]


def _no_user(name: str) -> Reply:
    return Reply(404, shapes.error(404, f"{name} (User)"))


def _no_app(name: str) -> Reply:
    return Reply(404, shapes.error(404, f"{name} (AppInstance)"))


def after(start: int) -> str:
    return base64.urlsafe_b64encode(f"from {start}".encode()).decode().rstrip("=")


def start_of(after: str) -> int:
    """Where the page that a cursor leads to begins. Raises ValueError for a cursor of nobody's making."""
    if not after:
        return 0
    return int(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode().removeprefix("from "))


def _address(request: Request, limit: int, following: int | None = None) -> str:
    query = {name: text for name, text in request.query.items() if name not in ("after", "limit")}
    if following is not None:
        query = {"after": after(following), **query}
    elif request.query.get("after"):
        query = {"after": request.query["after"], **query}
    return f"{request.url}{request.path}?{urlencode({**query, 'limit': str(limit)})}"


def _links(request: Request, limit: int, following: int | None) -> str:
    links = [f'<{_address(request, limit)}>; rel="self"']
    if following is not None:
        links.append(f'<{_address(request, limit, following)}>; rel="next"')
    return ", ".join(links)


_Answer = Callable[[Okta, Request, Sequence[str]], Reply]
_ROUTES: tuple[tuple[re.Pattern[str], str, _Answer], ...] = tuple(
    (re.compile(f"/api/v1/{pattern}"), scope, answer)
    for pattern, scope, answer in (
        (r"org", "okta.orgs.read", Okta.organization),
        (r"users", "okta.users.read", Okta.users),
        (r"users/([^/]+)", "okta.users.read", Okta.user),
        (r"users/([^/]+)/factors", "okta.users.read", Okta.factors),
        (r"users/([^/]+)/roles", "okta.roles.read", Okta.roles),
        (r"iam/assignees/users", "okta.roles.read", Okta.assignees),
        (r"groups", "okta.groups.read", Okta.groups),
        (r"groups/rules", "okta.groups.read", Okta.group_rules),
        (r"apps", "okta.apps.read", Okta.apps),
        (r"apps/([^/]+)/users", "okta.apps.read", Okta.app_users),
        (r"apps/([^/]+)/groups", "okta.apps.read", Okta.app_groups),
        (r"policies", "okta.policies.read", Okta.policies),
        (r"policies/([^/]+)/rules", "okta.policies.read", Okta.policy_rules),
        (r"api-tokens/?", "okta.apiTokens.read", Okta.api_tokens),
        (r"authenticators", "okta.authenticators.read", Okta.authenticators),
        (r"zones", "okta.networkZones.read", Okta.zones),
        (r"logs", "okta.logs.read", Okta.logs),
    )
)
