"""Migrations forward, on a live warehouse: `sql/schema/NNN_name.sql`, each applied once, in order.

Around them stand files that only create or replace, and run again whenever they changed: `<engine>/*.sql` (polyfills)
before them, `postgres/before/*.sql` (roles) before all, `postgres/after/*.sql` (indexes, walls) after all and again
after every migration. Each file is a transaction of its own; readers go on reading.
"""

import contextlib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kushim_pipeline.warehouse.engine import Warehouse
from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse

_NAME = re.compile(r"([0-9]{3})_([a-z0-9_]+)\.sql")
_BOOK = """
CREATE SCHEMA IF NOT EXISTS ops;
CREATE TABLE IF NOT EXISTS ops.migration (
    version INTEGER NOT NULL, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL
);
"""


class MigrationRefused(RuntimeError):
    """The warehouse and the migration files do not fit together."""


@dataclass(frozen=True)
class Migration:
    """One file to apply. Files that may run again have version 0, and a name with their folder."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest that the warehouse remembers the file by."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def comes_after(self) -> bool:
        """Whether it belongs behind every migration, and so runs again after one."""
        return "/after/" in self.name

    @property
    def makes_roles(self) -> bool:
        """Whether it runs as the login itself, before there is an owner."""
        return "/before/" in self.name


def migrations(schema_root: Path, engine: str) -> list[Migration]:
    """The files for an engine in the order of application. Raises MigrationRefused for a gap."""
    numbered = []
    for path in sorted(schema_root.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if not match:
            raise MigrationRefused(f"{path.name} is not named NNN_name.sql")
        numbered.append(Migration(int(match[1]), match[2], path.read_text("utf-8")))
    if [migration.version for migration in numbered] != list(range(1, len(numbered) + 1)):
        raise MigrationRefused("migrations must be numbered 001, 002, … without a gap or a number twice")
    own = schema_root / engine
    return [
        *_repeatable(own / "before", f"{engine}/before"),
        *_repeatable(own, engine),
        *numbered,
        *_repeatable(own / "after", f"{engine}/after"),
    ]


def pending(warehouse: Warehouse, schema_root: Path) -> list[Migration]:
    """What `migrate` would apply, in order; empty when the schema is the newest.

    Raises MigrationRefused when a migration was changed after it was applied, or when the warehouse is newer than the
    files.
    """
    known = _known(warehouse)
    files = migrations(schema_root, warehouse.engine)
    newest = max((version for version, _ in known), default=0)
    if newest > max(migration.version for migration in files):
        raise MigrationRefused(
            f"the warehouse has migration {newest}, which this version of Kushim does not know: update it"
        )
    for migration in files:
        before = known.get((migration.version, migration.name))
        if migration.version > 0 and before not in (None, migration.sha256):
            raise MigrationRefused(
                f"migration {migration.version:03} {migration.name} was changed after it was applied: "
                "put the file back and write a new migration"
            )
    changed = {m.name for m in files if known.get((m.version, m.name)) != m.sha256}
    return [m for m in files if m.name in changed or (changed and m.comes_after)]


def migrate(warehouse: Warehouse, schema_root: Path) -> list[Migration]:
    """Bring the warehouse to the newest schema. Returns what was applied; a second call applies nothing.

    Raises MigrationRefused as `pending` does, and SchemaOutdated where a login may not change the schema.
    """
    wanted = pending(warehouse, schema_root)
    if not wanted:
        return []
    for migration in wanted:
        with warehouse.transaction(), _owner(warehouse, migration):
            warehouse.script(migration.sql)
            if not migration.makes_roles:
                _remember(warehouse, migration)
    for migration in wanted:
        if migration.makes_roles:  # the book is the owner's, who was not there yet
            with warehouse.transaction(), _owner(warehouse, None):
                _remember(warehouse, migration)
    return wanted


def _remember(warehouse: Warehouse, migration: Migration) -> None:
    warehouse.script(_BOOK)
    warehouse.query("DELETE FROM ops.migration WHERE version = 0 AND name = ?", (migration.name,))
    warehouse.query(
        "INSERT INTO ops.migration VALUES (?, ?, ?, current_timestamp)",
        (migration.version, migration.name, migration.sha256),
    )


@contextlib.contextmanager
def _owner(warehouse: Warehouse, migration: Migration | None) -> Iterator[None]:
    """On Postgres every file but the roles' is run by the owner; DuckDB has none."""
    if isinstance(warehouse, PostgresWarehouse) and not (migration and migration.makes_roles):
        with warehouse.as_owner(f"the schema ({migration.name if migration else 'its book'})"):
            warehouse.script("CREATE SCHEMA IF NOT EXISTS polyfill")
            yield
    else:
        yield


def _repeatable(folder: Path, prefix: str) -> list[Migration]:
    return [Migration(0, f"{prefix}/{path.name}", path.read_text("utf-8")) for path in sorted(folder.glob("*.sql"))]


def _known(warehouse: Warehouse) -> dict[tuple[int, str], str]:
    exists = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'ops' AND table_name = 'migration'"
    if not warehouse.query(exists).rows[0][0]:
        return {}
    rows = warehouse.query("SELECT version, name, sha256 FROM ops.migration").rows
    return {(version, name): sha256 for version, name, sha256 in rows}
