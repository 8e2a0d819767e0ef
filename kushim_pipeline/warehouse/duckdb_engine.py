"""The embedded engine: one DuckDB file for the writer, and a published copy of it for readers.

DuckDB lets one process write, and a writer keeps readers of the same file out. So writers queue at a lock file, and
readers open a copy that is swapped in by an atomic rename: whoever holds the old one open goes on reading it.
"""

import contextlib
import fcntl
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from kushim_pipeline.durable import sync
from kushim_pipeline.warehouse.engine import NothingPublished, QueryRefused, Rows, StatementFailed
from kushim_pipeline.warehouse.turn import take_turn

BATCH_ROWS = 50_000
FETCH_ROWS = 5_000
SETTINGS = {
    "default_null_order": "postgres",
    "integer_division": "true",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
}


class DuckDBWarehouse:
    """A Warehouse in one file. Holds the writer's lock from the first line to `close`."""

    engine = "duckdb"

    def __init__(self, path: Path, *, wait_seconds: float = 60.0, memory_limit: str = "4GB", threads: int = 1) -> None:
        """In: the file (made if absent), how long to queue behind another writer, memory and threads to use.

        One thread is the default because a run is many small statements: a second thread makes judging cost a fifth to
        a third more CPU. Raises WarehouseBusy when the other writer does not finish in time.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._config = {**SETTINGS, "memory_limit": memory_limit, "threads": str(threads)}
        self._in_transaction = False
        self._lock = wait_in_line(path.with_suffix(".lock"), wait_seconds)
        try:
            self._connection = connect(path, self._config)
        except BaseException:
            self._lock.close()
            raise

    def script(self, sql: str) -> None:
        with told_apart():
            self._connection.execute(sql)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        with told_apart():
            return rows(self._connection, sql, parameters)

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return int(self.query(sql, parameters).rows[0][0])

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        import pandas

        # A view that is registered in a transaction keeps its rows in memory until the end of it; a relation does not.
        given = set(columns)
        total = 0
        with told_apart():
            named = [row[0] for row in self._connection.execute(f"DESCRIBE {table}").fetchall()]
            if unknown := given - set(named):
                raise StatementFailed(f"{table} has no column {', '.join(sorted(unknown))}")
            values = ", ".join(f'"{name}"' if name in given else "NULL" for name in named)
            for batch in _batches(rows, BATCH_ROWS):
                frame = pandas.DataFrame(batch, columns=list(columns), dtype=object)
                self._connection.from_df(frame).project(values).insert_into(table)
                total += len(batch)
        return total

    def derive(self, table: str, select: str) -> int:
        self.script(f"CREATE OR REPLACE TABLE {table} AS {select}")
        return int(self.query(f"SELECT count(*) FROM {table}").rows[0][0])

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        with told_apart():
            yield from fetch(self._connection, sql, parameters)

    def define_table(self, table: str, select: str) -> bool:
        exists = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        if self.query(exists, table.split(".")).rows[0][0]:
            return False
        self.script(f"CREATE TABLE {table} AS SELECT * FROM ({select}\n) AS q LIMIT 0")
        return True

    def define_view(self, name: str, sql: str) -> bool:
        schema, _, view = name.partition(".")
        known = "SELECT sql FROM duckdb_views() WHERE schema_name = ? AND view_name = ?"
        before = self.query(known, (schema, view)).rows
        self.script(sql)
        return self.query(known, (schema, view)).rows != before

    def refresh_statistics(self, table: str) -> None:
        """Nothing to do: DuckDB keeps its statistics by itself."""

    @contextlib.contextmanager
    def whole_tables(self) -> Iterator[None]:
        """Nothing to do: DuckDB joins by hash."""
        yield

    @contextlib.contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        if self._in_transaction:
            yield
            return
        self._connection.begin()
        self._in_transaction = True
        try:
            yield
        except BaseException:
            # After an error that invalidates the database (a full disk) there is nothing left to roll back.
            with contextlib.suppress(Exception):
                self._connection.rollback()
            raise
        else:
            if keep:
                self._connection.commit()
            else:
                self._connection.rollback()
        finally:
            self._in_transaction = False

    def publish(self) -> None:
        # A closed file has no write-ahead log beside it, so its bytes alone are the whole database.
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        published = published_path(self.path)
        # One name: under the writer's lock, what a killed writer left of it is written over.
        incoming = published.with_suffix(".incoming")
        try:
            shutil.copyfile(self.path, incoming)
            sync(incoming)
            incoming.replace(published)
        finally:
            incoming.unlink(missing_ok=True)
            self._connection = connect(self.path, self._config)

    def close(self) -> None:
        self._connection.close()
        self._lock.close()


class DuckDBReader:
    """A Reader of the published copy: read-only, without access to files or the network.

    Readers that are open at once in one process share the copy that the first of them opened.
    """

    marts = "mart_v1"

    def __init__(self, path: Path) -> None:
        """In: the writer's path. Raises NothingPublished when no run has published yet."""
        published = published_path(path)
        if not published.is_file():
            published = path  # it may be an export, which is nobody's to write, and so its own copy for readers
            if not path.is_file() or path.with_suffix(".lock").exists():
                raise NothingPublished("nothing has been published here yet: run `kushim run` (or `kushim demo`) first")
        self._connection = connect(published, SETTINGS, read_only=True)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        import duckdb

        try:
            if len(self._connection.extract_statements(sql)) != 1:
                raise QueryRefused("write one statement at a time")
            return rows(self._connection, sql, parameters)
        except duckdb.Error as error:
            raise QueryRefused(str(error)) from None

    def close(self) -> None:
        self._connection.close()


def published_path(path: Path) -> Path:
    """Where the readers' copy of a warehouse file lies."""
    return path.with_name(f"{path.stem}.published{path.suffix}")


def connect(path: Path, config: dict[str, str], *, read_only: bool = False) -> Any:
    import duckdb

    connection = duckdb.connect(str(path), read_only=read_only, config=dict(config))
    # Within a process DuckDB shares one instance among all connections to a path: it may be locked already.
    if connection.execute("SELECT current_setting('lock_configuration')").fetchall() != [(True,)]:
        connection.execute("SET TimeZone = 'UTC'")
        # Last, since it forbids every further setting: no SQL, ours or a reader's, can open the file system again.
        connection.execute("SET lock_configuration = true")
    return connection


@contextlib.contextmanager
def told_apart() -> Iterator[None]:
    """Tell a statement that is wrong in itself from a warehouse that is in trouble (a full disk, a lost file)."""
    import duckdb

    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
        raise StatementFailed(str(error)) from error


def fetch(
    connection: Any, sql: str, parameters: Sequence[Any], size: int = FETCH_ROWS
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of one query, some at a time: DuckDB computes them as they are asked for."""
    cursor = connection.execute(sql, list(parameters))
    while rows := cursor.fetchmany(size):
        yield rows


def rows(connection: Any, sql: str, parameters: Sequence[Any]) -> Rows:
    cursor = connection.execute(sql, list(parameters))
    return Rows([column[0] for column in cursor.description or ()], cursor.fetchall())


def wait_in_line(path: Path, wait_seconds: float) -> IO[str]:
    """Wait in line for the writer's lock, which the kernel frees even after kill -9. Raises WarehouseBusy."""
    file = path.open("a")

    def take() -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        take_turn(take, wait_seconds, path.with_suffix(".duckdb").name)
    except BaseException:
        file.close()
        raise
    return file


def _batches(rows: Iterable[Sequence[Any]], size: int) -> Iterator[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
