"""What judging costs: 10^6 synthetic facts of 1,000 tenants, 100 checks.

Prints CPU-seconds of (a) writing the verdict rows alone, (b) judging them all at once, (c) the same SQL tenant by
tenant (measured on a few tenants and scaled up). Exit 1 unless (b) is at most 2x (a) and at least 80x less than (c).
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kushim_pipeline.catalogue.headers import read_facts
from kushim_pipeline.catalogue.model import Catalogue, Check, FactTable
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import answer, stage
from kushim_pipeline.warehouse import SQL_ROOT, Warehouse, open_writer
from kushim_pipeline_tests.bench._tenants import RECEIPT

TENANTS = 1_000
TABLES = 100  # one check each
ROWS = 10  # facts a tenant and table
REPEATS = 5  # in turn; the least of each counts
SAMPLE = 5  # tenants that are judged one by one
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
CHECK = """
SELECT tenant_id, resource_id,
    CASE WHEN encrypted AND age_days <= 90 THEN 'PASS' ELSE 'FAIL' END AS status,
    CASE WHEN NOT encrypted THEN 'it is not encrypted' WHEN age_days > 90 THEN 'it is older than that' END AS reason
FROM facts.{table}
"""


def main() -> int:
    """Build the facts, measure, print, and say whether the ratios hold."""
    folder = Path(tempfile.mkdtemp(prefix="kushim-bench-"))
    try:
        with open_writer(f"duckdb:///{folder / 'bench.duckdb'}") as warehouse:
            catalogue = _build(warehouse)
            judged, written = [], []
            for _ in range(REPEATS):
                judged.append(_cpu(lambda: stage(warehouse, catalogue, catalogue.checks.values())))
                written.append(_cpu(lambda: _write_alone(warehouse)))
            at_once, writing = min(judged), min(written)
            statuses = warehouse.query("SELECT status, count(*) FROM stage_verdict GROUP BY status ORDER BY 1").rows
            rows = sum(count for _, count in statuses)
            one_by_one = _cpu(lambda: _tenant_by_tenant(warehouse, catalogue)) / SAMPLE * TENANTS
    finally:
        shutil.rmtree(folder)
    print(f"{TENANTS * TABLES * ROWS:,} facts, {TENANTS:,} tenants, {TABLES} checks, {rows:,} verdicts {statuses}")
    print(f"writing the same rows        {writing:8.2f} CPU-s")
    print(f"judging, all tenants at once {at_once:8.2f} CPU-s   {at_once / writing:.2f} x writing (at most 2)")
    print(f"judging, tenant by tenant    {one_by_one:8.1f} CPU-s   {one_by_one / at_once:.0f} x at once (at least 80)")
    return 0 if at_once <= 2 * writing and one_by_one >= 80 * at_once else 1


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _build(warehouse: Warehouse) -> Catalogue:
    set_clock(warehouse, AS_OF)
    checks: dict[str, Check] = {}
    facts = {table: read_facts(SQL_ROOT / "facts" / f"{table}.sql") for table in ("kushim_exception", "kushim_tenant")}
    build_facts(warehouse, Catalogue(checks={}, facts=facts, controls={}, frameworks={}, policy={}), facts)
    for number in range(TABLES):
        table, stream = f"synthetic_{number}", f"synthetic.thing_{number}"
        facts[table] = FactTable(
            table=table, title=table, streams=(stream,), sql="SELECT 1", version="1", path=Path(f"{table}.sql")
        )
        warehouse.script(
            f"""
            CREATE TABLE facts.{table} AS
            SELECT 'tenant-' || lpad(CAST(t.i AS VARCHAR), 4, '0') AS tenant_id,
                'synthetic:' || t.i AS connection_id, CAST(t.i AS VARCHAR) AS account_id, 'global' AS scope,
                'arn:synthetic:{table}:' || t.i || ':' || r.i AS resource_id,
                md5(CAST(t.i * 1000 + r.i AS VARCHAR)) AS evidence_sha256, CAST(NULL AS VARCHAR) AS unreadable,
                (t.i + r.i) % 7 <> 0 AS encrypted, (t.i * 31 + r.i * 17) % 120 AS age_days
            FROM generate_series(1, {TENANTS}) AS t(i), generate_series(1, {ROWS}) AS r(i);
            INSERT INTO raw.unit
            SELECT DISTINCT tenant_id, connection_id, 'synthetic', account_id, '{stream}', 'global',
                TIMESTAMPTZ '2026-01-01', CAST(NULL AS TIMESTAMPTZ)
            FROM facts.{table};
            INSERT INTO raw.receipt ({RECEIPT})
            SELECT tenant_id, stream || tenant_id, connection_id, source, account_id, stream, scope, 'complete', TRUE,
                1, {ROWS}, NULL, NULL, NULL, NULL, TIMESTAMPTZ '2026-05-31', TIMESTAMPTZ '2026-05-31', NULL, '', '',
                NULL, '', NULL, 1, TIMESTAMPTZ '2026-05-31'
            FROM raw.unit WHERE stream = '{stream}';
            """  # noqa: S608 # our own synthetic names
        )
        check_id = f"SYN-{number:03}"
        checks[check_id] = Check(
            id=check_id, title=check_id, severity="low", source="synthetic", resource_type="synthetic.thing",
            population=table, streams=(stream,), sql=CHECK.format(table=table), version="1",
            path=Path(f"{check_id}.sql"),
        )  # fmt: skip
    return Catalogue(checks=checks, facts=facts, controls={}, frameworks={}, policy={})


def _write_alone(warehouse: Warehouse) -> None:
    warehouse.script("DROP TABLE IF EXISTS alone; CREATE TABLE alone AS SELECT * FROM stage_verdict LIMIT 0")
    warehouse.script("INSERT INTO alone SELECT * FROM stage_verdict")


def _tenant_by_tenant(warehouse: Warehouse, catalogue: Catalogue) -> None:
    for number in range(1, SAMPLE + 1):
        for check in catalogue.checks.values():
            mine = f"(SELECT * FROM facts.{check.population} WHERE tenant_id = 'tenant-{number:04}')"  # noqa: S608
            warehouse.script(answer(check).replace(f"facts.{check.population}", mine))


if __name__ == "__main__":
    sys.exit(main())
