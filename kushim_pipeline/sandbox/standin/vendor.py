"""What a vendor has to say to be stood in for: a request comes in, a reply goes out, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.paging import Page


@dataclass(frozen=True)
class Request:
    """One request. `path`: below the base path, still quoted; `headers`: names in small letters; `url`: the base URL.

    `used` and `reset_at` (seconds since 1970) tell of its budget, this request counted. `fault`: what strikes it, for a
    vendor that has pages inside its bodies; the faults of a whole answer are not its matter.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]
    url: str
    used: int = 0
    reset_at: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True)
class Reply:
    """An answer. `body`: a JSON value, None for an empty body; bytes are sent as they are. With a `page` its `show`
    makes the body, and headers beside these."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: Page | None = None


@dataclass(frozen=True)
class Budget:
    """A budget of `limit` requests in `seconds`, for each caller. `cost`: what this request takes of it."""

    bucket: str
    limit: int
    seconds: float
    cost: int = 1


class Vendor(Protocol):
    """A vendor, as the server asks for it. Called from several threads at once.

    Two methods more are used where a vendor has them. `query(request) -> str`: what stands for the query in the ledger
    and in the patterns of faults, where the body says what is wanted. `tag(request, body: bytes) -> str`: the ETag of
    a 200 ("" for none); a request whose If-None-Match names it gets an empty 304, which costs nothing.
    """

    def caller(self, request: Request) -> str:
        """Whose credential it is; "" if nobody knows it."""

    def budget(self, request: Request) -> Budget | None:
        """Which budget the request counts against; None for no budget."""

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        """The headers of every answer, those of the budget among them. `used` includes this request."""

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        """The answer when the budget is spent."""

    def fault(self, status: int, message: str) -> Reply:
        """The vendor's own error body for a status that a fault orders."""

    def respond(self, request: Request) -> Reply:
        """The answer."""
