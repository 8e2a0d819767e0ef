"""One attempt to read one unit: it keeps the bytes, gathers the records, and ends in a receipt."""

import hashlib
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import BadJson, canonical, decode
from kushim_pipeline.evidence.receipt import Outcome, Page, ReadError, Reason, Receipt
from kushim_pipeline.evidence.store import EvidenceStore

MAX_RESOURCE_ID = 2048
MAX_MESSAGE = 500


class SecretRepeated(ValueError):
    """An answer that holds the connection's own secret; it is not kept, since evidence is kept for ever."""

    def __init__(self) -> None:
        super().__init__("the answer repeats a secret of this connection and was not kept")


def _nothing(_: bytes) -> bool:
    return False


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
    ) -> None:
        """In: the unit, where bytes go, and the version of the reading code.

        Functions: `mask` takes secrets out of a text, `repeats` says whether bytes hold one.
        """
        self.unit = unit
        self._repeats = repeats
        self._store = store
        self._code_version = code_version
        self._mask = mask
        self._lock = threading.Lock()
        self._started_at = datetime.now(UTC)
        self._pages: list[Page] = []
        self._records: dict[str, bytes] = {}
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

    def keep(self, body: bytes, *, operation: str, parameters: Mapping[str, Any], status: int) -> str:
        """Store an answer's bytes before anybody parses them. Returns their SHA-256. Raises SecretRepeated."""
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
        )
        with self._lock:
            self._pages.append(page)
        return digest

    def record(
        self, resource_id: str, body: Mapping[str, Any], *, evidence: str, observed_at: datetime | None = None
    ) -> None:
        """Report one resource.

        In: its id, its raw JSON, the digest of the page it stands in, and the source's own time if it gives one.
        A body that is not JSON every engine reads alike is quarantined alone; a resource listed twice with different
        contents means that the list moved while it was read.
        """
        if not resource_id or len(resource_id) > MAX_RESOURCE_ID:
            self.problem(Reason.QUARANTINED, "record", "a record has no usable id")
            return
        try:
            raw = canonical(body)
            if b"\\u0000" in raw:
                decode(raw)
            digest = hashlib.sha256(raw).hexdigest()
            line = canonical(
                {
                    "id": resource_id,
                    "hash": digest,
                    "evidence": evidence,
                    "observed_at": observed_at.astimezone(UTC).isoformat() if observed_at else None,
                    "body": body,
                }
            )
        except BadJson as error:
            self.unreadable(_clean(resource_id), Reason.QUARANTINED, "record", str(error))
            return
        if self._repeats(line):
            # It came in a spelling that the answer's bytes do not show, say with a letter escaped.
            self.problem(Reason.QUARANTINED, "record", "a record repeats a secret of this connection")
            return
        with self._lock:
            twice = resource_id in self._records
            self._records[resource_id] = line
            self._hashes[resource_id] = digest
        if twice:
            self.problem(
                Reason.INCOMPLETE, "record", f"{resource_id} was listed twice: the list moved or a page came again"
            )

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
        if self._declared is not None and self._declared[0] != len(self._records) + self._unreadable_only():
            total, by = self._declared
            self.problem(Reason.INCOMPLETE, "reconcile", f"{by} declares {total}, {len(self._records)} were read")
        elif not self._records and not self._errors and self._empty_proven_by is None and self._declared is None:
            self.problem(Reason.INCOMPLETE, "reconcile", "the list is empty and nothing proves that it should be")
        lines = [self._records[key] for key in sorted(self._records)]
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
            records=len(lines),
            records_sha256=self._store.put(self.unit.tenant_id, b"\n".join(lines)) if lines else None,
            contents_sha256=self._contents(),
            declared_total=self._declared[0] if self._declared else None,
            declared_by=self._declared[1] if self._declared else None,
            empty_proven_by=self._empty_proven_by,
            errors=tuple(self._errors),
            outcome=self._outcome(),
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            code_version=self._code_version,
        )

    def _outcome(self) -> Outcome:
        if not self._errors:
            return Outcome.COMPLETE
        listing = {error.reason for error in self._errors if error.resource_id is None}
        if not self._records and Reason.DENIED in listing:
            return Outcome.DENIED
        if not self._records and Reason.NOT_COLLECTED in listing:
            return Outcome.FAILED
        return Outcome.PARTIAL

    def _contents(self) -> str:
        """The digest of what was read, free of when and in which page: equal on a day when nothing changed."""
        # Unread resources count in it: one that is gone at the next reading is then a change, and not overlooked.
        seen = {error.resource_id: "unread" for error in self._errors if error.resource_id} | self._hashes
        return hashlib.sha256("".join(f"{name} {seen[name]}\n" for name in sorted(seen)).encode()).hexdigest()

    def _unreadable_only(self) -> int:
        """Resources that were seen, and so count towards the declared total, but could not be read."""
        return len({error.resource_id for error in self._errors if error.resource_id} - self._records.keys())

    def _error(self, resource_id: str | None, reason: Reason, operation: str, message: str) -> None:
        text = _clean(self._mask(message))[:MAX_MESSAGE]
        with self._lock:
            self._errors.append(ReadError(resource_id=resource_id, reason=reason, operation=operation, message=text))


def _clean(text: str) -> str:
    """The text without what neither a database nor a terminal should be handed: control characters, half surrogates."""
    return "".join(
        character if character.isprintable() and not "\ud800" <= character <= "\udfff" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
