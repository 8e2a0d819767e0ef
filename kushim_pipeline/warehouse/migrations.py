"""Migrations forward, on a live warehouse: `sql/schema/NNN_name.sql`, each applied once, in order.

Around them stand files that only create or replace, and run again whenever they changed: `<engine>/*.sql` (polyfills)
before them, `postgres/before/*.sql` (roles) before all, `postgres/after/*.sql` (indexes, walls) after all and again
after every migration. Each file is a transaction of its own; readers go on reading. Behind the walls of Postgres even
the owner sees no rows, so a numbered file's INSERT, UPDATE and DELETE are run by the loader, who sees all tenants'.
"""

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kushim_pipeline.warehouse.engine import Look, Warehouse
from kushim_pipeline.warehouse.postgres_engine import LOADER, OWNER, PostgresWarehouse

_NAME = re.compile(r"([0-9]{3})_([a-z0-9_]+)\.sql")
_BOOK = """
CREATE SCHEMA IF NOT EXISTS ops;
CREATE TABLE IF NOT EXISTS ops.migration (
    version INTEGER NOT NULL, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL
);
"""

_TOKEN = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|(?P<dollar>\$\w*\$).*?(?P=dollar)|;", re.DOTALL)
_CHANGES_ROWS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:INSERT|UPDATE|DELETE|MERGE)\b", re.DOTALL | re.IGNORECASE)
_WALL_OFF_NEW = """
DO $walls$
DECLARE
    fresh record;
BEGIN
    FOR fresh IN
        SELECT n.nspname, c.relname
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('raw', 'facts', 'verdict', 'catalogue')
            AND NOT has_table_privilege('kushim_loader', c.oid, 'INSERT')
    LOOP
        PERFORM ops.wall_off(fresh.nspname, fresh.relname);
    END LOOP;
END
$walls$
"""

Each = Callable[[str, Callable[[], None]], None]


def _at_once(_: str, step: Callable[[], None]) -> None:
    step()


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
    def title(self) -> str:
        """The file's name for people: `002_rollups`, or `postgres/after/walls.sql`."""
        return f"{self.version:03}_{self.name}" if self.version else self.name

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


def pending(warehouse: Look, schema_root: Path) -> list[Migration]:
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


def migrate(warehouse: Warehouse, schema_root: Path, each: Each = _at_once) -> list[Migration]:
    """Bring the warehouse to the newest schema. Returns what was applied; a second call applies nothing.

    In: what runs each step (to time it, or to try it again); a step is a transaction of its own. Raises
    MigrationRefused as `pending` does, and SchemaOutdated where a login may not change the schema.
    """
    wanted = pending(warehouse, schema_root)
    if not wanted:
        return []
    for migration in wanted:
        each(migration.title, partial(_apply, warehouse, migration))
    for migration in wanted:
        if migration.makes_roles:  # the book is the owner's, who was not there yet
            with warehouse.transaction(), _owner(warehouse, None):
                _remember(warehouse, migration)
    return wanted


def _apply(warehouse: Warehouse, migration: Migration) -> None:
    with warehouse.transaction(), _owner(warehouse, migration):
        if migration.version and isinstance(warehouse, PostgresWarehouse) and warehouse.has_walls():
            for statement in statements(migration.sql):
                _run_walled(warehouse, statement)
        else:
            warehouse.script(migration.sql)
        if not migration.makes_roles:
            _remember(warehouse, migration)


def _run_walled(warehouse: PostgresWarehouse, statement: str) -> None:
    """What defines is the owner's to run; what changes rows is the loader's, since the walls hold for the owner too."""
    if not _CHANGES_ROWS.match(statement):
        warehouse.script(statement)
        return
    # Tables that this migration has just made have no wall yet, and so no door for the loader.
    warehouse.script(_WALL_OFF_NEW)
    warehouse.script(f"SET ROLE {LOADER}")
    warehouse.script(statement)
    warehouse.script(f"SET ROLE {OWNER}")


def statements(sql: str) -> list[str]:
    """The statements of a file, each with the comments before it. A semicolon in a text or comment ends none."""
    found, start = [], 0
    for match in _TOKEN.finditer(sql):
        if match[0] == ";":
            found.append(sql[start : match.end()].strip())
            start = match.end()
    if _TOKEN.sub(lambda match: " " if match[0][:2] in ("--", "/*") else match[0], sql[start:]).strip():
        found.append(sql[start:].strip())
    return found


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


def _known(warehouse: Look) -> dict[tuple[int, str], str]:
    exists = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'ops' AND table_name = 'migration'"
    if not warehouse.query(exists).rows[0][0]:
        return {}
    rows = warehouse.query("SELECT version, name, sha256 FROM ops.migration").rows
    return {(version, name): sha256 for version, name, sha256 in rows}
