"""What a collection proves: the receipt, and the words for what it could not prove."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Outcome(StrEnum):
    """How a collection ended. Only `complete` says that everything was read."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a verdict is UNKNOWN."""

    NOT_COLLECTED = "not_collected"
    DENIED = "denied"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    QUARANTINED = "quarantined"
    DEPENDS_ON_UNKNOWN = "depends_on_unknown"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(_Frozen):
    """One answer of the vendor, kept as evidence before it was parsed. `headers`: those that its reading depends on."""

    sha256: str
    size: int
    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    status: int
    received_at: datetime
    headers: dict[str, str] = Field(default_factory=dict)


class ReadError(_Frozen):
    """What could not be read: one resource, or (resource_id None) the listing itself."""

    resource_id: str | None
    reason: Reason
    operation: str
    message: str


class Receipt(_Frozen):
    """One attempt to read one stream of one connection in one scope. Times are UTC.

    `records_sha256` is the object that holds the records, one JSON line each; `records_more` further such objects,
    where there are many. `contents_sha256` is the digest of their ids and content hashes alone, so two collections
    between which nothing changed have the same.

    A collection with a `base` is a delta: it read only what may have changed since that receipt. Its records replace
    those of the same id, `gone` are the ids that the vendor no longer has, all else stands. `population` is how many
    resources there are with it. `cursor` and `marks_sha256` (an object: id -> mark) are for the next reading.
    `proven_at`: every resource was read, or proven unchanged, at or after this time (default: when the collection
    ended). `shrunk_to`: so few were left that the reading is held back until another confirms it.

    `as_of`: the moment from which the reader counted its windows ("the last 90 days"). `replay_of`: the receipt whose
    pages were read again, without asking the vendor; the pages are that receipt's, and so is `proven_at`: what is read
    again is no fresher than it was.
    """

    tenant_id: str
    connection_id: str
    source: str
    account_id: str
    stream: str
    scope: str
    collection_id: str
    parameters: dict[str, Any]
    pages: tuple[Page, ...]
    records: int
    records_sha256: str | None
    contents_sha256: str
    declared_total: int | None
    declared_by: str | None
    empty_proven_by: str | None
    errors: tuple[ReadError, ...]
    outcome: Outcome
    started_at: datetime
    finished_at: datetime
    code_version: str
    records_more: tuple[str, ...] = ()
    base: str | None = None
    gone: tuple[str, ...] = ()
    population: int | None = None
    cursor: dict[str, Any] | None = None
    marks_sha256: str | None = None
    proven_at: datetime | None = None
    shrunk_to: int | None = None
    as_of: datetime | None = None
    replay_of: str | None = None

    @property
    def objects(self) -> tuple[tuple[str, str], ...]:
        """What evidence the receipt names: (page, records or marks; digest)."""
        records = [*([self.records_sha256] if self.records_sha256 else []), *self.records_more]
        return (
            *(("page", page.sha256) for page in self.pages),
            *(("records", digest) for digest in records),
            *((("marks", self.marks_sha256),) if self.marks_sha256 else ()),
        )

    @property
    def lists_all(self) -> bool:
        """True when the listing is whole, so that what is absent from it is absent at the source."""
        return all(error.resource_id is not None for error in self.errors)

    @property
    def error(self) -> str | None:
        """The first error in words, the listing's own before a resource's; None when there is none."""
        ordered = sorted(self.errors, key=lambda error: error.resource_id is not None)
        return f"{ordered[0].operation}: {ordered[0].message}" if ordered else None
