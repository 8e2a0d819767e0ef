"""Numbered migrations: `sql/schema/NNN_name.sql`, each applied once, in order, in a transaction of its own.

The polyfills of an engine (`sql/schema/<engine>/*.sql`) only create or replace, and run again whenever they changed.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from kushim_pipeline.warehouse.engine import Warehouse

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
    """One file to apply. Polyfills have version 0."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest that the warehouse remembers the file by."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(schema_root: Path, engine: str) -> list[Migration]:
    """The files for an engine in the order of application, polyfills first. Raises MigrationRefused for a gap."""
    polyfills = [
        Migration(0, f"{engine}/{path.name}", path.read_text("utf-8"))
        for path in sorted(schema_root.joinpath(engine).glob("*.sql"))
    ]
    numbered = []
    for path in sorted(schema_root.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if not match:
            raise MigrationRefused(f"{path.name} is not named NNN_name.sql")
        numbered.append(Migration(int(match[1]), match[2], path.read_text("utf-8")))
    if [migration.version for migration in numbered] != list(range(1, len(numbered) + 1)):
        raise MigrationRefused("migrations must be numbered 001, 002, … without a gap or a number twice")
    return polyfills + numbered


def migrate(warehouse: Warehouse, schema_root: Path) -> list[Migration]:
    """Bring the warehouse to the newest schema. Returns what was applied; a second call applies nothing.

    Raises MigrationRefused when a migration was changed after it was applied, or when the warehouse is newer than the
    files.
    """
    warehouse.script(_BOOK)
    known = {
        (version, name): sha256
        for version, name, sha256 in warehouse.query("SELECT version, name, sha256 FROM ops.migration").rows
    }
    files = migrations(schema_root, warehouse.engine)
    newest = max((version for version, _ in known), default=0)
    if newest > max(migration.version for migration in files):
        raise MigrationRefused(
            f"the warehouse has migration {newest}, which this version of Kushim does not know: update it"
        )
    applied = []
    for migration in files:
        before = known.get((migration.version, migration.name))
        if before == migration.sha256:
            continue
        if before is not None and migration.version > 0:
            raise MigrationRefused(
                f"migration {migration.version:03} {migration.name} was changed after it was applied: "
                "put the file back and write a new migration"
            )
        with warehouse.transaction():
            warehouse.script(migration.sql)
            warehouse.query("DELETE FROM ops.migration WHERE version = 0 AND name = ?", (migration.name,))
            warehouse.query(
                "INSERT INTO ops.migration VALUES (?, ?, ?, current_timestamp)",
                (migration.version, migration.name, migration.sha256),
            )
        applied.append(migration)
    return applied
