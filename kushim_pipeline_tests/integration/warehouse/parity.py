"""The same evidence in both engines, and every table and mart of both as rows that can be compared."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.verdicts.marts import MARTS, build_marts
from kushim_pipeline.warehouse import Warehouse
from kushim_pipeline_tests.fixtures import Shelf

OURS = {"recorded_at", "age_hours"}  # what the clock of the run decides, not the evidence
KEPT = (
    "raw.unit", "raw.plan", "raw.receipt", "raw.receipt_error", "raw.record", "facts.quarantine",
    "verdict.check_result", "verdict.freshness", "verdict.check_status", "verdict.daily_change", "verdict.tenant",
    "verdict.tenant_framework", "verdict.evaluated_check",
)  # fmt: skip
Table = Counter[tuple[Any, ...]]


def judge_at(
    warehouse: Warehouse,
    catalogue: Catalogue,
    tenants: Iterable[TenantConfig],
    units: Iterable[Unit],
    shelf: Shelf,
    as_of: datetime,
    registered_at: datetime,
) -> None:
    """One run of the pipeline from landing to marts, as of a time."""
    register(warehouse, list(tenants), list(units), lambda given: resolve(catalogue.policy, given), at=registered_at)
    land(warehouse, shelf.store, shelf.ledger)
    set_clock(warehouse, as_of)
    build_facts(warehouse, catalogue)
    assert judge(warehouse, catalogue).failed == ()
    build_marts(warehouse)
    warehouse.publish()


def tables(catalogue: Catalogue) -> list[str]:
    """Everything that both engines hold."""
    facts = [f"facts.{name}" for name in (*catalogue.facts, "tenant_policy")]
    return [*KEPT, *facts, *(f"mart_v1.{name}" for name in MARTS)]


def contents(warehouse: Warehouse, table: str) -> tuple[list[str], Table]:
    """The columns and rows of a table, without what the run's own clock decides, in no order."""
    found = warehouse.query(f"SELECT * FROM {table}")
    kept = [position for position, column in enumerate(found.columns) if column not in OURS]
    rows = Counter(tuple(_plain(row[position]) for position in kept) for row in found.rows)
    return [found.columns[position] for position in kept], rows


def _plain(value: Any) -> Any:
    """A value without what the engines' drivers make of it."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return value
