"""Carry the tables of one warehouse over into another, all or nothing, and prove that nothing was lost."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kushim_pipeline.warehouse.engine import Look, StatementFailed, Warehouse
from kushim_pipeline.warehouse.portable import Digest, Row, as_text, columns, digest

EVERY = 250_000
# Filled by the migrations themselves.
_FILLED = {"verdict.reason"}


class CopyRefused(RuntimeError):
    """The copy was not made, and the target is as it was. The text says why."""


@dataclass(frozen=True)
class Copied:
    """A table that was carried over: how many rows, and the digest that both sides have."""

    table: str
    rows: int
    digest: str


def copy_tables(source: Look, target: Warehouse, tables: Sequence[str], say: Callable[[str], None]) -> list[Copied]:
    """Copy the tables in one transaction of the target, and compare each, read again, with what was sent.

    In: tables that both have; who is told how far it is. Raises CopyRefused, with nothing kept, when the target holds
    rows already, when it does not take a row, or when what it has is not what was sent.
    """
    held = [table for table in tables if table not in _FILLED and _is_filled(target, table)]
    if held:
        raise CopyRefused(
            f"the target holds rows already ({', '.join(held[:5])}{', …' if len(held) > 5 else ''}); "
            "copy into a warehouse that is new, or drop that one first"
        )
    done = []
    with target.transaction():
        for table in tables:
            done.append(_copy(source, target, table, say))
        for table in tables:
            target.refresh_statistics(table)
    return done


def _copy(source: Look, target: Warehouse, table: str, say: Callable[[str], None]) -> Copied:
    names = columns(source, table)
    if set(names) != set(columns(target, table)):
        raise CopyRefused(f"{table} does not have the same columns on both sides; migrate both warehouses first")
    if table in _FILLED:
        target.script(f"DELETE FROM {table}")
    total = int(source.query(f"SELECT count(*) FROM {table}").rows[0][0])
    sent = Digest(names)
    rows = _rows(source.stream(as_text(names, table)))
    quoted = [f'"{name}"' for name in names] if target.engine == "postgres" else names
    try:
        target.load(table, quoted, _told(sent.through(rows), table, total, say))
    except StatementFailed as error:
        # The engine's message may hold the value: of it only what is wrong with it is repeated.
        raise CopyRefused(f"{table}: the target does not take a row: {str(error).splitlines()[0]}") from None
    found = digest(target, table, names)
    if (found.rows, found.hex) != (sent.rows, sent.hex) or sent.rows != total:
        raise CopyRefused(
            f"{table} is not the same on both sides ({total} rows there, {sent.rows} sent, {found.rows} arrived); "
            "nothing was kept"
        )
    say(f"{table}: {total:,} rows, the same on both sides")
    return Copied(table, total, found.hex)


def _is_filled(look: Look, table: str) -> bool:
    return bool(look.query(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS t").rows[0][0])


def _rows(batches: Iterable[list[Row]]) -> Iterator[Row]:
    for batch in batches:
        yield from batch


def _told(rows: Iterable[Row], table: str, total: int, say: Callable[[str], None]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number % EVERY == 0:
            say(f"{table}: {number:,} of {total:,} rows sent")
        yield row
