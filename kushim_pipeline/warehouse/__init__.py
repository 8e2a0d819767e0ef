"""The warehouse: one small interface, its engines and its migrations."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kushim_pipeline.warehouse.engine import (
    NothingPublished,
    QueryRefused,
    Reader,
    Rows,
    StatementFailed,
    Warehouse,
    WarehouseBusy,
)

__all__ = [
    "SQL_ROOT",
    "NothingPublished",
    "QueryRefused",
    "Reader",
    "Rows",
    "StatementFailed",
    "Warehouse",
    "WarehouseBusy",
    "duckdb_path",
    "open_reader",
    "open_writer",
    "sql_text",
]

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"


@contextlib.contextmanager
def open_writer(url: str, *, wait_seconds: float = 60.0) -> Iterator[Warehouse]:
    """The writer's hold on the warehouse of a URL, with the newest schema.

    In: `duckdb:///path/to/file.duckdb`. Raises WarehouseBusy when another writer does not finish in time, ValueError
    for a URL of another engine.
    """
    from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse
    from kushim_pipeline.warehouse.migrations import migrate

    warehouse = DuckDBWarehouse(duckdb_path(url), wait_seconds=wait_seconds)
    try:
        migrate(warehouse, SQL_ROOT / "schema")
        yield warehouse
    finally:
        warehouse.close()


@contextlib.contextmanager
def open_reader(url: str) -> Iterator[Reader]:
    """A read-only hold on the published copy. Raises NothingPublished before the first run."""
    from kushim_pipeline.warehouse.duckdb_engine import DuckDBReader

    reader = DuckDBReader(duckdb_path(url))
    try:
        yield reader
    finally:
        reader.close()


def sql_text(path: str) -> str:
    """The text of a file below `sql/`, e.g. `land/stage.sql`."""
    return (SQL_ROOT / path).read_text("utf-8")


def duckdb_path(url: str) -> Path:
    """The file of a DuckDB URL. Raises ValueError, with what to write, for anything else."""
    scheme, separator, path = url.partition(":///")
    if scheme != "duckdb" or not separator or not path:
        # The value is not repeated: it may hold a password.
        raise ValueError(
            "KUSHIM_WAREHOUSE_URL: this version keeps its warehouse in DuckDB only; "
            "write duckdb:///path/to/kushim.duckdb, or leave it unset"
        )
    return Path(path)
