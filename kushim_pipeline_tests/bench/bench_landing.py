"""What landing costs: COPY and merge against an ORM for the same documents, and a whole landing on both engines.

The ORM is SQLAlchemy's, in its usual way: an object a document, `add_all` and `commit`, by thousands, into the same
table with the same indexes and walls. Ours is what landing does with documents once it has read them: COPY into a
stage, and one merge that compares them with what stands. CPU-seconds are those of client and server together. Then
`land` itself: receipts and sealed records from the evidence store into either engine, and once more with nothing new.

Exit 1 unless COPY and merge land at least 4 times the ORM's documents per CPU-second. In: how many tenants' worth of
documents (100 by default, a thousand each).
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from kushim_pipeline.catalogue.load import load as load_catalogue
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.evidence.json_door import content_hash
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.warehouse import Warehouse, open_writer, sql_text
from kushim_pipeline_tests.bench._company import ACCOUNT, ORG, REGIONS, company
from kushim_pipeline_tests.bench._cpu import Cpu, cpu
from kushim_pipeline_tests.bench._cpu import load as machine_load
from kushim_pipeline_tests.bench._tenants import AS_OF, COLLECTED
from kushim_pipeline_tests.fixtures import Shelf
from kushim_pipeline_tests.postgres import PostgresServer, start_server

LEAST = 4.0
SETTINGS = {"autovacuum": "on", "full_page_writes": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"}
BATCH, REPEATS = 1_000, 3
Row = tuple[str, str, str, str, str, str, str]


def main(arguments: list[str]) -> int:
    """Measure, print, and say whether the ratio holds."""
    tenants = int(arguments[0]) if arguments else 100
    with start_server(**SETTINGS) as server:
        held = _against_an_orm(server, max(1, tenants // 5))
        with tempfile.TemporaryDirectory(prefix="kushim-bench-") as folder:
            _whole_landings(server, Path(folder), tenants)
    return 0 if held else 1


def _against_an_orm(server: PostgresServer, tenants: int) -> bool:
    documents = _documents(tenants)
    ours, orm = [], []
    for _ in range(REPEATS):
        with server.fresh_database() as url:
            with open_writer(url) as warehouse:
                before = cpu(server)
                _copy_and_merge(warehouse, documents)
                ours.append(cpu(server).since(before))
                warehouse.change("DELETE FROM raw.record")
            before = cpu(server)
            _by_orm(url, documents)
            orm.append(cpu(server).since(before))
    best, other = (min(costs, key=lambda cost: cost.total) for costs in (ours, orm))
    print(f"{len(documents):,} documents into Postgres; {machine_load()}")
    for name, cost in (("COPY and merge", best), ("SQLAlchemy ORM", other)):
        print(
            f"  {name} {len(documents) / cost.total:8,.0f} documents a CPU-second "
            f"(client {cost.client:.1f}, server {cost.server:.1f} CPU-s)"
        )
    print(f"  {other.total / best.total:.1f} x the ORM's rate (at least {LEAST:.0f})", flush=True)
    return other.total >= LEAST * best.total


def _documents(tenants: int) -> list[Row]:
    """tenant_id, connection_id, stream, scope, resource_id, content_hash, body."""
    found = []
    for number in range(tenants):
        for stream, scope, resource_id, body in company(number):
            connection = f"aws:{ACCOUNT}" if stream.startswith("aws.") else f"github:{ORG}"
            text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
            found.append((f"tenant-{number:05}", connection, stream, scope, resource_id, content_hash(body), text))
    return found


def _copy_and_merge(warehouse: Warehouse, documents: list[Row]) -> None:
    units = sorted({row[:4] for row in documents})
    with warehouse.transaction():
        warehouse.script(sql_text("land/stage.sql"))
        warehouse.load(
            "stage_unit",
            ("tenant_id", "connection_id", "stream", "scope", "source", "account_id", "collected_at"),
            ((*unit, unit[2].partition(".")[0], ACCOUNT, COLLECTED) for unit in units),
        )
        warehouse.load(
            "stage_record",
            ("tenant_id", "connection_id", "stream", "scope", "resource_id", "content_hash", "body", "evidence_sha256"),
            ((*row, row[5]) for row in documents),
        )
        warehouse.script(sql_text("land/merge_records.sql"))


def _by_orm(url: str, documents: list[Row]) -> None:
    import sqlalchemy as sa
    from sqlalchemy.orm import DeclarativeBase, Session

    key = ("tenant_id", "connection_id", "stream", "scope", "resource_id")

    class Base(DeclarativeBase):
        pass

    class Record(Base):
        __table__ = sa.Table(
            "record",
            Base.metadata,
            *(
                sa.Column(name, sa.String, primary_key=name in key)
                for name in ("tenant_id", "connection_id", "source", "account_id", "stream", "scope", "resource_id",
                             "content_hash", "evidence_sha256")
            ),
            sa.Column("body", sa.Text),  # JSON text already, as ours: nobody encodes within the measurement
            *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("collected_at", "valid_from", "recorded_at")),
            schema="raw",
        )  # fmt: skip

    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", lambda link, _: link.cursor().execute("SET ROLE kushim_loader"))
    with Session(engine) as session:
        for first in range(0, len(documents), BATCH):
            session.add_all(
                Record(
                    tenant_id=tenant_id, connection_id=connection_id, source=stream.partition(".")[0],
                    account_id=ACCOUNT, stream=stream, scope=scope, resource_id=resource_id, content_hash=hashed,
                    body=body, evidence_sha256=hashed, collected_at=COLLECTED, valid_from=COLLECTED,
                    recorded_at=AS_OF,
                )
                for tenant_id, connection_id, stream, scope, resource_id, hashed, body
                in documents[first : first + BATCH]
            )  # fmt: skip
            session.commit()
            session.expunge_all()
    engine.dispose()


def _whole_landings(server: PostgresServer, folder: Path, tenants: int) -> None:
    shelf = Shelf(folder / "evidence")
    settings = Settings(home=folder / "home", tenants=folder / "tenants", warehouse_url="")
    shelf.store = open_stores(settings).evidence
    configs = [_tenant(number) for number in range(tenants)]
    with _no_disk():
        for number, tenant in enumerate(configs):
            _collected(shelf, tenant, number)
    known = load_catalogue().policy
    for engine in ("duckdb", "postgres"):
        with _warehouse(engine, server, folder) as warehouse:
            units = [unit for tenant in configs for unit in expected_units(tenant)]
            register(warehouse, configs, units, lambda given: resolve(known, given), at=COLLECTED - timedelta(days=1))
            counted = server if engine == "postgres" else None
            costs: list[Cpu] = []
            for _ in range(2):
                before = cpu(counted)
                landed = land(warehouse, shelf.store, shelf.ledger)
                costs.append(cpu(counted).since(before))
                if len(costs) == 1:
                    first = landed
            print(
                f"{engine}: {first.records:,} records of {first.receipts:,} receipts landed in {costs[0].total:.1f} "
                f"CPU-s (server {costs[0].server:.1f}): {first.records / costs[0].total:,.0f} records a CPU-second; "
                f"nothing new {costs[1].total:.2f} CPU-s; {machine_load()}",
                flush=True,
            )


def _tenant(number: int) -> TenantConfig:
    connections = [
        {"source": "aws", "account_id": ACCOUNT, "regions": list(REGIONS)},
        {"source": "github", "org": ORG, "token": "env:T"},
    ]
    return TenantConfig.model_validate(
        {"tenant": f"tenant-{number:05}", "name": "Made up", "frameworks": ["soc2"], "connections": connections}
    )


def _collected(shelf: Shelf, tenant: TenantConfig, number: int) -> None:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for stream, scope, resource_id, body in company(number):
        found.setdefault((stream, scope), {})[resource_id] = body
    for unit in expected_units(tenant):
        shelf.collect(unit, found.get((unit.stream, unit.scope), {}), at=COLLECTED)


@contextmanager
def _no_disk() -> Iterator[None]:
    """Evidence that need not outlive this process, without a wait for the disk at every object."""
    fsync = os.fsync
    os.fsync = lambda _: None  # type: ignore[assignment]
    try:
        yield
    finally:
        os.fsync = fsync


@contextmanager
def _warehouse(engine: str, server: PostgresServer, folder: Path) -> Iterator[Warehouse]:
    if engine == "duckdb":
        with open_writer(f"duckdb:///{folder / 'bench.duckdb'}") as embedded:
            yield embedded
        return
    with server.fresh_database() as url, open_writer(url) as postgres:
        yield postgres


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
