"""The warehouse: one small interface, its engines and its migrations."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kushim_pipeline.warehouse.engine import (
    Look,
    NothingPublished,
    QueryRefused,
    Reader,
    Rows,
    SchemaOutdated,
    StatementFailed,
    Warehouse,
    WarehouseAway,
    WarehouseBusy,
)

__all__ = [
    "SQL_ROOT",
    "Look",
    "NothingPublished",
    "QueryRefused",
    "Reader",
    "Rows",
    "SchemaOutdated",
    "StatementFailed",
    "Warehouse",
    "WarehouseAway",
    "WarehouseBusy",
    "duckdb_path",
    "is_postgres",
    "open_reader",
    "open_writer",
    "prepare",
    "sql_text",
]

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"


@contextlib.contextmanager
def open_writer(url: str, *, wait_seconds: float = 60.0) -> Iterator[Warehouse]:
    """The writer's hold on the warehouse of a URL, with the newest schema.

    In: `duckdb:///path/to/file.duckdb` or `postgresql+psycopg2://…`. Raises WarehouseBusy when another writer does not
    finish in time, WarehouseAway when there is no server, SchemaOutdated where the login may not migrate.
    """
    from kushim_pipeline.warehouse.migrations import migrate

    if is_postgres(url):
        from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse

        with contextlib.closing(PostgresWarehouse(url, wait_seconds=wait_seconds)) as postgres:
            migrate(postgres, SQL_ROOT / "schema")
            postgres.work_as_loader()
            yield postgres
        return
    from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse

    with contextlib.closing(DuckDBWarehouse(duckdb_path(url), wait_seconds=wait_seconds)) as embedded:
        migrate(embedded, SQL_ROOT / "schema")
        yield embedded


@contextlib.contextmanager
def open_reader(url: str, tenant: str | None = None) -> Iterator[Reader]:
    """A read-only hold on what was published last. Raises NothingPublished before the first run.

    In: on Postgres, whose rows a login behind the walls wants; DuckDB's copy is one file and has no walls.
    """
    if is_postgres(url):
        from kushim_pipeline.warehouse.postgres_reader import PostgresReader

        with contextlib.closing(PostgresReader(url, tenant)) as postgres:
            yield postgres
        return
    from kushim_pipeline.warehouse.duckdb_engine import DuckDBReader

    with contextlib.closing(DuckDBReader(duckdb_path(url))) as embedded:
        yield embedded


def prepare(url: str) -> None:
    """Have the newest schema on Postgres before anything reads or writes there; a DuckDB file needs no preparation.

    Waits for no writer where the schema is the newest already. Raises what `open_writer` raises.
    """
    if not is_postgres(url):
        return
    from kushim_pipeline.warehouse.migrations import pending
    from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse

    with contextlib.closing(PostgresWarehouse(url, wait_seconds=None)) as onlooker:
        wanted = pending(onlooker, SQL_ROOT / "schema")
    if wanted:
        with open_writer(url):
            pass


def is_postgres(url: str) -> bool:
    """Whether a warehouse URL names the Postgres engine."""
    return url.startswith("postgresql+psycopg2://")


def sql_text(path: str) -> str:
    """The text of a file below `sql/`, e.g. `land/stage.sql`."""
    return (SQL_ROOT / path).read_text("utf-8")


def duckdb_path(url: str) -> Path:
    """The file of a DuckDB URL. Raises ValueError, with what to write, for anything else."""
    scheme, separator, path = url.partition(":///")
    if scheme != "duckdb" or not separator or not path:
        # The value is not repeated: it may hold a password.
        raise ValueError(
            "KUSHIM_WAREHOUSE_URL names no DuckDB file; write duckdb:///path/to/kushim.duckdb, or leave it unset"
        )
    return Path(path)
