"""The tables that both engines have, and their rows as text, which is the same on both.

A time is `2026-06-01 00:00:00.12+00` on either, `infinity` stays what it is, and JSON is the text that was stored: so
rows can be carried over and compared without a driver's own types between them.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson

from kushim_pipeline.warehouse.engine import Look

Row = tuple[str | None, ...]
_MADE = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?((?:raw|verdict|catalogue|ops)\.[a-z_0-9]+)", re.MULTILINE)
_NOT_CARRIED = {"ops.migration"}


def portable_tables(schema_root: Path, look: Look) -> list[str]:
    """The tables of the numbered migrations that a warehouse has: all that is not derived, not an engine's own."""
    made = [name for path in sorted(schema_root.glob("*.sql")) for name in _MADE.findall(path.read_text("utf-8"))]
    there = set(tables(look))
    return [name for name in dict.fromkeys(made) if name in there - _NOT_CARRIED]


def tables(look: Look, schemas: Sequence[str] = ("raw", "verdict", "catalogue", "ops")) -> list[str]:
    """The tables (not the views) of some schemas, as `schema.name`, in order."""
    marks = ", ".join("?" for _ in schemas)
    rows = look.query(
        "SELECT t.table_schema || '.' || t.table_name FROM information_schema.tables AS t "
        f"WHERE t.table_type = 'BASE TABLE' AND t.table_schema IN ({marks}) ORDER BY 1",
        schemas,
    ).rows
    return [str(row[0]) for row in rows]


def columns(look: Look, table: str) -> list[str]:
    """The columns of a table, in order."""
    rows = look.query(
        "SELECT c.column_name FROM information_schema.columns AS c "
        "WHERE c.table_schema = ? AND c.table_name = ? ORDER BY c.ordinal_position",
        table.split("."),
    ).rows
    return [str(row[0]) for row in rows]


def as_text(names: Iterable[str], table: str, rest: str = "", **instead: str) -> str:
    """A SELECT of a table's columns as text.

    In: the columns, what follows the table (`AS t WHERE …`), and columns given by another expression than their name.
    """
    listed = ", ".join(f'CAST({instead.get(name, f"t.{name}")} AS VARCHAR) AS "{name}"' for name in names)
    return f"SELECT {listed} FROM {table} AS t {rest}"


class Digest:
    """What a table holds, as one number that does not depend on the order of its rows: the sum of their SHA-256."""

    def __init__(self, names: Sequence[str]) -> None:
        """In: the columns of the rows that will come."""
        self._names = names
        self._sum = 0
        self.rows = 0

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Give the rows on, and count them in."""
        for row in rows:
            self._sum += int.from_bytes(hashlib.sha256(orjson.dumps(row)).digest())
            self.rows += 1
            yield row

    @property
    def hex(self) -> str:
        """The digest of columns, number of rows and their sum modulo 2^256."""
        return hashlib.sha256(orjson.dumps([*self._names, self.rows, f"{self._sum % 2**256:x}"])).hexdigest()


def digest(look: Look, table: str, names: Sequence[str]) -> Digest:
    """The digest of a table as it stands, read as a stream."""
    found = Digest(names)
    for batch in look.stream(as_text(names, table)):
        for _ in found.through(batch):
            pass
    return found
