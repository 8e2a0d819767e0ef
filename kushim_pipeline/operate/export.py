"""One tenant's warehouse as a DuckDB file of its own, for an auditor: whole, or cut to a framework and a window.

Only the tenant's rows are ever written to the file, so its bytes hold nothing of another's. Where a table counts over
all tenants, it is counted again from what is in the file. Time stands still in it: what was not stale when it was made
does not become so in the auditor's hands.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from kushim_pipeline import __version__
from kushim_pipeline import warehouse as rooms
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.evidence.trail import Trail, actor
from kushim_pipeline.operate.export_cut import Cut, counted_again, part_of
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.marts import MARTS, mart_sql
from kushim_pipeline.warehouse import Look, Warehouse
from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse
from kushim_pipeline.warehouse.look import open_look
from kushim_pipeline.warehouse.migrations import migrate, pending
from kushim_pipeline.warehouse.portable import as_text, columns, digest, portable_tables, tables

_MANIFEST = """
CREATE TABLE ops.export (
    tenant_id VARCHAR NOT NULL, framework VARCHAR, window_from DATE, window_to DATE, as_of TIMESTAMPTZ NOT NULL,
    exported_at TIMESTAMPTZ NOT NULL, exported_by VARCHAR NOT NULL, kushim_version VARCHAR NOT NULL,
    "rows" BIGINT, digest VARCHAR
);
CREATE TABLE ops.export_table (table_name VARCHAR NOT NULL, "rows" BIGINT NOT NULL, digest VARCHAR NOT NULL);
"""


class ExportRefused(ValueError):
    """Nothing was exported. The text says why."""


@dataclass(frozen=True)
class Exported:
    """A file that was made: the moment that it shows, its rows, and the digest over its tables."""

    as_of: datetime
    rows: int
    digest: str


def export(
    url: str,
    catalogue: Catalogue,
    trail: Trail,
    tenant: str,
    file: Path,
    say: Callable[[str], None],
    *,
    framework: str | None = None,
    window: tuple[date, date] | None = None,
    wait_seconds: float = 60.0,
) -> Exported:
    """Write one tenant's rows to a new DuckDB file, which only its owner may read.

    In: the framework and the window (first and last day, UTC) to cut to, all by default. A window keeps what held at
    some time in it, and shows the state at its end. Raises ExportRefused, with no file left behind, and what open_look
    raises.
    """
    if file.exists():
        raise ExportRefused(f"{file} is there already, and nothing is overwritten: name another file")
    if not file.parent.is_dir():
        raise ExportRefused(f"there is no folder {file.parent}")
    schema = rooms.SQL_ROOT / "schema"
    with (
        open_look(url, wait_seconds=wait_seconds) as source,
        tempfile.TemporaryDirectory(prefix=".kushim-export-", dir=file.parent) as folder,
    ):
        if any(migration.version for migration in pending(source, schema)):
            raise ExportRefused("the warehouse does not have the newest schema: run `kushim warehouse migrate` first")
        cut = _cut(source, tenant, framework, window)
        made = Path(folder) / "export.duckdb"
        with closing(DuckDBWarehouse(made)) as target:
            migrate(target, schema)
            _fill(source, target, cut, catalogue, portable_tables(schema, source), say)
            exported = _manifest(target, cut)
            target.script("CHECKPOINT")
        made.chmod(0o600)
        trail.add("warehouse.export", {
            "file": file.name, "framework": framework, "digest": exported.digest, "rows": exported.rows,
            "window": [day.isoformat() for day in window] if window else None,
        }, tenant_id=tenant)  # fmt: skip
        try:
            os.link(made, file)  # unlike a rename, it overwrites nothing
        except FileExistsError:
            raise ExportRefused(f"{file} is there already, and nothing is overwritten: name another file") from None
    return exported


def _cut(source: Look, tenant: str, framework: str | None, window: tuple[date, date] | None) -> Cut:
    if not source.query("SELECT count(*) FROM raw.unit WHERE tenant_id = ?", (tenant,)).rows[0][0]:
        raise ExportRefused(f"there is no tenant {tenant} in this warehouse")
    clock = source.query("SELECT as_of FROM ops.clock").rows
    last = source.query("SELECT max(as_of) FROM verdict.evaluation").rows[0][0]
    if not clock or last is None:
        raise ExportRefused("nothing has been judged here yet: run `kushim run` first")
    now = datetime.now(UTC)
    if window is None:
        begin, end = None, now
    else:
        begin = datetime.combine(window[0], time(), UTC)
        end = min(datetime.combine(window[1] + timedelta(days=1), time(), UTC), now)
        if begin >= end:
            raise ExportRefused("the window ends before it begins, or has not begun yet")
    if framework is not None:
        mapped = "SELECT count(*) FROM catalogue.control_criterion WHERE framework = ?"
        if not source.query(mapped, (framework,)).rows[0][0]:
            raise ExportRefused(f"no control in this warehouse supports the framework {framework}")
    checks, streams = _of_framework(source, framework)
    # What stands now is right for every moment after the last evaluation; before it, the intervals know better.
    return Cut(tenant, framework, window, begin, end, min(end, clock[0][0]), end > last, checks, streams)


def _of_framework(source: Look, framework: str | None) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """The checks behind a framework, with all that they depend on, and the streams that they need."""
    if framework is None:
        return None, None
    rows = source.query(
        "SELECT DISTINCT k.check_id FROM catalogue.control_check AS k "
        "JOIN catalogue.control_criterion AS m ON m.control_id = k.control_id WHERE m.framework = ?",
        (framework,),
    ).rows
    checks = {str(row[0]) for row in rows}
    depends = source.query("SELECT check_id, depends_on FROM catalogue.check_dependency").rows
    while more := {other for check, other in depends if check in checks} - checks:
        checks |= more
    needed = source.query("SELECT check_id, stream FROM catalogue.check_stream").rows
    return frozenset(checks), frozenset(stream for check, stream in needed if check in checks)


def _fill(
    source: Look, target: Warehouse, cut: Cut, catalogue: Catalogue, wanted: list[str], say: Callable[[str], None]
) -> None:
    target.script(_MANIFEST)
    window = cut.window or (None, None)
    with target.transaction():
        target.query(
            "INSERT INTO ops.export VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            (cut.tenant, cut.framework, *window, cut.end, datetime.now(UTC), actor(), __version__),
        )
        for table in wanted:
            names = columns(source, table)
            part = part_of(table, names, cut)
            if part is None:
                continue
            if table == "verdict.reason":
                target.script("DELETE FROM verdict.reason")
            batches = source.stream(as_text(names, table, f"WHERE {part.where}", **part.instead), part.parameters)
            say(f"{table}: {target.load(table, names, (row for batch in batches for row in batch)):,} rows")
        set_clock(target, cut.clock)
        for statement in counted_again(cut):
            target.script(statement)
        build_facts(target, catalogue, _fact_tables(catalogue, cut))
        # The marts' clock is the moment that the export shows.
        then = f"CAST('{cut.end.isoformat()}' AS TIMESTAMPTZ)"
        for name in MARTS:
            target.define_view(f"mart_v1.{name}", mart_sql(name).replace("current_timestamp", then))


def _fact_tables(catalogue: Catalogue, cut: Cut) -> set[str] | None:
    """The fact tables whose streams are all in the file."""
    if cut.streams is None:
        return None
    kept = {name for name, fact in catalogue.facts.items() if set(fact.streams) <= cut.streams}
    return kept | {name for name, fact in catalogue.facts.items() if fact.source == "kushim"} | {"tenant_policy"}


def _manifest(target: Warehouse, cut: Cut) -> Exported:
    found = list(_digests(target))
    total = sum(rows for _, rows, _ in found)
    whole = hashlib.sha256("".join(f"{table} {rows} {text}\n" for table, rows, text in found).encode()).hexdigest()
    target.load("ops.export_table", ("table_name", "rows", "digest"), found)
    target.query('UPDATE ops.export SET "rows" = ?, digest = ?', (total, whole))
    return Exported(cut.end, total, whole)


def _digests(target: Warehouse) -> Iterator[tuple[str, int, str]]:
    for table in tables(target, ("raw", "facts", "verdict", "catalogue")):
        found = digest(target, table, columns(target, table))
        yield table, found.rows, found.hex
