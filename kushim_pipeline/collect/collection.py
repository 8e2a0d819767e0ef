"""One attempt to read one unit: it keeps the bytes, gathers the records, and ends in a receipt.

A collection reads everything, or it builds on the last whole one and reads what may have changed since (a delta).
"""

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

from kushim_pipeline.collect import conclusion
from kushim_pipeline.collect.before import Before, Head, LoadBefore
from kushim_pipeline.collect.earlier import Earlier, Keeper
from kushim_pipeline.collect.http.call import NO_HEADERS, Asked, Known
from kushim_pipeline.collect.record import Packed, clean, pack
from kushim_pipeline.collect.records import Records, Refused
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import canonical
from kushim_pipeline.evidence.receipt import Page, ReadError, Reason, Receipt
from kushim_pipeline.evidence.store import EvidenceStore

MAX_MESSAGE = 500


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
        self._records = Records(partial(store.put, unit.tenant_id), repeats)
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
        self._refuse(self._records.add(rows))

    def _refuse(self, refused: Iterable[Refused]) -> None:
        for resource_id, reason, message in refused:
            self._error(resource_id, reason, "record", message)

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
        parts, refused = self._records.end()
        self._refuse(refused)
        base, hashes, gone = self._base, self._records.hashes, self._gone
        if base is not None:
            for name in sorted(base.unread - gone - hashes.keys() - conclusion.unread(self._errors)):
                self.unreadable(name, Reason.INCOMPLETE, "read", "it could not be read before and was not read now")
        unread = conclusion.unread(self._errors)
        population = conclusion.population(hashes.keys(), unread, base, gone)
        shrunk_to = self._reconcile(len(population))
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
            records=len(hashes),
            records_sha256=parts[0] if parts else None,
            records_more=tuple(parts[1:]),
            contents_sha256=conclusion.contents(hashes, unread, base, gone),
            declared_total=self._declared[0] if self._declared else None,
            declared_by=self._declared[1] if self._declared else None,
            empty_proven_by=self._empty_proven_by,
            errors=tuple(self._errors),
            outcome=conclusion.outcome(self._errors, has_records=bool(hashes)),
            base=base.receipt if base else None,
            gone=tuple(sorted(gone - hashes.keys())) if base else (),
            population=len(population),
            cursor=self._cursor,
            marks_sha256=self._put_marks(population - (unread - hashes.keys())),
            proven_at=self._proven_at,
            shrunk_to=shrunk_to,
            as_of=self._as_of,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            code_version=self._code_version,
        )

    def _reconcile(self, population: int) -> int | None:
        """Hold the population against the vendor's count, against nothing, and against the last one. Out: what it
        shrank to, where that has to be confirmed."""
        if self._declared is not None and self._declared[0] != population:
            total, by = self._declared
            self.problem(Reason.INCOMPLETE, "reconcile", f"{by} declares {total}, {population} were read")
        elif not population and not self._errors and self._empty_proven_by is None and self._declared is None:
            if self._base is None:
                self.problem(Reason.INCOMPLETE, "reconcile", "the list is empty and nothing proves that it should be")
        is_listed = all(error.resource_id is not None for error in self._errors)
        if self._may_shrink or not is_listed or not conclusion.has_shrunk(self._head, population):
            return None
        self.problem(
            Reason.INCOMPLETE,
            "drop guard",
            f"there were {self._head.population} and now there are {population}: so few count only when the next "
            "reading finds them, too",
        )
        return population

    def _put_marks(self, names: set[str]) -> str | None:
        """Keep what the next delta needs to know of each resource, if this reader leaves anything for one."""
        marks = self._records.marks
        if self._base is None and self._cursor is None and not any(marks.values()):
            return None
        kept = {**self._base.marks, **marks} if self._base else marks
        if kept.keys() != names:
            kept = {name: kept.get(name, "") for name in names}
        return self._store.put(self.unit.tenant_id, canonical(kept)) if kept else None

    def _error(self, resource_id: str | None, reason: Reason, operation: str, message: str) -> None:
        text = clean(self._mask(message))[:MAX_MESSAGE]
        with self._lock:
            self._errors.append(ReadError(resource_id=resource_id, reason=reason, operation=operation, message=text))
