"""A small world for verdicts: two streams, two fact tables, a check of ten lines that knows nothing of receipts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kushim_pipeline.catalogue.headers import read_facts
from kushim_pipeline.catalogue.model import Catalogue, Check, FactTable
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import Evaluation, judge
from kushim_pipeline.warehouse import SQL_ROOT, Warehouse, open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf, new_warehouse

ACCOUNT = "111122223333"
DISKS = Unit("acme", f"aws:{ACCOUNT}", "aws", ACCOUNT, "aws.disk", "us-east-1")
DISKS_WEST = Unit("acme", f"aws:{ACCOUNT}", "aws", ACCOUNT, "aws.disk", "us-west-2")
KEYS = Unit("acme", f"aws:{ACCOUNT}", "aws", ACCOUNT, "aws.key")
UNITS = (DISKS, DISKS_WEST, KEYS)

STANDARD = (
    "r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, "
    "r.evidence_sha256"
)
NAIVE = """
SELECT tenant_id, resource_id, CASE WHEN encrypted THEN 'PASS' ELSE 'FAIL' END AS status, 'plain' AS reason
FROM facts.disk
"""
Verdicts = dict[str, str]


def day(number: float) -> datetime:
    return AS_OF + timedelta(days=number)


def fact(table: str, stream: str, columns: str, required: tuple[str, ...] = ()) -> FactTable:
    sql = f"SELECT {STANDARD}, {columns} FROM raw.record_asof AS r WHERE r.stream = '{stream}'"
    return FactTable(
        table=table, title=table, streams=(stream,), required=required, sql=sql, version="1", path=Path(f"{table}.sql")
    )


def check(check_id: str = "T-001", sql: str = NAIVE, **more: Any) -> Check:
    fields: dict[str, Any] = {
        "title": check_id, "severity": "high", "source": "aws", "resource_type": "aws.disk", "population": "disk",
        "streams": ("aws.disk", "aws.key"), "version": "1", "path": Path(f"{check_id}.sql"),
    }  # fmt: skip
    return Check(id=check_id, sql=sql, **{**fields, **more})


def catalogue(*checks: Check) -> Catalogue:
    facts = [
        fact(
            "disk",
            "aws.disk",
            "as_boolean((r.body->>'encrypted')) AS encrypted, (r.body->>'tier') AS tier",
            ("encrypted",),
        ),
        fact("key", "aws.key", "as_boolean((r.body->>'on')) AS is_on", ("is_on",)),
        *(read_facts(SQL_ROOT / "facts" / f"{name}.sql") for name in ("kushim_exception", "kushim_tenant")),
    ]
    return Catalogue(
        checks={one.id: one for one in checks or (check(),)},
        facts={one.table: one for one in facts},
        controls={},
        frameworks={},
        policy={},
    )


class World:
    """One tenant whose collections a test writes, and whose verdicts it reads; or several, each with the same units."""

    def __init__(
        self,
        root: Path,
        warehouse: Warehouse,
        units: tuple[Unit, ...] = UNITS,
        tenants: Sequence[str] = ("acme",),
        **tenant: Any,
    ) -> None:
        self.shelf = Shelf(root)
        self.warehouse = warehouse
        config = {"name": "Acme", "frameworks": ["soc2"], "connections": [], **tenant}
        files = [TenantConfig.model_validate({"tenant": name, **config}) for name in tenants]
        expected = [replace(unit, tenant_id=name) for name in tenants for unit in units]
        register(warehouse, files, expected, dict, at=day(-30))

    def collect(self, unit: Unit, at: datetime, disks: dict[str, Any] | None = None, **more: Any) -> None:
        """A collection; a disk is given by whether it is encrypted, or by its whole body."""
        bodies = {
            name: value if isinstance(value, dict) else {"encrypted": value} for name, value in (disks or {}).items()
        }
        self.shelf.collect(unit, bodies, at=at, **more)

    def collect_rest(self, at: datetime, *units: Unit) -> None:
        """Whole and empty collections of the other units."""
        for unit in set(UNITS) - set(units):
            self.shelf.collect(unit, {}, at=at)

    def judge(self, catalogue_: Catalogue, as_of: datetime) -> Evaluation:
        """Land, build and judge as of a time."""
        land(self.warehouse, self.shelf.store, self.shelf.ledger)
        set_clock(self.warehouse, as_of)
        build_facts(self.warehouse, catalogue_)
        return judge(self.warehouse, catalogue_)

    def verdicts(self, check_id: str = "T-001", tenant: str = "acme") -> Verdicts:
        """resource -> status of the open intervals, with `:reason` behind UNKNOWN."""
        rows = self.warehouse.query(
            "SELECT resource_id, status, reason FROM verdict.check_result "
            "WHERE tenant_id = ? AND check_id = ? AND valid_to IS NULL",
            (tenant, check_id),
        ).rows
        return {name: f"UNKNOWN:{reason}" if status == "UNKNOWN" else status for name, status, reason in rows}

    def history(self, resource: str, check_id: str = "T-001") -> list[tuple[Any, ...]]:
        """(status, from, to) of a resource's intervals, oldest first, in days since AS_OF."""
        rows = self.warehouse.query(
            "SELECT status, valid_from, valid_to FROM verdict.check_result WHERE check_id = ? AND resource_id = ? "
            "ORDER BY valid_from",
            (check_id, resource),
        ).rows
        return [(status, _days(start), _days(end)) for status, start, end in rows]


def _days(at: datetime | None) -> float | None:
    return None if at is None else (at - AS_OF) / timedelta(days=1)


@contextmanager
def world(root: Path, **tenant: Any) -> Iterator[World]:
    """A world in a folder."""
    with open_writer(new_warehouse(root / "w.duckdb")) as warehouse:
        yield World(root, warehouse, **tenant)
