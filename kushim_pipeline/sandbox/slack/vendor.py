"""Slack as the server of stand-ins asks for it: who calls which method, what it costs, and what is refused."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from kushim_pipeline.sandbox.slack import shapes
from kushim_pipeline.sandbox.slack.methods import AUDIT, METHODS, Method, refusal, refused
from kushim_pipeline.sandbox.slack.model import Description, Token
from kushim_pipeline.sandbox.slack.routes import ANSWERS, Asking
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

AUDIT_PATH = "/audit/v1/logs"
MINUTE = 60.0


class SlackVendor:
    """Slack as a stand-in: `/api/METHOD` and `/audit/v1/logs` of all workspaces; the token says of which."""

    def __init__(self, description: Description) -> None:
        """In: what there is to be seen."""
        self._tiers = description.tiers
        self._workspaces = {workspace.id: workspace for workspace in description.workspaces}
        self._tokens = {token.value: token for token in description.tokens}

    def caller(self, request: Request) -> str:
        """The team whose token it is: Slack counts by workspace and app."""
        token = self._token(request)
        return token.team if token else ""

    def query(self, request: Request) -> str:
        """The arguments, which a POST has in its body. Without the token."""
        return urlencode({name: text for name, text in sorted(_arguments(request).items()) if name != "token"})

    def budget(self, request: Request) -> Budget | None:
        """Each method has its own."""
        name, method = _method(request)
        return Budget(name, self._tiers[method.tier - 1], MINUTE) if method else None

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        """Slack tells nothing of a budget before it is spent; it tells scopes."""
        token = self._token(request)
        _, method = _method(request)
        told = {"X-Slack-Backend": "r", "Cache-Control": "private, no-cache, no-store, must-revalidate"}
        if token:
            told["X-OAuth-Scopes"] = ",".join(token.scopes)
            told["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes) if method else ""
        return told

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        """HTTP 429 with Retry-After in whole seconds."""
        return Reply(429, shapes.error("ratelimited"), {"Retry-After": str(int(reset_in) + 1)})

    def fault(self, status: int, message: str) -> Reply:
        """`message` is the error's code, as in `missing_scope`; with status 200 that is how Slack refuses."""
        if message == "missing_scope":
            return Reply(status, shapes.error(message, needed="admin", provided="identify"))
        return Reply(status, shapes.error(message))

    def respond(self, request: Request) -> Reply:
        """The answer to a method."""
        name, method = _method(request)
        if method is None:
            return Reply(body=shapes.error("unknown_method", req_method=name))
        token = self._token(request)
        status = 200 if request.path != AUDIT_PATH else 401
        if token is None:
            given = "authorization" in request.headers or "token" in _arguments(request)
            return Reply(status, shapes.error("invalid_auth" if given else "not_authed"))
        workspace = self._workspaces[token.team]
        code = refusal(method, workspace, token)
        if code:
            reply = refused(code, method, token)
            return reply if status == 200 else Reply(403, reply.body)
        return ANSWERS[name](Asking(workspace, token, _arguments(request)))

    def _token(self, request: Request) -> Token | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.casefold() != "bearer":
            value = _arguments(request).get("token", "")
        return self._tokens.get(value.strip())


def _method(request: Request) -> tuple[str, Method | None]:
    if request.path == AUDIT_PATH:
        return ("audit.logs", AUDIT) if request.method == "GET" else ("audit.logs", None)
    name = request.path.removeprefix("/api/")
    is_known = request.path.startswith("/api/") and request.method in ("GET", "POST")
    return name, METHODS.get(name) if is_known else None


def _arguments(request: Request) -> dict[str, str]:
    """The arguments, from the query and from a body that is a form or JSON."""
    found = dict(request.query)
    if not request.body:
        return found
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(request.body)
        except ValueError:
            return found
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
        return found | texts if isinstance(body, dict) else found
    return found | dict(parse_qsl(request.body.decode(errors="replace")))
