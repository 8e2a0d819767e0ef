"""What a run costs for a thousand tenants of a thousand records each, from facts to published marts, on both engines.

Prints CPU-seconds (on Postgres those of this process and of every process of the server together) of a first run,
which writes every verdict, of a second one that finds nothing new, and how it grows from a tenth of the tenants. Exit
1 when the first run of a thousand tenants takes more than 60 CPU-seconds on DuckDB or 240 on Postgres, or ten times the
tenants more than 11 times the CPU-seconds.

In: how many tenants (a thousand by default; the limits on seconds hold for that number alone), and engines.
"""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse
from kushim_pipeline_tests.bench._cpu import Cpu, cpu
from kushim_pipeline_tests.bench._cpu import load as machine_load
from kushim_pipeline_tests.bench._tenants import AS_OF, fill
from kushim_pipeline_tests.postgres import PostgresServer, start_server

LIMITS = {"duckdb": 60.0, "postgres": 240.0}
GROWTH = 11.0
SETTINGS = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "2GB", "max_wal_size": "8GB"}


@dataclass(frozen=True)
class Cost:
    """A first run and the one after it."""

    first: Cpu
    second: Cpu


def main(arguments: list[str]) -> int:
    """Measure both engines, print, and say whether the limits hold."""
    tenants = int(arguments[0]) if arguments else 1_000
    catalogue = load()
    kept = [_measure(engine, catalogue, tenants) for engine in arguments[1:] or LIMITS]
    return 0 if all(kept) else 1


def _measure(engine: str, catalogue: Catalogue, tenants: int) -> bool:
    small, large = _cost(engine, catalogue, tenants // 10), _cost(engine, catalogue, tenants)
    growth = large.first.total / small.first.total
    limit = LIMITS[engine] if tenants == 1_000 else float("inf")
    print(f"{engine}: {growth:.1f} x the CPU-seconds for 10 x the tenants (at most {GROWTH:.0f}); {machine_load()}")
    if large.first.total > limit:
        print(f"{engine}: {large.first.total:.1f} CPU-seconds are more than {limit:.0f}")
    return large.first.total <= limit and growth <= GROWTH


def _cost(engine: str, catalogue: Catalogue, tenants: int) -> Cost:
    with _warehouse(engine) as (warehouse, server):
        records = fill(warehouse, catalogue, tenants)
        print(f"{engine}: {tenants:,} tenants, {records:,} records", flush=True)
        cost = Cost(_run(warehouse, server, catalogue, 0), _run(warehouse, server, catalogue, 6))
        print(f"  {_size(warehouse, tenants)}", flush=True)
        return cost


def _size(warehouse: Warehouse, tenants: int) -> str:
    """What a tenant's rows take after both runs; on Postgres by schema, the second run's dead rows included."""
    if isinstance(warehouse, DuckDBWarehouse):
        return f"{warehouse.path.stat().st_size / tenants / 1e6:.2f} MB of the file a tenant"
    rows = warehouse.query(
        "SELECT n.nspname, sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid)) FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname IN ('raw', 'facts', 'verdict') "
        "AND c.relkind = 'r' GROUP BY n.nspname ORDER BY n.nspname"
    ).rows
    parts = (f"{name} {table / tenants / 1e6:.2f} + {index / tenants / 1e6:.2f}" for name, table, index in rows)
    return f"MB a tenant, tables + indexes: {', '.join(parts)}"


def _run(warehouse: Warehouse, server: PostgresServer | None, catalogue: Catalogue, hours: int) -> Cpu:
    """One run, some hours after the first: facts, verdicts, marts, publish."""
    begin = cpu(server)
    with warehouse.transaction():
        set_clock(warehouse, AS_OF + timedelta(hours=hours))
        build_facts(warehouse, catalogue)
    facts = cpu(server)
    done = judge(warehouse, catalogue)
    verdicts = cpu(server)
    build_marts(warehouse)
    warehouse.publish()
    end = cpu(server)
    assert not done.failed, done.failed
    spent = end.since(begin)
    print(
        f"  {'second' if hours else 'first '} run {spent.total:7.1f} CPU-s (server {spent.server:.1f}; "
        f"facts {facts.since(begin).total:.1f}, verdicts {verdicts.since(facts).total:.1f}, "
        f"marts {end.since(verdicts).total:.1f}), {spent.wall:.0f} s on the wall; {done.results:,} verdicts, "
        f"{done.opened:,} opened, {done.closed:,} closed",
        flush=True,
    )
    return spent


@contextlib.contextmanager
def _warehouse(engine: str) -> Iterator[tuple[Warehouse, PostgresServer | None]]:
    if engine == "duckdb":
        with (
            tempfile.TemporaryDirectory(prefix="kushim-bench-") as folder,
            open_writer(f"duckdb:///{Path(folder, 'bench.duckdb')}") as embedded,
        ):
            yield embedded, None
        return
    with start_server(**SETTINGS) as server, server.fresh_database() as url, open_writer(url) as warehouse:
        yield warehouse, server


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
