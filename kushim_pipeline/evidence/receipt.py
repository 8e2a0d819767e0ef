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
    """One answer of the vendor, kept as evidence before it was parsed."""

    sha256: str
    size: int
    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    status: int
    received_at: datetime


class ReadError(_Frozen):
    """What could not be read: one resource, or (resource_id None) the listing itself."""

    resource_id: str | None
    reason: Reason
    operation: str
    message: str


class Receipt(_Frozen):
    """One attempt to read one stream of one connection in one scope. Times are UTC.

    `records_sha256` is the object that holds the records, one JSON line each; `contents_sha256` is the digest of
    their ids and content hashes alone, so two collections between which nothing changed have the same.
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

    @property
    def lists_all(self) -> bool:
        """True when the listing is whole, so that what is absent from it is absent at the source."""
        return all(error.resource_id is not None for error in self.errors)

    @property
    def error(self) -> str | None:
        """The first error in words, the listing's own before a resource's; None when there is none."""
        ordered = sorted(self.errors, key=lambda error: error.resource_id is not None)
        return f"{ordered[0].operation}: {ordered[0].message}" if ordered else None
