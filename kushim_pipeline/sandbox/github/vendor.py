"""GitHub as the server of all stand-ins asks for a vendor."""

import hashlib
import math
import uuid
from collections.abc import Mapping

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
        self._estate = Estate(description)
        self._limit = description.rate_limit

    def caller(self, request: Request) -> str:
        token = self._token(request)
        return token.owner if token else ""

    def budget(self, request: Request) -> Budget | None:
        return Budget("core", self._limit, HOUR) if self._token(request) else None

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        limit = budget.limit if budget else UNKNOWN
        return {
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Request-Id": uuid.uuid4().hex[:20].upper(),
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - used),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(math.ceil(reset_at)),
            "X-RateLimit-Resource": budget.bucket if budget else "core",
        }

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        message = f"API rate limit exceeded for user ID {shapes.number(self.caller(request))}."
        return error(403, message, "rest/overview/rate-limits-for-the-rest-api")

    def fault(self, status: int, message: str) -> Reply:
        return error(status, message)

    def tag(self, request: Request, body: bytes) -> str:
        return f'W/"{hashlib.sha256(body).hexdigest()}"' if request.method == "GET" else ""

    def respond(self, request: Request) -> Reply:
        return respond(self._estate, self._token(request), request)

    def _token(self, request: Request) -> Token | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        return self._estate.tokens.get(value.strip()) if kind.casefold() in ("token", "bearer") else None
