"""A table on a terminal, readable from 80 columns up. Imports rich, so it is imported only when there is a terminal."""

import re
from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kushim_pipeline.commands.output import Row, printable, text_of

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z")
_STYLES = {"PASS": "green", "FAIL": "bold red", "UNKNOWN": "yellow", "EXCEPTED": "cyan", "NOT_APPLICABLE": "dim"}
_STYLES |= {"complete": "green", "partial": "yellow", "denied": "bold red", "failed": "bold red"}
# Long texts, which may take several lines, and the least width at which they can still be read.
_FLOWING = {"resource_id": 20, "reason": 16, "error": 18, "title": 20, "description": 20, "stream": 24}
_LONGEST = 200
# What goes first when the terminal is narrow: a command for machines (--format json, csv) always has every column.
_LEAST_WANTED = (
    "evidence_sha256", "resource_type", "finished_at", "observed_at", "source", "framework", "declared_total", "pages",
    "connection_id", "not_applicable", "excepted", "records", "severity",
)  # fmt: skip
_GAP = 2


def print_table(columns: Sequence[str], rows: Sequence[Row], width: int | None = None) -> None:
    """Print to stdout. Digests, times and long texts are shortened; what does not fit is left out and named below."""
    console = Console(width=width, highlight=False)
    cells = [[_short(text_of(value)) for value in row] for row in rows]
    heads = [printable(name) for name in columns]
    kept = list(range(len(columns)))
    if _total(columns, heads, cells, kept) > console.width:
        heads = [head.replace("_", "_\n") for head in heads]
    for name in _LEAST_WANTED:
        if _total(columns, heads, cells, kept) <= console.width:
            break
        kept = [index for index in kept if columns[index] != name]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, _GAP - 1, 0, 0), header_style="bold")
    for index in kept:
        # Columns of Kushim's own tables hold short words; those of a person's query may hold anything, and fold.
        whole = "tenant_id" in columns and columns[index] not in _FLOWING
        least = None if whole else min(_need(columns[index], heads[index], cells, index), 10)
        table.add_column(Text(heads[index]), overflow="fold", no_wrap=whole, min_width=least)
    for row in cells:
        table.add_row(*(Text(row[index], style=_style(columns[index], row[index])) for index in kept))
    console.print(table)
    left_out = [columns[index] for index in range(len(columns)) if index not in kept]
    if left_out:
        console.print(f"Not shown for want of room: {', '.join(left_out)}. --format json has every column.")


def _total(columns: Sequence[str], heads: list[str], cells: list[list[str]], kept: list[int]) -> int:
    """The characters that a line needs at least."""
    return sum(_need(columns[index], heads[index], cells, index) + _GAP for index in kept)


def _need(name: str, head: str, cells: list[list[str]], index: int) -> int:
    widest = max(cell_len(row[index]) for row in cells)
    return max(min(widest, _FLOWING.get(name, widest)), *(cell_len(part) for part in head.split("\n")))


def _style(column: str, text: str) -> str:
    return _STYLES.get(text, "") if column in ("status", "outcome") else ""


def _short(text: str) -> str:
    if _DIGEST.fullmatch(text):
        return text[:12] + "…"
    if found := _TIME.fullmatch(text):
        return f"{found[1]} {found[2]}"
    text = printable(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
