"""The append-only ledger: one file a tenant, one JSON line an entry, each holding its predecessor's hash.

An entry's hash is the SHA-256 of the canonical form of everything else in it, `previous` included: to change an old
entry is to change every later one. A line without its newline was never acknowledged: it is what a crash left behind.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kushim_pipeline.evidence.json_door import BadJson, canonical, content_hash, decode

GENESIS = "0" * 64


class LedgerMoved(RuntimeError):
    """Something was written since the entry that was to be the last one."""


class LedgerBroken(ValueError):
    """An entry does not follow from its predecessor. The text names tenant and entry."""


@dataclass(frozen=True)
class Entry:
    """One line of a tenant's ledger. `end` is the byte offset after it: where a later reading may start."""

    tenant_id: str
    sequence: int
    previous: str
    recorded_at: datetime
    kind: str
    payload: Mapping[str, Any]
    hash: str
    end: int


class Ledger:
    """The ledgers of all tenants in a folder."""

    def __init__(self, root: Path) -> None:
        """In: the evidence folder; ledgers lie in its `ledger/`."""
        self.root = root / "ledger"

    def tenants(self) -> list[str]:
        """The tenants that have a ledger, sorted."""
        return sorted(path.stem for path in self.root.glob("*.jsonl"))

    def append(self, tenant_id: str, kind: str, payload: Mapping[str, Any], *, after: int | None = None) -> Entry:
        """Write one entry durably and return it. Processes and threads may append at once: a file lock orders them.

        In: `after`, the sequence of the entry that it has to follow, for what holds only as long as nothing else was
        written; then raises LedgerMoved. Raises LedgerBroken when the last entry cannot be read, since nothing may
        follow a broken one.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.path(tenant_id)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = _whole_end(file.fileno())
            if end < file.seek(0, os.SEEK_END):
                file.truncate(end)
            last = _entry(tenant_id, _last_line(file.fileno(), end), end) if end else None
            if after is not None and (last.sequence if last else 0) != after:
                raise LedgerMoved(f"the ledger of tenant {tenant_id} has moved on from entry {after}")
            body: dict[str, Any] = {
                "sequence": last.sequence + 1 if last else 1,
                "previous": last.hash if last else GENESIS,
                "recorded_at": datetime.now(UTC).isoformat(),
                "kind": kind,
                "payload": dict(payload),
            }
            line = canonical({**body, "hash": content_hash(body)}) + b"\n"
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            return _entry(tenant_id, line, end + len(line))

    def entries(self, tenant_id: str, after: int = 0) -> Iterator[Entry]:
        """The whole entries from byte offset `after` on (an earlier entry's `end`), oldest first.

        Raises LedgerBroken at a line that is no entry. Chains are checked by `verify`, not here.
        """
        try:
            file = self.path(tenant_id).open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(after)
            end = after
            for line in file:
                if not line.endswith(b"\n"):
                    return
                end += len(line)
                yield _entry(tenant_id, line, end)

    def path(self, tenant_id: str) -> Path:
        """Where a tenant's ledger lies."""
        return self.root / f"{tenant_id}.jsonl"


def entry_hash(entry: Entry) -> str:
    """What the entry's hash must be, recomputed from its other fields."""
    return content_hash(
        {
            "sequence": entry.sequence,
            "previous": entry.previous,
            "recorded_at": entry.recorded_at.isoformat(),
            "kind": entry.kind,
            "payload": dict(entry.payload),
        }
    )


def _entry(tenant_id: str, line: bytes, end: int) -> Entry:
    try:
        fields = decode(line.rstrip(b"\n"))
        return Entry(
            tenant_id=tenant_id,
            sequence=fields["sequence"],
            previous=fields["previous"],
            recorded_at=datetime.fromisoformat(fields["recorded_at"]),
            kind=fields["kind"],
            payload=fields["payload"],
            hash=fields["hash"],
            end=end,
        )
    except (BadJson, KeyError, TypeError, ValueError) as error:
        raise LedgerBroken(
            f"ledger of tenant {tenant_id}: the entry that ends at byte {end} is unreadable: {error}"
        ) from None


def _whole_end(handle: int) -> int:
    """The offset after the last newline: what was acknowledged. A torn tail after it was not."""
    size = os.fstat(handle).st_size
    position = size
    while position > 0:
        start = max(0, position - 4096)
        found = os.pread(handle, position - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0


def _last_line(handle: int, end: int) -> bytes:
    start = end - 1
    while start > 0:
        block = max(0, start - 4096)
        found = os.pread(handle, start - block, block).rfind(b"\n")
        if found >= 0:
            start = block + found + 1
            break
        start = block
    return os.pread(handle, end - start, start)
