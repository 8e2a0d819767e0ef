"""Bring a warehouse forward while it is read: the schema, then every fact table and mart of the catalogue.

What is defined here need not be defined by a run, so that runs do with a login that only loads.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kushim_pipeline import warehouse as rooms
from kushim_pipeline.catalogue.model import POLICY_TABLE, Catalogue
from kushim_pipeline.verdicts.facts import definitions
from kushim_pipeline.verdicts.marts import MARTS, mart_sql
from kushim_pipeline.warehouse import Warehouse, duckdb_path, is_postgres
from kushim_pipeline.warehouse.migrating import Runner, Step, patient
from kushim_pipeline.warehouse.migrations import migrate
from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse

MARTS_STEP = "the marts"


def migrate_warehouse(
    url: str, catalogue: Catalogue, say: Callable[[Step], None], *, dry_run: bool = False, wait_seconds: float = 60.0
) -> list[Step]:
    """Apply what is missing, in steps of which each is all or nothing. Out: the steps that changed something.

    In: who is told of each step that was done; whether all of it is taken back at the end; how long to wait for another
    writer and for locks. Raises WarehouseBusy, StepFailed, MigrationRefused, SchemaOutdated, WarehouseAway.
    """
    with _hold(url, wait_seconds, dry_run) as warehouse, patient(warehouse, url) as holders:
        runner = Runner(warehouse, say, wait_seconds, holders)
        with warehouse.transaction(keep=False) if dry_run else contextlib.nullcontext():
            migrate(warehouse, rooms.SQL_ROOT / "schema", runner)
            if isinstance(warehouse, PostgresWarehouse):
                warehouse.work_as_loader()
            _define(warehouse, catalogue, runner, keep=not dry_run)
        if runner.done and not dry_run:
            _show(warehouse)
        return runner.done


def _define(warehouse: Warehouse, catalogue: Catalogue, runner: Runner, *, keep: bool) -> None:
    for table, select in definitions(catalogue).items():
        # What a dry run has defined is taken back at once, so that the table's readers wait for no other. Only the
        # policy is read by fact tables after it.
        kept = keep or table == f"facts.{POLICY_TABLE}"
        runner(table, partial(_define_table, warehouse, table, select, keep=kept))
    runner(MARTS_STEP, partial(_define_marts, warehouse))


def _define_table(warehouse: Warehouse, table: str, select: str, *, keep: bool) -> bool:
    with warehouse.transaction(keep=keep):
        return warehouse.define_table(table, select)


def _define_marts(warehouse: Warehouse) -> bool:
    with warehouse.transaction():
        return any([warehouse.define_view(f"mart_v1.{name}", mart_sql(name)) for name in MARTS])


@contextlib.contextmanager
def _hold(url: str, wait_seconds: float, dry_run: bool) -> Iterator[Warehouse]:
    """The writer's hold, with the schema as it is."""
    with contextlib.ExitStack() as stack:
        if is_postgres(url):
            yield stack.enter_context(contextlib.closing(PostgresWarehouse(url, wait_seconds=wait_seconds)))
            return
        from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse

        path = duckdb_path(url)
        if dry_run and not path.exists():
            path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / path.name
        yield stack.enter_context(contextlib.closing(DuckDBWarehouse(path, wait_seconds=wait_seconds)))


def _show(warehouse: Warehouse) -> None:
    """Let readers have the new marts, where they have had the old ones."""
    if warehouse.query("SELECT count(*) FROM verdict.evaluation").rows[0][0]:
        warehouse.publish()
