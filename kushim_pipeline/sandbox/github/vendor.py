"""GitHub as the server of all stand-ins asks for a vendor."""

import hashlib
import math
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.asking import Estate, error
from kushim_pipeline.sandbox.github.model import Description, Token
from kushim_pipeline.sandbox.github.routes import respond
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

HOUR = 3600
UNKNOWN = 60  # requests an hour without a token


class Github:
    """A GitHub that knows what a description says."""

    def __init__(self, description: Description) -> None:
        self.become(description)

    def become(self, description: Description) -> None:
        """Contain something else from the next request on."""
        self._estate = Estate(description)
        self._limit = description.rate_limit
        self._points = description.points

    def caller(self, request: Request) -> str:
        token = self._token(request)
        return token.owner if token else ""

    def budget(self, request: Request) -> Budget | None:
        if self._token(request) is None:
            return None
        if is_graphql(request):
            from kushim_pipeline.sandbox.github import graph  # graphql-core takes a while to load

            return Budget("graphql", self._points, HOUR, graph.read(request.body).points)
        return Budget("core", self._limit, HOUR)

    def query(self, request: Request) -> str:
        if is_graphql(request) and self._token(request):
            from kushim_pipeline.sandbox.github import graph

            return urlencode(graph.read(request.body).words)
        return urlencode(request.query)

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        limit = budget.limit if budget else UNKNOWN
        return {
            "X-GitHub-Media-Type": f"github.{'v4' if is_graphql(request) else 'v3'}; format=json",
            "X-GitHub-Request-Id": uuid.uuid4().hex[:20].upper(),
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - used),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(math.ceil(reset_at)),
            "X-RateLimit-Resource": budget.bucket if budget else "core",
        }

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        message = f"API rate limit exceeded for user ID {shapes.number(self.caller(request))}."
        if budget.bucket == "graphql":  # told by a 200
            return Reply(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})
        return error(403, message, "rest/overview/rate-limits-for-the-rest-api")

    def fault(self, status: int, message: str) -> Reply:
        return error(status, message)

    def tag(self, request: Request, body: bytes) -> str:
        return f'W/"{hashlib.sha256(body).hexdigest()}"' if request.method == "GET" else ""

    def respond(self, request: Request) -> Reply:
        token = self._token(request)
        if token and is_graphql(request):
            from kushim_pipeline.sandbox.github import graph

            return graph.answer(self._estate, token, request)
        return respond(self._estate, token, request)

    def _token(self, request: Request) -> Token | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        return self._estate.tokens.get(value.strip()) if kind.casefold() in ("token", "bearer") else None


def is_graphql(request: Request) -> bool:
    """Whether it is a query, not a path."""
    return request.method == "POST" and request.path == "/graphql"
