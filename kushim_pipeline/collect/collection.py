"""One attempt to read one unit: it keeps the bytes, gathers the records, and ends in a receipt.

A collection reads everything, or it builds on the last whole one and reads what may have changed since (a delta).
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from kushim_pipeline.collect.before import Before, Head, LoadBefore
from kushim_pipeline.collect.earlier import Earlier, Keeper
from kushim_pipeline.collect.http.call import NO_HEADERS, Asked, Known
from kushim_pipeline.collect.record import Packed, clean, pack
from kushim_pipeline.collect.records import PART, Part
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import canonical
from kushim_pipeline.evidence.receipt import Outcome, Page, ReadError, Reason, Receipt
from kushim_pipeline.evidence.store import EvidenceStore

MAX_MESSAGE = 500
SHRINKS_BY = 0.2
"""The share of a population that may be gone at the next reading before a second one has to confirm it …"""
SHRINKS_FROM = 5
"""… where it is at least this many resources."""


class SecretRepeated(ValueError):
    """An answer that holds the connection's own secret; it is not kept, since evidence is kept for ever."""

    def __init__(self) -> None:
        super().__init__("the answer repeats a secret of this connection and was not kept")


def _nothing(_: bytes) -> bool:
    return False


def _no_before() -> Before | None:
    return None


