"""Where wrapped data keys and sealed secrets are kept: SQLite under KUSHIM_HOME, or the Postgres warehouse.

Everything here is ciphertext. Rows of a secret are versions; only the newest holds bytes. A tenant's changes happen one
after the other (SQLite's write lock, an advisory lock in Postgres).
"""

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa  # noqa: TID253 # imported by open_vault only when secrets or sealed evidence are wanted

from kushim_pipeline.vault.errors import VaultUnreachable

METADATA: Final = sa.MetaData(schema="vault")
_TIME: Final = sa.DateTime(timezone=True)

DATA_KEY: Final = sa.Table(
    "data_key",
    METADATA,
    sa.Column("tenant_id", sa.Text, primary_key=True),
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key_id", sa.Text, nullable=False, unique=True),
    sa.Column("wrapped_by", sa.Text, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
)
SECRET: Final = sa.Table(
    "secret",
    METADATA,
    sa.Column("tenant_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("set_at", _TIME, nullable=False),
    sa.Column("destroyed_at", _TIME),
)
SHREDDED: Final = sa.Table(
    "shredded",
    METADATA,
    sa.Column("tenant_id", sa.Text, primary_key=True),
    sa.Column("shredded_at", _TIME, nullable=False),
    sa.Column("renewed_at", _TIME),
)


def now() -> datetime:
    """The time that a row is stamped with, in UTC."""
    return datetime.now(UTC)


def in_utc(value: datetime) -> datetime:
    """A time from the table; SQLite gives it back without its zone, which is UTC."""
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class VaultTable:
    """The tables and their transactions. Nothing is connected to before the first one."""

    def __init__(self, engine: sa.Engine, file: Path | None) -> None:
        """In: the engine; SQLite's file, or None for Postgres. See `sqlite_table` and `postgres_table`."""
        self._engine, self._file = engine, file
        self._made = False
        self._acts_as = ""

    @property
    def sees_all(self) -> bool:
        """Whether one transaction may go over all tenants: not where the login is no member of kushim_loader."""
        if self._file is not None:
            return True
        with self._guarded(), self._engine.begin() as connection:
            return self._role(connection) == "kushim_loader"

    @contextlib.contextmanager
    def reading(self, tenant_id: str | None = None) -> Iterator[sa.Connection | None]:
        """A transaction to read one tenant, or all (None); yields None where nothing was ever written."""
        if self._file is not None and not self._file.exists():
            yield None
            return
        if self._file is not None:
            self._make()
        with self._guarded(), self._engine.begin() as connection:
            self._enter(connection, tenant_id)
            yield connection

    @contextlib.contextmanager
    def writing(self, tenant_id: str | None = None) -> Iterator[sa.Connection]:
        """A transaction to change one tenant (None: rows of all, one statement each); others wait for its end."""
        if self._file is not None:
            self._make()
        with self._guarded(), self._engine.connect().execution_options(kushim_writes=True) as connection:
            with connection.begin():
                self._enter(connection, tenant_id)
                if self._file is None and tenant_id is not None:
                    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
                    connection.execute(lock, {"name": f"kushim.vault {tenant_id}"})
                yield connection

    def has_no_key(self) -> bool:
        """Whether no tenant has a data key yet. Where only one tenant's rows are visible: False, it cannot be known."""
        if not self.sees_all:
            return False
        with self.reading() as connection:
            return connection is None or connection.scalar(sa.select(DATA_KEY.c.key_id).limit(1)) is None

    def scrub(self) -> None:
        """Let no destroyed bytes stay in SQLite's write-ahead log. In Postgres that is VACUUM's and the archive's."""
        if self._file is not None and self._file.exists():
            with self._guarded(), self._engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def _enter(self, connection: sa.Connection, tenant_id: str | None) -> None:
        if self._file is not None:
            return
        role = self._role(connection)
        # For this transaction only: behind a pooler the next one may be somebody else's.
        connection.execute(sa.text(f"SET LOCAL ROLE {role}"))
        if tenant_id is not None:
            connection.execute(sa.text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": tenant_id})
        elif role != "kushim_loader":
            raise VaultUnreachable(
                "this needs all tenants' keys, which the database shows to members of kushim_loader only; "
                "name a tenant, or use a login that is one"
            )

    def _role(self, connection: sa.Connection) -> str:
        self._acts_as = self._acts_as or _role(connection)
        return self._acts_as

    def _make(self) -> None:
        """SQLite: make file and tables. For Postgres, `kushim warehouse migrate` does (sql/schema/postgres/after)."""
        if self._made or self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the database file.
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        if self._file.stat().st_mode & 0o077:
            self._file.chmod(0o600)
        with self._guarded(), self._engine.connect().execution_options(kushim_writes=True) as connection:
            with connection.begin():
                METADATA.create_all(connection)
        self._made = True

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.IntegrityError:
            raise
        except sa.exc.ProgrammingError:
            raise VaultUnreachable(
                "the database has no tables for secrets, or this login may not use them; "
                "run `kushim warehouse migrate` and let the login be a member of kushim_loader or kushim_app"
            ) from None
        except sa.exc.SQLAlchemyError as error:
            # Neither the URL nor the statement is repeated.
            raise VaultUnreachable(
                f"the database that holds the encrypted secrets cannot be used ({type(error).__name__})"
            ) from None


def sqlite_table(file: Path) -> VaultTable:
    """The tables in a SQLite file, which is made at the first write with mode 0600."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        pool_size=1,
        max_overflow=16,
        hide_parameters=True,
        connect_args={"timeout": 30.0},
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        # The driver's own transactions begin too late for a read before a write; see `_begun`.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Deleted and overwritten bytes become zeros in the file (SQLite, PRAGMA secure_delete).
        connection.execute("PRAGMA secure_delete = ON")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("kushim_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return VaultTable(engine.execution_options(schema_translate_map={"vault": None}), file)


def postgres_table(url: str) -> VaultTable:
    """The tables in the schema `vault` of a Postgres database. In: its URL, `postgresql+psycopg2://…`."""
    engine = sa.create_engine(
        url, pool_size=1, max_overflow=4, pool_pre_ping=True, hide_parameters=True, connect_args={"connect_timeout": 10}
    )
    return VaultTable(engine, None)


def _role(connection: sa.Connection) -> str:
    found = connection.scalar(
        sa.text(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('kushim_loader', 'kushim_app') "
            "AND pg_has_role(session_user, oid, 'MEMBER') ORDER BY rolname DESC LIMIT 1"
        )
    )
    if found is None:
        raise VaultUnreachable(
            "this login is a member of neither kushim_loader nor kushim_app; "
            "run `kushim warehouse migrate`, then GRANT one of them to it"
        )
    return str(found)
