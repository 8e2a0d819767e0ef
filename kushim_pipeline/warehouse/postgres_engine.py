"""The engine for many: Postgres 15 or later. The same SQL files, one writer at a time, readers who never wait.

A writer works as the role kushim_loader, which owns nothing; what has to be defined (a migration, a fact table's
columns, a view) is done as kushim_owner by the same login, where it may, or by `kushim warehouse migrate` beforehand.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kushim_pipeline.warehouse.engine import Rows, SchemaOutdated, StatementFailed
from kushim_pipeline.warehouse.postgres_link import connect, copy, execute, fetch, is_member, told_apart
from kushim_pipeline.warehouse.turn import take_turn

OWNER, LOADER = "kushim_owner", "kushim_loader"
"""The roles that a writer acts as: docs/walls.md."""
# The advisory lock of the one writer: any number, the same for ever.
_WRITER = 7_305_014_461
# Raised when derived tables are made in another way (an index more), so that each is made anew.
_TABLE_FORM = 2
PLACES = "SET search_path = polyfill, public"
# One session of few, large statements: room to sort and hash, and no compiling of plans whose cost is a guess.
_LARGE = "SET work_mem = '128MB'; SET jit = off"


class PostgresWarehouse:
    """A Warehouse in a Postgres database. Holds the writer's advisory lock until `close`, or until its process dies."""

    engine = "postgres"

    def __init__(self, url: str, *, wait_seconds: float | None = 60.0) -> None:
        """In: `postgresql+psycopg2://…`, and how long to queue behind another writer (None: only look, do not write).

        Raises WarehouseBusy when the other writer does not finish in time, WarehouseAway when there is no server.
        """
        self._connection = connect(url, application="kushim writer")
        self._depth = 0
        try:
            self._refuse_readers()
            if wait_seconds is not None:
                take_turn(self._take, wait_seconds, "this Postgres warehouse")
            self.script(PLACES)
            self.script(_LARGE)
        except BaseException:
            self._connection.close()
            raise

    def script(self, sql: str) -> None:
        execute(self._connection, sql)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        return execute(self._connection, sql, parameters)[0]

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return execute(self._connection, sql, parameters)[1]

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        if "." not in table or not self.query("SELECT row_security_active(?)", (table,)).rows[0][0]:
            return copy(self._connection, table, columns, rows)
        # Postgres refuses COPY into a table behind walls, so it goes to one of this session's own first.
        names = ", ".join(columns)
        with self.transaction():
            self.script(f"CREATE TEMPORARY TABLE incoming AS SELECT {names} FROM {table} WITH NO DATA")
            total = copy(self._connection, "incoming", columns, rows)
            self.script(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming; DROP TABLE incoming")
        return total

    @contextlib.contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        # Inside another transaction a savepoint: a statement that fails there must not take the outer one with it.
        name = f"kushim_{self._depth}"
        begin, commit, rollback = "BEGIN", "COMMIT", "ROLLBACK"
        if self._depth:
            begin, commit, rollback = f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO {name}"
        self.script(begin)
        self._depth += 1
        try:
            yield
        except BaseException:
            # Where the connection is lost, the server has rolled back already.
            with contextlib.suppress(Exception):
                self.script(rollback)
            raise
        else:
            self.script(commit if keep else rollback)
        finally:
            self._depth -= 1

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        with self.transaction() if not self._depth else contextlib.nullcontext():
            yield from fetch(self._connection, sql, parameters)

    def derive(self, table: str, select: str) -> int:
        shape = self._shape(select)
        if self._define(table, select, shape):
            rows = int(self.query(f"SELECT count(*) FROM {table}").rows[0][0])
        else:
            names = ", ".join(f'"{name}"' for name, _ in shape)
            with self.transaction():
                self.script(f"DELETE FROM {table}")
                rows = self.change(f"INSERT INTO {table} ({names}) {select}")
        self.refresh_statistics(table)
        return rows

    def define_table(self, table: str, select: str) -> bool:
        return self._define(table, select, self._shape(select))

    def _define(self, table: str, select: str, shape: Sequence[tuple[str, int]]) -> bool:
        digest = hashlib.sha256(repr((_TABLE_FORM, shape)).encode()).hexdigest()
        if self._remembered(table) == digest:
            return False
        with self.as_owner(f"the table {table}"):
            self._replace_table(table, select, [name for name, _ in shape])
            self._remember(table, digest)
        return True

    def define_view(self, name: str, sql: str) -> bool:
        schema, _, view = name.partition(".")
        digest = hashlib.sha256(sql.encode()).hexdigest()
        if self._remembered(name) == digest:
            return False
        with self.as_owner(f"the view {name}"):
            self.script(sql)
            self.query("SELECT ops.show_view(?, ?)", (schema, view))
            self._remember(name, digest)
        return True

    def publish(self) -> None:
        # What is committed is visible already; readers only gain by fresh statistics.
        for table in ("verdict.check_result", "verdict.check_status", "verdict.daily_change", "raw.receipt"):
            self.refresh_statistics(table)

    def close(self) -> None:
        self._connection.close()

    def refresh_statistics(self, table: str) -> None:
        """ANALYZE a table of the warehouse, which a loader that owns nothing may only do through the owner."""
        schema, _, name = table.rpartition(".")
        if schema:
            self.query("SELECT ops.refresh_statistics(?, ?)", (schema, name))
        else:
            self.script(f"ANALYZE {name}")  # a temporary table is the loader's own

    @contextlib.contextmanager
    def whole_tables(self) -> Iterator[None]:
        # Behind walls nobody may count a tenant's values, so the planner expects a handful of rows where there are
        # millions, and would compare each with each.
        self.script("SET enable_nestloop = off")
        try:
            yield
        finally:
            with contextlib.suppress(StatementFailed):  # a transaction that failed takes the setting back by itself
                self.script("RESET enable_nestloop")

    def work_as_loader(self) -> None:
        """From here on be kushim_loader. Raises SchemaOutdated where the login is no member of it."""
        try:
            self.script(f"SET ROLE {LOADER}")
        except StatementFailed:
            raise SchemaOutdated(
                f"the login of KUSHIM_WAREHOUSE_URL is no member of {LOADER}, or nothing was migrated yet: "
                "run `kushim warehouse migrate` with a login that may create roles, then grant it that role"
            ) from None

    def may_own(self) -> bool:
        """Whether the login may act as kushim_owner, and so change the schema. True before the first migration."""
        return is_member(self._connection, OWNER) is not False

    def has_walls(self) -> bool:
        """Whether the walls between tenants stand already."""
        return bool(self.query("SELECT to_regprocedure('ops.wall_off(text, text)') IS NOT NULL").rows[0][0])

    @contextlib.contextmanager
    def as_owner(self, what: str) -> Iterator[None]:
        """All or nothing, as kushim_owner. Raises SchemaOutdated, with what is missing, where the login may not."""
        if not self.may_own():
            raise SchemaOutdated(
                f"{what} is not as this version of Kushim needs it, and this login may not change it: "
                "run `kushim warehouse migrate` as a member of kushim_owner"
            )
        role = self.query("SELECT current_user").rows[0][0]
        with self.transaction():
            self.script(f"SET ROLE {OWNER}")
            yield
            self.script(f'SET ROLE "{role}"')

    def _refuse_readers(self) -> None:
        """A login that was made for reading is told so, before it is told what it cannot see."""
        may_create = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = session_user"
        if is_member(self._connection, LOADER) is False and not self.query(may_create).rows[0][0]:
            raise SchemaOutdated(f"the login of KUSHIM_WAREHOUSE_URL is no member of {LOADER}: it may read, not write")

    def _shape(self, select: str) -> list[tuple[str, int]]:
        """The columns that a SELECT gives: names and types."""
        with told_apart(), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({select}\n) AS q LIMIT 0")
            return [(column.name, column.type_code) for column in cursor.description]

    def _replace_table(self, table: str, select: str, columns: Sequence[str]) -> None:
        """Make a table with the rows of a SELECT, as the owner, and put it in the old one's place.

        Readers of the old one are kept waiting only for the change of names at the end, and never find it empty.
        """
        schema, _, name = table.partition(".")
        fresh = f"{name}__new"
        key = ", ".join(column for column in ("tenant_id", "resource_id") if column in columns)
        self.script(f"CREATE TABLE {schema}.{fresh} AS SELECT * FROM ({select}\n) AS q WITH NO DATA")
        self.query("SELECT ops.wall_off(?, ?)", (schema, fresh))
        # The owner sees no rows behind the walls.
        self.script(
            f"SET ROLE {LOADER}; INSERT INTO {schema}.{fresh} SELECT * FROM ({select}\n) AS q; SET ROLE {OWNER}"
        )
        if key:
            self.script(f"CREATE INDEX {fresh}_key ON {schema}.{fresh} ({key})")
        self.script(f"DROP TABLE IF EXISTS {table}; ALTER TABLE {schema}.{fresh} RENAME TO {name}")
        if key:
            self.script(f"ALTER INDEX {schema}.{fresh}_key RENAME TO {name}_key")

    def _remembered(self, name: str) -> str | None:
        rows = self.query("SELECT sha256 FROM ops.migration WHERE version = 0 AND name = ?", (name,)).rows
        return str(rows[0][0]) if rows else None

    def _remember(self, name: str, digest: str) -> None:
        self.query("DELETE FROM ops.migration WHERE version = 0 AND name = ?", (name,))
        self.query("INSERT INTO ops.migration VALUES (0, ?, ?, current_timestamp)", (name, digest))

    def _take(self) -> bool:
        return bool(self.query("SELECT pg_try_advisory_lock(?)", (_WRITER,)).rows[0][0])
