"""Look at a warehouse's own tables, those of all tenants, at one moment: what checks, copies and exports read.

On Postgres nobody waits: it is one read-only snapshot, taken as kushim_loader. A DuckDB file has one user at a time, so
the look queues behind a writer, and writers behind the look.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kushim_pipeline.warehouse import duckdb_engine
from kushim_pipeline.warehouse.engine import Look, NothingPublished, QueryRefused, Rows, StatementFailed
from kushim_pipeline.warehouse.postgres_engine import LOADER, PLACES
from kushim_pipeline.warehouse.postgres_link import connect, execute, fetch, is_member


@contextlib.contextmanager
def open_look(url: str, *, wait_seconds: float = 60.0) -> Iterator[Look]:
    """A read-only look at the warehouse of a URL; it is not migrated.

    Raises NothingPublished where there is no file, WarehouseBusy when a writer does not finish in time, WarehouseAway
    when there is no server, QueryRefused where the login may not read all tenants.
    """
    from kushim_pipeline.warehouse import duckdb_path, is_postgres

    with contextlib.ExitStack() as stack:
        if is_postgres(url):
            yield stack.enter_context(contextlib.closing(PostgresLook(url)))
        else:
            yield stack.enter_context(contextlib.closing(DuckDBLook(duckdb_path(url), wait_seconds)))


class DuckDBLook:
    """A Look at the writer's own file, under the writer's lock."""

    engine = "duckdb"

    def __init__(self, path: Path, wait_seconds: float) -> None:
        """In: the writer's file, and how long to queue behind it. Raises as open_look does."""
        if not path.is_file():
            raise NothingPublished("there is no warehouse here yet: run `kushim run` (or `kushim demo`) first")
        lock = path.with_suffix(".lock")
        # A file that came from elsewhere has no writer, and no lock is left beside it.
        self._lock = duckdb_engine.wait_in_line(lock, wait_seconds) if lock.exists() else None
        try:
            self._connection = duckdb_engine.connect(path, duckdb_engine.SETTINGS, read_only=True)
        except BaseException:
            if self._lock:
                self._lock.close()
            raise

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        with duckdb_engine.told_apart():
            return duckdb_engine.rows(self._connection, sql, parameters)

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        with duckdb_engine.told_apart():
            yield from duckdb_engine.fetch(self._connection, sql, parameters)

    def close(self) -> None:
        """Let the next writer in."""
        self._connection.close()
        if self._lock:
            self._lock.close()


class PostgresLook:
    """A Look at one snapshot of a Postgres warehouse. A statement that fails leaves it usable."""

    engine = "postgres"

    def __init__(self, url: str) -> None:
        """In: the URL of a login that is a member of kushim_loader. Raises as open_look does."""
        self._connection = connect(url, application="kushim look", read_only=True)
        try:
            execute(self._connection, f"{PLACES}; SET work_mem = '64MB'; SET jit = off")
            execute(self._connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._become_loader()
        except BaseException:
            self._connection.close()
            raise

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        execute(self._connection, "SAVEPOINT look")
        try:
            found = execute(self._connection, sql, parameters)[0]
        except StatementFailed:
            execute(self._connection, "ROLLBACK TO look")
            raise
        execute(self._connection, "RELEASE look")
        return found

    def query_as_login(self, sql: str) -> Rows:
        """Run one statement with the login's own rights, where the loader's are not enough."""
        self.query("RESET ROLE")
        try:
            return self.query(sql)
        finally:
            self.query(f"SET ROLE {LOADER}")

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        yield from fetch(self._connection, sql, parameters)

    def close(self) -> None:
        """Let go of the snapshot."""
        self._connection.close()

    def _become_loader(self) -> None:
        member = is_member(self._connection, LOADER)
        if member is None:
            raise NothingPublished("there is no warehouse in this database yet: run `kushim warehouse migrate` first")
        if not member:
            raise QueryRefused(
                f"this reads the rows of all tenants, and the login of the warehouse's URL is no member of {LOADER}: "
                f"use one that is, or have a database administrator grant it {LOADER}"
            )
        self.query(f"SET ROLE {LOADER}")
