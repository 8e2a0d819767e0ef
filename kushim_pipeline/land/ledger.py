"""Bring what the ledgers hold into raw.*: receipts, records as versions, and which units were planned.

One writer, all tenants at once. Landing reads only acknowledged ledger entries and remembers how far it came in the
same transaction, so a killed landing is repeated whole: nothing is lost and nothing stands twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from kushim_pipeline.evidence.ledger import Entry, Ledger
from kushim_pipeline.evidence.life import shredded_at
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.evidence.store import EvidenceLocked, EvidenceMissing, EvidenceShredded, EvidenceStore
from kushim_pipeline.evidence.verify import read_receipt
from kushim_pipeline.warehouse import Warehouse, sql_text

BATCH_RECEIPTS = 5_000

_RECEIPT_COLUMNS = (
    "tenant_id", "collection_id", "connection_id", "source", "account_id", "stream", "scope", "outcome", "lists_all",
    "pages", "records", "declared_total", "declared_by", "error", "parameters", "started_at", "finished_at",
    "code_version", "receipt_sha256", "records_sha256", "contents_sha256", "last_page_sha256", "ledger_sequence",
    "recorded_at", "base_sha256", "population", "cursor", "proven_at",
    "replay_of",
)  # fmt: skip
_UNIT = ("tenant_id", "connection_id", "stream", "scope")
UnitKey = tuple[str, str, str, str]
_GONE = (EvidenceMissing, EvidenceLocked, EvidenceShredded)


@dataclass
class Landed:
    """What a landing did: how many receipts came in, how many of them changed nothing, how many records were staged."""

    receipts: int = 0
    unchanged: int = 0
    records: int = 0
    by_source: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Arrival:
    """A receipt on its way in, with the time from which its records count."""

    receipt: Receipt
    digest: str
    sequence: int
    collected_at: datetime

    @property
    def unit(self) -> UnitKey:
        return (self.receipt.tenant_id, self.receipt.connection_id, self.receipt.stream, self.receipt.scope)


def land(warehouse: Warehouse, store: EvidenceStore, ledger: Ledger) -> Landed:
    """Land everything that the ledgers hold and the warehouse does not have yet.

    Raises EvidenceMissing, EvidenceCorrupt or LedgerBroken, with nothing of that batch landed, when evidence that was
    acknowledged is no longer whole: `kushim verify` then names every broken record.
    """
    landed = Landed()
    for entries in _batches(_new_entries(warehouse, ledger)):
        with warehouse.transaction():
            _land_batch(warehouse, store, ledger, entries, landed)
    return landed


def _new_entries(warehouse: Warehouse, ledger: Ledger) -> Iterator[Entry]:
    known = dict(warehouse.query("SELECT tenant_id, end_offset FROM raw.ledger_position").rows)
    for tenant_id in ledger.tenants():
        if tenant_id in known:
            yield from ledger.entries(tenant_id, known[tenant_id])
        else:
            # A warehouse that is made anew: what a tenant was before it was shredded cannot come back.
            first = shredded_at(ledger, tenant_id)
            yield from (entry for entry in ledger.entries(tenant_id) if entry.sequence >= first)


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) >= BATCH_RECEIPTS:
            yield batch
            batch = []
    if batch:
        yield batch


def _land_batch(
    warehouse: Warehouse, store: EvidenceStore, ledger: Ledger, entries: Sequence[Entry], landed: Landed
) -> None:
    _land_plans(warehouse, [entry for entry in entries if entry.kind == "plan"])
    last = _last_landed(warehouse, sorted({entry.tenant_id for entry in entries}))
    rounds: list[dict[UnitKey, _Arrival]] = []
    depth: dict[UnitKey, int] = {}
    for entry in entries:
        if entry.kind != "receipt":
            continue
        try:
            arrival = _arrival(store, entry, last)
        except _GONE:
            # A tenant that was shredded, as its ledger says, is not evidence that was lost.
            if entry.sequence > shredded_at(ledger, entry.tenant_id):
                raise
            continue
        landed.receipts += 1
        landed.by_source[arrival.receipt.source] = landed.by_source.get(arrival.receipt.source, 0) + 1
        # The same unit may have been collected several times since the last landing: one round each, oldest first.
        position = depth.get(arrival.unit, 0)
        depth[arrival.unit] = position + 1
        if position == len(rounds):
            rounds.append({})
        rounds[position][arrival.unit] = arrival
    for arrivals in rounds:
        _land_round(warehouse, store, list(arrivals.values()), last, landed)
    _remember(warehouse, entries)


def _arrival(store: EvidenceStore, entry: Entry, last: dict[UnitKey, tuple[datetime, str | None]]) -> _Arrival:
    digest = str(entry.payload["receipt"])
    receipt = read_receipt(store, entry.tenant_id, digest)
    unit = (receipt.tenant_id, receipt.connection_id, receipt.stream, receipt.scope)
    before = last.get(unit, (None, None))
    # A clock that was set back must not fold time: the ledger's order decides.
    after = before[0] + timedelta(microseconds=1) if before[0] else receipt.finished_at
    collected_at = max(receipt.finished_at, after)
    last[unit] = (collected_at, before[1])
    return _Arrival(receipt, digest, entry.sequence, collected_at)


def _last_landed(warehouse: Warehouse, tenant_ids: list[str]) -> dict[UnitKey, tuple[datetime, str | None]]:
    """Per unit: when it was last collected, and the digest of what it then held (None unless its listing was whole)."""
    marks = ", ".join("?" for _ in tenant_ids)
    rows = warehouse.query(
        "SELECT tenant_id, connection_id, stream, scope, finished_at, CASE WHEN lists_all THEN contents_sha256 END "
        f"FROM raw.receipt WHERE superseded_at IS NULL AND tenant_id IN ({marks})",
        tenant_ids,
    ).rows
    return {tuple(row[:4]): (row[4], row[5]) for row in rows}


def _land_round(
    warehouse: Warehouse,
    store: EvidenceStore,
    arrivals: list[_Arrival],
    last: dict[UnitKey, tuple[datetime, str | None]],
    landed: Landed,
) -> None:
    warehouse.load("raw.receipt", _RECEIPT_COLUMNS, map(_receipt_row, arrivals))
    warehouse.script(sql_text("land/supersede.sql"))
    errors = [
        (
            *arrival.unit,
            arrival.receipt.collection_id,
            error.resource_id,
            error.reason.value,
            error.operation,
            error.message,
        )
        for arrival in arrivals
        for error in arrival.receipt.errors
    ]
    warehouse.load(
        "raw.receipt_error", (*_UNIT, "collection_id", "resource_id", "reason", "operation", "message"), errors
    )
    moving = [arrival for arrival in arrivals if arrival.receipt.lists_all]
    changed = [arrival for arrival in moving if last[arrival.unit][1] != arrival.receipt.contents_sha256]
    landed.unchanged += len(moving) - len(changed)
    for arrival in arrivals:
        contents = arrival.receipt.contents_sha256 if arrival.receipt.lists_all else None
        last[arrival.unit] = (last[arrival.unit][0], contents)
    if not changed:
        return
    warehouse.script(sql_text("land/stage.sql"))
    warehouse.load(
        "stage_unit",
        ("tenant_id", "connection_id", "source", "account_id", "stream", "scope", "collected_at", "is_delta"),
        (
            (a.receipt.tenant_id, a.receipt.connection_id, a.receipt.source, a.receipt.account_id, a.receipt.stream,
             a.receipt.scope, a.collected_at, a.receipt.base is not None)
            for a in changed
        ),
    )  # fmt: skip
    warehouse.load(
        "stage_gone",
        (*_UNIT, "resource_id"),
        ((*a.unit, resource_id) for a in changed for resource_id in a.receipt.gone),
    )
    unread = [(*a.unit, e.resource_id) for a in changed for e in a.receipt.errors]
    warehouse.load("stage_unread", (*_UNIT, "resource_id"), unread)
    landed.records += warehouse.load(
        "stage_record",
        (*_UNIT, "resource_id", "content_hash", "body", "evidence_sha256", "observed_at"),
        (row for arrival in changed for row in _record_rows(store, arrival)),
    )
    for table in ("stage_unit", "stage_unread", "stage_gone", "stage_record"):
        warehouse.refresh_statistics(table)
    warehouse.script(sql_text("land/merge_records.sql"))


def _receipt_row(arrival: _Arrival) -> tuple[Any, ...]:
    receipt = arrival.receipt
    return (
        receipt.tenant_id, receipt.collection_id, receipt.connection_id, receipt.source, receipt.account_id,
        receipt.stream, receipt.scope, receipt.outcome.value, receipt.lists_all, len(receipt.pages), receipt.records,
        receipt.declared_total, receipt.declared_by, receipt.error, orjson.dumps(receipt.parameters).decode(),
        receipt.started_at, arrival.collected_at, receipt.code_version, arrival.digest, receipt.records_sha256,
        receipt.contents_sha256, receipt.pages[-1].sha256 if receipt.pages else None, arrival.sequence,
        datetime.now(UTC), receipt.base, receipt.population,
        orjson.dumps(receipt.cursor).decode() if receipt.cursor is not None else None, receipt.proven_at,
        receipt.replay_of,
    )  # fmt: skip


def _record_rows(store: EvidenceStore, arrival: _Arrival) -> Iterator[tuple[Any, ...]]:
    digests = [digest for kind, digest in arrival.receipt.objects if kind == "records"]
    for line in (line for digest in digests for line in store.get(arrival.receipt.tenant_id, digest).splitlines()):
        record = orjson.loads(line)
        observed_at = record["observed_at"]
        yield (
            *arrival.unit,
            record["id"],
            record["hash"],
            orjson.dumps(record["body"], option=orjson.OPT_SORT_KEYS).decode(),
            record["evidence"],
            datetime.fromisoformat(observed_at) if observed_at else None,
        )


def _land_plans(warehouse: Warehouse, plans: Sequence[Entry]) -> None:
    warehouse.load(
        "raw.plan",
        ("tenant_id", "connection_id", "planned_at", "units", "recorded_at"),
        (
            (
                plan.tenant_id,
                plan.payload["connection_id"],
                datetime.fromisoformat(plan.payload["planned_at"]),
                len(plan.payload["units"]),
                datetime.now(UTC),
            )
            for plan in plans
        ),
    )
    warehouse.script(sql_text("land/supersede_plans.sql"))


def _remember(warehouse: Warehouse, entries: Sequence[Entry]) -> None:
    newest = {entry.tenant_id: entry for entry in entries}
    for tenant_id in newest:
        warehouse.query("DELETE FROM raw.ledger_position WHERE tenant_id = ?", (tenant_id,))
    warehouse.load(
        "raw.ledger_position",
        ("tenant_id", "sequence", "end_offset"),
        ((entry.tenant_id, entry.sequence, entry.end) for entry in newest.values()),
    )
