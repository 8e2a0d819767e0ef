"""Put records and receipts of a test's own making where the pipeline finds them: in a store and its ledger."""

import functools
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.warehouse import open_writer

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Shelf:
    """An evidence store and ledger that a test fills itself."""

    root: Path
    store: FileStore = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.store = FileStore(self.root)
        self.ledger = Ledger(self.root)

    def plan(self, units: Iterable[Unit], at: datetime) -> None:
        """Write the plan entry of one collection."""
        listed = list(units)
        self.ledger.append(
            listed[0].tenant_id,
            "plan",
            {
                "connection_id": listed[0].connection_id,
                "source": listed[0].source,
                "units": [[unit.stream, unit.scope] for unit in listed],
                "planned_at": at.isoformat(),
            },
        )

    def collect(
        self,
        unit: Unit,
        records: Mapping[str, Mapping[str, Any]],
        *,
        at: datetime,
        unreadable: Mapping[str, Reason] | None = None,
        problem: Reason | None = None,
        outcome: Outcome | None = None,
        declared_total: int | None = None,
        cursor: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """One collection with these records, finished at a time, with a receipt in the ledger."""
        collection = Collection(unit, self.store, code_version="test", mask=str)
        page = collection.keep(f"{unit} {at}".encode(), operation="Read", parameters={}, status=200)
        for resource_id, body in records.items():
            collection.record(resource_id, body, evidence=page)
        for resource_id, reason in (unreadable or {}).items():
            collection.unreadable(resource_id, reason, "Read", "planted")
        if problem:
            collection.problem(problem, "Read", "planted")
        if declared_total is not None:
            collection.declare(declared_total, "Count")
        collection.empty_is_proven("the test says so")
        receipt = collection.finish()
        changed: dict[str, Any] = {"started_at": at - timedelta(seconds=1), "finished_at": at, "cursor": cursor}
        if outcome:
            changed["outcome"] = outcome
        receipt = receipt.model_copy(update=changed)
        self.ledger.append(
            unit.tenant_id,
            "receipt",
            {
                "receipt": write_receipt(self.store, receipt),
                "connection_id": unit.connection_id,
                "stream": unit.stream,
                "scope": unit.scope,
                "outcome": receipt.outcome.value,
            },
        )
        return receipt


def catalogue() -> Catalogue:
    """The project's own catalogue."""
    return load()


def new_warehouse(path: Path) -> str:
    """Put an embedded warehouse that nothing has landed in at a path. Out: its URL."""
    path.write_bytes(_schema_alone())
    return f"duckdb:///{path}"


@functools.cache
def _schema_alone() -> bytes:
    """The file of an empty warehouse with the newest schema, whose migrations run once a process, not once a test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "w.duckdb")
        with open_writer(f"duckdb:///{path}"):
            pass
        return path.read_bytes()
