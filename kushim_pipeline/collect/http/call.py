"""One call to a vendor, its answer, and what could not be read, in the words of a receipt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kushim_pipeline.evidence.receipt import Reason

NO_HEADERS: Mapping[str, str] = {}
Asked = Mapping[str, str]
"""What a call asks for, as a page's parameters say it: its path and its query."""
_KEPT_HEADERS = ("date", "etag", "link", "retry-after", "x-github-sso", "x-seraph-loginreason")


class Unread(Exception):  # not every one is an error: a denial is what a receipt has to say
    """Something was not read. In: the reason for UNKNOWN, the call, and what happened in words (never a secret)."""

    def __init__(self, reason: Reason, operation: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.operation = operation
        self.message = message


class Keep(Protocol):
    """Stores an answer's bytes before anybody parses them, and returns their SHA-256 (see `Collection.keep`).

    It may have a method `known(asked) -> Known | None`, which tells what the same call was answered with before.
    """

    def __call__(
        self,
        body: bytes,
        *,
        operation: str,
        parameters: Mapping[str, Any],
        status: int,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> str: ...


@dataclass(frozen=True)
class Known:
    """What a GET was answered with when it was asked before: its ETag, the headers that were kept, and what loads its
    bytes (None where they can no longer be read, or are not JSON)."""

    etag: str
    headers: Mapping[str, str]
    body: Callable[[], bytes | None]


def known_to(keep: Keep, asked: Asked) -> Known | None:
    """What the collection that keeps an answer knows of an earlier one; None where it does not remember any."""
    known: Callable[[Asked], Known | None] | None = getattr(keep, "known", None)
    return known(asked) if known else None


@dataclass(frozen=True)
class Call:
    """One request that reads. `operation` is the vendor's name of it with its placeholders, `target` the path below the
    base URL (or the whole URL of a next page), `needs` the permission that it takes, for the message of a denial;
    `body` the JSON of a POST that only asks."""

    operation: str
    target: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    method: str = "GET"
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """What the vendor sent. `headers` have small letters; `body` is decoded from its content encoding and from nothing
    else; `evidence` is its SHA-256 in the store."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    evidence: str = ""

    @property
    def kept_headers(self) -> dict[str, str]:
        """The headers that its reading depends on; no content type stands for JSON."""
        found = {name: self.headers[name] for name in _KEPT_HEADERS if name in self.headers}
        kind = self.headers.get("content-type", "")
        return found if kind.startswith("application/json") else {**found, "content-type": kind}
