"""What a unit was answered before, so that a vendor can be asked whether that still holds.

The answers are those of the last whole collection and of those that it was built on. Source: RFC 9110, "If-None-Match":
a 304 says that what was sent with this ETag is what would be sent now.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import orjson

from kushim_pipeline.collect.http.call import NO_HEADERS, Asked, Keep, Known
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.evidence.store import (
    EvidenceCorrupt,
    EvidenceLocked,
    EvidenceMissing,
    EvidenceShredded,
    EvidenceStore,
)

RECEIPTS = 30
"""How many collections back an answer is looked for: a stream that reads what changed has it in one of the last."""
_UNREADABLE = (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]+"')
_MASKED = "***"
_Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Keeper:
    """A Keep that remembers: it stores the answers of one collection and knows those of the ones before."""

    store: Keep
    known: Callable[[Asked], Known | None]

    def __call__(
        self,
        body: bytes,
        *,
        operation: str,
        parameters: Mapping[str, Any],
        status: int,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> str:
        return self.store(body, operation=operation, parameters=parameters, status=status, headers=headers)


class Earlier:
    """The answers of a unit's earlier collections, read when they are first wanted. Safe for several threads."""

    def __init__(self, store: EvidenceStore, tenant_id: str, receipt: str | None) -> None:
        """In: where the evidence is, whose it is, and the digest of its last whole receipt, None for none."""
        self._store = store
        self._tenant_id = tenant_id
        self._next = receipt
        self._left = RECEIPTS
        self._found: dict[_Key, tuple[str, Mapping[str, str], str]] = {}
        self._lock = threading.Lock()

    def known(self, asked: Asked) -> Known | None:
        """What a GET was answered with when it was last asked; None where that is not known or has no ETag."""
        key = _key(asked)
        with self._lock:
            while key not in self._found and self._next is not None and self._left:
                self._read_one(self._next)
            found = self._found.get(key)
        if found is None:
            return None
        etag, headers, digest = found
        return Known(etag, headers, partial(self._body, digest))

    def _read_one(self, digest: str) -> None:
        self._next = None
        self._left -= 1
        try:
            receipt = decode(self._store.get(self._tenant_id, digest))
        except (*_UNREADABLE, BadJson):
            return
        self._next = receipt.get("base")
        for key, found in _pages(receipt):
            self._found.setdefault(key, found)

    def _body(self, digest: str) -> bytes | None:
        try:
            body = self._store.get(self._tenant_id, digest)
            orjson.loads(body)
        except (*_UNREADABLE, orjson.JSONDecodeError):
            return None
        return body


def _pages(receipt: Mapping[str, Any]) -> Iterator[tuple[_Key, tuple[str, Mapping[str, str], str]]]:
    """The answers of a receipt that may be asked about, the newest of a call first.

    Not those of a resource that could not be read of them, other than by a denial: they may have been damaged on their
    way, and a 304 would have them believed for ever.
    """
    doubtful = {
        (error["operation"], error["resource_id"]) for error in receipt["errors"] if error["reason"] != Reason.DENIED
    }
    for page in reversed(receipt["pages"]):
        headers, asked = page.get("headers", {}), page["parameters"]
        etag = headers.get("etag", "")
        if page["status"] not in (200, 304) or not _ETAG.fullmatch(etag):
            continue
        if not all(isinstance(value, str) and _MASKED not in value for value in (etag, *asked.values())):
            continue
        if doubtful.isdisjoint((page["operation"], name) for name in _named(asked.get("path", ""))):
            yield _key(asked), (etag, headers, page["sha256"])


def _named(path: str) -> Iterator[str]:
    """What a path may be about: a part of it, or two that belong together as `org/repo` do."""
    parts = unquote(path).split("/")
    yield from parts
    yield from ("/".join(pair) for pair in pairwise(parts))


def _key(asked: Asked) -> _Key:
    return tuple(sorted(asked.items()))