class Collection:
    """What an entity module reports to while it reads. Safe to use from several threads.

    As a context manager it swallows an exception of the reader: the receipt then says `failed`, and no other unit is
    touched. Nothing here raises for what a vendor sends.
    """

    def __init__(
        self,
        unit: Unit,
        store: EvidenceStore,
        *,
        code_version: str,
        mask: Callable[[str], str],
        repeats: Callable[[bytes], bool] = _nothing,
        head: Head | None = None,
        before: LoadBefore = _no_before,
        as_of: datetime | None = None,
    ) -> None:
        """In: the unit, where bytes go, and the version of the reading code; what the ledger says of the unit; the
        moment from which its reader counts windows.

        Functions: `mask` takes secrets out of a text, `repeats` says whether bytes hold one, `before` loads what the
        last whole collection left.
        """
        self.unit = unit
        self._head = head or Head()
        self._load_before = before
        self._before: Before | None = None
        self._loaded = False
        self._earlier: Earlier | None = None
        self._base: Before | None = None
        self._gone: set[str] = set()
        self._marks: dict[str, str] = {}
        self._cursor: dict[str, Any] | None = None
        self._proven_at: datetime | None = None
        self._may_shrink = False
        self._repeats = repeats
        self._store = store
        self._code_version = code_version
        self._mask = mask
        self._as_of = as_of
        self._lock = threading.Lock()
        self._started_at = datetime.now(UTC)
        self._pages: list[Page] = []
        self._parts: list[str | None] = []
        self._part = Part(0)
        self._hashes: dict[str, str] = {}
        self._errors: list[ReadError] = []
        self._declared: tuple[int, str] | None = None
        self._empty_proven_by: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> bool:
        if isinstance(error, Exception):
            self.problem(Reason.NOT_COLLECTED, "read", f"{type(error).__name__}: {error}")
            return True
        return False

    @property
    def keep(self) -> Keeper:
        """What stores an answer's bytes before anybody parses them, and knows what was answered at earlier times.

        It returns their SHA-256 and raises SecretRepeated.
        """
        return Keeper(self._keep, self._known)

    def _keep(
        self,
        body: bytes,
        *,
        operation: str,
        parameters: Mapping[str, Any],
        status: int,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> str:
        if self._repeats(body):
            raise SecretRepeated
        digest = self._store.put(self.unit.tenant_id, body)
        page = Page(
            sha256=digest,
            size=len(body),
            operation=operation,
            parameters={
                key: self._mask(value) if isinstance(value, str) else value for key, value in parameters.items()
            },
            status=status,
            received_at=datetime.now(UTC),
            headers={name: self._mask(value) for name, value in headers.items()},
        )
        with self._lock:
            self._pages.append(page)
        return digest

    def _known(self, asked: Asked) -> Known | None:
        before = self.before
        with self._lock:
            if self._earlier is None:
                self._earlier = Earlier(self._store, self.unit.tenant_id, before.receipt if before else None)
            earlier = self._earlier
        return earlier.known(asked)

    @property
    def before(self) -> Before | None:
        """What the last whole collection of this unit left behind; None at the first."""
        with self._lock:
            if not self._loaded:
                self._before, self._loaded = self._load_before(), True
            return self._before

    def build_on_before(self) -> Before:
        """Make this collection a delta: what is neither recorded, unreadable nor gone stands as it was.

        Raises ValueError where there is nothing to build on.
        """
        before = self.before
        if before is None:
            raise ValueError("there is no whole collection to build on")
        self._base = before
        return before

    def gone(self, resource_id: str) -> None:
        """Report, in a delta, that the vendor no longer has a resource."""
        with self._lock:
            self._gone.add(resource_id)

    def only(self, resource_ids: Iterable[str]) -> None:
        """Report, in a delta, the whole population: everything of before that is not in it is gone."""
        if self._base is not None:
            there = set(resource_ids)
            with self._lock:
                self._gone |= (self._base.marks.keys() | self._base.unread) - there

    def set_cursor(self, cursor: Mapping[str, Any]) -> None:
        """Leave something for the next reading. It counts only if this collection's listing is whole."""
        self._cursor = dict(cursor)

    def proven(self, at: datetime) -> None:
        """Say as of when all of the population is known, where that is earlier than this collection."""
        self._proven_at = at

    def may_shrink(self) -> None:
        """Say that a smaller population is nothing to wonder at, as of events that leave a log."""
        self._may_shrink = True

    def record(
        self,
        resource_id: str,
        body: Mapping[str, Any] | bytes,
        *,
        evidence: str,
        observed_at: datetime | None = None,
        mark: str = "",
    ) -> None:
        """Report one resource.

        In: its id, its raw JSON (or the canonical form of it), the digest of the page it stands in, the source's own
        time if it gives one, and a mark by which the next reading tells whether to read it again. A body that is not
        JSON every engine reads alike is quarantined alone; of a resource that is listed twice the first record stands,
        and the list is not whole: it moved while it was read.
        """
        self.record_many([pack(resource_id, body, evidence, observed_at=observed_at, mark=mark)])

    def record_many(self, rows: Iterable[Packed]) -> None:
        """Report resources as `record` does, in half the time."""
        twice: list[str] = []
        troubles: list[Packed] = []
        full: list[Part] = []
        ready = list(rows)
        hashes, marks = self._hashes, self._marks
        with self._lock:
            part = self._part
            for row in ready:
                name, line, content, mark, shown, trouble = row
                if trouble:
                    troubles.append(row)
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
        for part in full:
            self._put(part)
        for row in troubles:
            if row.id:
                self.unreadable(row.id, Reason.QUARANTINED, "record", row.trouble)
            else:
                self.problem(Reason.QUARANTINED, "record", row.trouble)
        for name in twice:
            message = f"{name} was listed twice: the list moved or a page came again"
            self.problem(Reason.INCOMPLETE, "record", message)

    def _next_part(self) -> Part:
        """Begin a new part of the records. Out: the one before."""
        ended = self._part
        self._parts.append(None)
        self._part = Part(len(self._parts))
        return ended

    def _put(self, part: Part) -> None:
        """Keep a part of the records, without those that repeat a secret."""
        for name in part.leave_out(self._repeats):
            with self._lock:
                del self._hashes[name], self._marks[name]
            self.problem(Reason.QUARANTINED, "record", "a record repeats a secret of this connection")
        if part.lines:
            digest = self._store.put(self.unit.tenant_id, part.joined())
            with self._lock:
                self._parts[part.number] = digest

    def unreadable(self, resource_id: str, reason: Reason, operation: str, message: str) -> None:
        """Report that this resource could not be read; the others stand."""
        self._error(resource_id, reason, operation, message)

    def problem(self, reason: Reason, operation: str, message: str) -> None:
        """Report that the listing itself is not whole: the unit's population is UNKNOWN."""
        self._error(None, reason, operation, message)

    def declare(self, total: int, by: str) -> None:
        """Report the vendor's own count of the population, and which call gave it."""
        self._declared = (total, by)

    def empty_is_proven(self, by: str) -> None:
        """Say why zero records prove an empty population (for instance: the call lists all or is denied)."""
        self._empty_proven_by = by

    def finish(self) -> Receipt:
        """End the collection: store its records and return its receipt. Called once, after the last report."""
        self._put(self._next_part())
        population = self._population()
        shrunk_to = self._reconcile(population)
        parts = [digest for digest in self._parts if digest]
        return Receipt(
            tenant_id=self.unit.tenant_id,
            connection_id=self.unit.connection_id,
            source=self.unit.source,
            account_id=self.unit.account_id,
            stream=self.unit.stream,
            scope=self.unit.scope,
            collection_id=uuid.uuid4().hex,
            parameters={"account": self.unit.account_id, "stream": self.unit.stream, "scope": self.unit.scope},
            pages=tuple(self._pages),
            records=len(self._hashes),
            records_sha256=parts[0] if parts else None,
            records_more=tuple(parts[1:]),
            contents_sha256=self._contents(),
            declared_total=self._declared[0] if self._declared else None,
            declared_by=self._declared[1] if self._declared else None,
            empty_proven_by=self._empty_proven_by,
            errors=tuple(self._errors),
            outcome=self._outcome(),
            base=self._base.receipt if self._base else None,
            gone=tuple(sorted(self._gone - self._hashes.keys())) if self._base else (),
            population=len(population),
            cursor=self._cursor,
            marks_sha256=self._put_marks(population),
            proven_at=self._proven_at,
            shrunk_to=shrunk_to,
            as_of=self._as_of,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            code_version=self._code_version,
        )

    def _population(self) -> set[str]:
        """Every resource that is there: read now, seen but unreadable now, or standing as it was."""
        found = self._hashes.keys() | self._unread()
        if self._base is None:
            return found
        return found | ((self._base.marks.keys() | self._base.unread) - self._gone)

    def _reconcile(self, population: set[str]) -> int | None:
        """Hold the population against the vendor's count, against nothing, and against the last one. Out: what it
        shrank to, where that has to be confirmed."""
        if self._base is not None:
            for name in sorted(self._base.unread - self._gone - self._hashes.keys() - self._unread()):
                self.unreadable(name, Reason.INCOMPLETE, "read", "it could not be read before and was not read now")
        if self._declared is not None and self._declared[0] != len(population):
            total, by = self._declared
            self.problem(Reason.INCOMPLETE, "reconcile", f"{by} declares {total}, {len(population)} were read")
        elif not population and not self._errors and self._empty_proven_by is None and self._declared is None:
            if self._base is None:
                self.problem(Reason.INCOMPLETE, "reconcile", "the list is empty and nothing proves that it should be")
        was, now = self._head.population or 0, len(population)
        lost = was - now
        if self._may_shrink or lost < SHRINKS_FROM or lost < was * SHRINKS_BY:
            return None
        if any(error.resource_id is None for error in self._errors):
            return None
        seen = self._head.shrunk_to
        if seen is not None and abs(seen - now) <= max(seen, now) * SHRINKS_BY / 2:
            return None
        self.problem(
            Reason.INCOMPLETE,
            "drop guard",
            f"there were {was} and now there are {now}: so few count only when the next reading finds them, too",
        )
        return now

    def _unread(self) -> set[str]:
        return {error.resource_id for error in self._errors if error.resource_id}

    def _put_marks(self, population: set[str]) -> str | None:
        """Keep what the next delta needs to know of each resource, if this reader leaves anything for one."""
        if self._base is None and self._cursor is None and not any(self._marks.values()):
            return None
        before = self._base.marks if self._base else {}
        unread = self._unread() - self._hashes.keys()
        marks = {name: self._marks.get(name, before.get(name, "")) for name in population - unread}
        return self._store.put(self.unit.tenant_id, canonical(marks)) if marks else None

    def _outcome(self) -> Outcome:
        if not self._errors:
            return Outcome.COMPLETE
        listing = {error.reason for error in self._errors if error.resource_id is None}
        if not self._hashes and Reason.DENIED in listing:
            return Outcome.DENIED
        if not self._hashes and Reason.NOT_COLLECTED in listing:
            return Outcome.FAILED
        return Outcome.PARTIAL

    def _contents(self) -> str:
        """The digest of what was read, free of when and in which page: equal on a day when nothing changed."""
        # Unread resources count in it: one that is gone at the next reading is then a change, and not overlooked.
        seen = {error.resource_id: "unread" for error in self._errors if error.resource_id} | self._hashes
        lines = "".join(f"{name} {seen[name]}\n" for name in sorted(seen))
        if self._base is not None:
            gone = "".join(
                f"{name} gone\n" for name in sorted(self._gone & (self._base.marks.keys() | self._base.unread))
            )
            if not lines and not gone:
                return self._base.contents
            lines = f"{self._base.contents}\n{lines}{gone}"
        return hashlib.sha256(lines.encode()).hexdigest()

    def _error(self, resource_id: str | None, reason: Reason, operation: str, message: str) -> None:
        text = clean(self._mask(message))[:MAX_MESSAGE]
        with self._lock:
            self._errors.append(ReadError(resource_id=resource_id, reason=reason, operation=operation, message=text))
