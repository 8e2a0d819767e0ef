"""Print rows as table, JSON or CSV, safely: a resource's name must not act on a terminal or a spreadsheet."""

import csv
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import click

FORMATS = ("table", "json", "csv")
Row = Sequence[object]

# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters, and those that reorder or hide text on a screen (bidirectional marks, zero width).
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def show(columns: Sequence[str], rows: Sequence[Row], form: str) -> None:
    """Write the rows to stdout; `form` is one of FORMATS. An empty table says so on stderr."""
    writer: dict[str, Callable[[Sequence[str], Sequence[Row]], str]] = {"json": as_json, "csv": as_csv}
    if form in writer:
        click.echo(writer[form](columns, rows), nl=False)
    elif not rows:
        click.echo("no rows", err=True)
    elif _is_terminal() and len(rows) <= 5000:
        from kushim_pipeline.commands.screen import print_table

        print_table(columns, rows)
    else:
        click.echo(as_text(columns, rows), nl=False)


def as_json(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """A list of objects, one line a row. Times are RFC 3339 in UTC, NULL and not-a-number are null."""
    names = _distinct(columns)
    lines = (
        json.dumps(dict(zip(names, map(_for_json, row), strict=True)), ensure_ascii=False, allow_nan=False)
        for row in rows
    )
    return "[" + ",\n ".join(map(clean, lines)) + "]\n"


def as_csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Comma-separated values with a header. A text that a spreadsheet would run as a formula begins with ' instead."""
    line = StringIO()
    # With this terminator the writer quotes a cell that holds a bare carriage return; lines end in \n all the same.
    writer = csv.writer(line, lineterminator="\r\n")
    out = []
    for row in (columns, *rows):
        writer.writerow([_cell(value) for value in row])
        out.append(line.getvalue().removesuffix("\r\n") + "\n")
        line.seek(0)
        line.truncate()
    return "".join(out)


def as_text(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Aligned columns, every value whole, one line a row: what a pipe gets."""
    table = [[printable(column) for column in columns], *([printable(text_of(value)) for value in row] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines) + "\n"


def text_of(value: object) -> str:
    """One value as text; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return clean(json.dumps(_for_json(value), ensure_ascii=False))
    return clean(str(value))


def timestamp(value: datetime) -> str:
    """RFC 3339 in UTC, ending in Z. A time without a zone is UTC already (the warehouse keeps no other)."""
    utc = value.astimezone(UTC) if value.tzinfo else value
    return utc.replace(tzinfo=None).isoformat() + "Z"


def clean(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 file can hold; each becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def printable(text: str) -> str:
    """`text` with everything that could move a cursor, colour or reorder a terminal shown as an escape."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line_each(message: str) -> str:
    """A message of several lines, every line made printable: a vendor's name in it cannot act on the terminal."""
    return "\n".join(printable(clean(line)) for line in message.split("\n"))


def _cell(value: object) -> object:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    text = text_of(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _distinct(columns: Sequence[str]) -> list[str]:
    """The columns' names, a repeated one with a number (a, a_2): in an object the last of two would hide the first."""
    names: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in names:
            number += 1
            name = f"{column}_{number}"
        names.append(name)
    return names


def _for_json(value: object) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _for_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_for_json(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return text_of(value)


def _is_terminal() -> bool:
    return sys.stdout.isatty()
