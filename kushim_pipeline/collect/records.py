"""The records of one collection on their way to the evidence store, in parts: a hundred thousand fit into memory."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from kushim_pipeline.collect.record import Packed
from kushim_pipeline.evidence.receipt import Reason

PART = 8 * 2**20
"""Bytes of records, about, that one object of the evidence store holds."""


class Refused(NamedTuple):
    """A record that was not taken in: whose it is, None where that is a matter of the whole list; why."""

    resource_id: str | None
    reason: Reason
    message: str


@dataclass
class _Part:
    """Lines by id. `number`: which part of the collection's it is; `shown`: whether the pages' bytes show whatever the
    lines hold."""

    number: int
    lines: dict[str, bytes] = field(default_factory=dict)
    size: int = 0
    shown: bool = True

    def leave_out(self, repeats: Callable[[bytes], bool]) -> list[str]:
        """Drop every line that holds a secret, in a spelling that its page did not show. Out: whose they were."""
        # All are searched together, in half the time of one by one. Pages are searched before they are kept.
        if self.shown or not repeats(b"\n".join(self.lines.values())):
            return []
        names = [name for name, line in self.lines.items() if repeats(line)]
        for name in names:
            del self.lines[name]
        return names

    def joined(self) -> bytes:
        """The lines in the order of their ids."""
        return b"\n".join([self.lines[name] for name in sorted(self.lines)])


class Records:
    """Safe to use from several threads. `hashes`, `marks`: of every record that was taken in, by its id."""

    def __init__(self, put: Callable[[bytes], str], repeats: Callable[[bytes], bool]) -> None:
        """In: what keeps bytes durably and gives their digest; what says whether bytes hold a secret."""
        self.hashes: dict[str, str] = {}
        self.marks: dict[str, str] = {}
        self._put = put
        self._repeats = repeats
        self._lock = threading.Lock()
        self._digests: list[str | None] = []
        self._part = _Part(0)

    def add(self, rows: Iterable[Packed]) -> list[Refused]:
        """Take records in. Out: those that were not. Of a resource that comes twice the first record stands."""
        refused: list[Refused] = []
        twice: list[str] = []
        full: list[_Part] = []
        ready = list(rows)
        hashes, marks = self.hashes, self.marks
        with self._lock:
            part = self._part
            for name, line, content, mark, shown, trouble in ready:
                if trouble:
                    refused.append(Refused(name or None, Reason.QUARANTINED, trouble))
                    continue
                if name in hashes:
                    twice.append(name)
                    continue
                hashes[name], marks[name], part.lines[name] = content, mark, line
                part.size += len(line)
                part.shown &= shown
                if part.size >= PART:
                    full.append(self._next_part())
                    part = self._part
        for ended in full:
            refused += self._keep(ended)
        for name in twice:
            message = f"{name} was listed twice: the list moved or a page came again"
            refused.append(Refused(None, Reason.INCOMPLETE, message))
        return refused

    def end(self) -> tuple[list[str], list[Refused]]:
        """Keep what is left. Out: the digests of all parts, and the records of the last one that were not taken in."""
        refused = self._keep(self._next_part())
        return [digest for digest in self._digests if digest], refused

    def _next_part(self) -> _Part:
        """Begin a new part. Out: the one before."""
        ended = self._part
        self._digests.append(None)
        self._part = _Part(len(self._digests))
        return ended

    def _keep(self, part: _Part) -> list[Refused]:
        """Keep a part. Out: its records that repeat a secret and are left out."""
        left_out = part.leave_out(self._repeats)
        digest = self._put(part.joined()) if part.lines else None
        with self._lock:
            self._digests[part.number] = digest
            for name in left_out:
                del self.hashes[name], self.marks[name]
        return [Refused(None, Reason.QUARANTINED, "a record repeats a secret of this connection") for _ in left_out]
