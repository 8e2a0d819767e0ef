"""What the last collections of a unit left behind, so that the next reads only what changed.

It is taken from the ledger and the receipts themselves, never from the warehouse: a cursor counts only once the bytes
up to it are safe and acknowledged. A small file beside each ledger remembers the newest receipts; it is made anew from
the ledger whenever it is missing or does not fit.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kushim_pipeline import durable
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.life import LIFE, SHREDDED
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.evidence.store import (
    EvidenceCorrupt,
    EvidenceLocked,
    EvidenceMissing,
    EvidenceShredded,
    EvidenceStore,
)
from kushim_pipeline.evidence.verify import read_receipt

_UNREADABLE = (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded, ValueError, BadJson)
UnitKey = tuple[str, str, str]
"""Connection, stream, scope."""


@dataclass(frozen=True)
class Before:
    """The last whole collection of a unit.

    `receipt`: its digest. `contents`: what its contents' digest was. `cursor`: what the reader left with set_cursor.
    `marks`: resource id -> mark, of every resource of the population after it. `unread`: ids that it could not read.
    `proven_at`: every resource was read, or proven unchanged, at or after this time.
    """

    receipt: str
    contents: str
    cursor: Mapping[str, Any]
    marks: Mapping[str, str]
    unread: frozenset[str]
    proven_at: datetime


@dataclass(frozen=True)
class Head:
    """What the ledger says of a unit: the digest of its last whole receipt, how many resources there were then, and, if
    the very last collection was held back because the population had shrunk, to how many."""

    whole: str | None = None
    population: int | None = None
    shrunk_to: int | None = None


def heads(ledger: Ledger, tenant_id: str) -> dict[UnitKey, Head]:
    """The head of every unit of a tenant. Raises LedgerBroken for a ledger that cannot be read."""
    path = ledger.root / f"{tenant_id}.heads.json"
    found, end = _remembered(path.read_bytes() if path.is_file() else b"")
    if path.is_file() and end > _size(ledger, tenant_id):
        found, end = {}, 0
    start = end
    for entry in ledger.entries(tenant_id, end):
        end = entry.end
        if entry.kind == LIFE and entry.payload.get("state") == SHREDDED:
            found = {}
        elif entry.kind == "receipt":
            payload = entry.payload
            unit = (str(payload["connection_id"]), str(payload["stream"]), str(payload["scope"]))
            if (head := moved(found.get(unit), payload)) is not None:
                found[unit] = head
    if end > start:
        rows = [[*unit, head.whole, head.population, head.shrunk_to] for unit, head in found.items()]
        durable.replace(path, json.dumps({"end": end, "units": rows}).encode())
    return found


def moved(head: Head | None, payload: Mapping[str, Any]) -> Head | None:
    """The head of a unit once the ledger holds one more receipt of it; None while none was whole."""
    if payload.get("whole"):
        return Head(str(payload["receipt"]), payload.get("population"))
    return head and Head(head.whole, head.population, payload.get("shrunk_to"))


def load_before(store: EvidenceStore, tenant_id: str, head: Head) -> Before | None:
    """What a unit's last whole collection left; None where there was none, or where it can no longer be read."""
    if head.whole is None:
        return None
    try:
        receipt = read_receipt(store, tenant_id, head.whole)
        marks = decode(store.get(tenant_id, receipt.marks_sha256)) if receipt.marks_sha256 else {}
    except _UNREADABLE:
        return None
    return Before(
        receipt=head.whole,
        contents=receipt.contents_sha256,
        cursor=receipt.cursor or {},
        marks=marks,
        unread=_unread(receipt),
        proven_at=receipt.proven_at or receipt.started_at,
    )


LoadBefore = Callable[[], Before | None]


def _unread(receipt: Receipt) -> frozenset[str]:
    return frozenset(error.resource_id for error in receipt.errors if error.resource_id)


def _size(ledger: Ledger, tenant_id: str) -> int:
    path = ledger.path(tenant_id)
    return path.stat().st_size if path.is_file() else 0


def _remembered(data: bytes) -> tuple[dict[UnitKey, Head], int]:
    try:
        found = json.loads(data)
        return {(str(row[0]), str(row[1]), str(row[2])): Head(*row[3:6]) for row in found["units"]}, int(found["end"])
    except (ValueError, KeyError, TypeError, IndexError):
        return {}, 0
