"""A table on a terminal, readable from 80 columns up. Imports rich, so it is imported only when there is a terminal."""

import re
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kushim_pipeline.commands.output import Row, printable, text_of

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z")
_STYLES = {"PASS": "green", "FAIL": "bold red", "UNKNOWN": "yellow", "EXCEPTED": "cyan", "NOT_APPLICABLE": "dim"}
_STYLES |= {"complete": "green", "partial": "yellow", "denied": "bold red", "failed": "bold red"}
# Long texts, which may take several lines, and the least width at which they can still be read.
_FLOWING = {"resource_id": 20, "reason": 16, "error": 20, "title": 20, "description": 20}
# What goes first when the terminal is narrow: a command for machines (--format json, csv) always has every column.
_LEAST_WANTED = (
    "evidence_sha256", "resource_type", "observed_at", "source", "framework", "declared_total", "finished_at", "pages",
    "connection_id", "not_applicable", "excepted",
)  # fmt: skip


def print_table(columns: Sequence[str], rows: Sequence[Row], width: int | None = None) -> None:
    """Print to stdout. Digests and times are shortened, and what does not fit is left out and named below."""
    console = Console(width=width, highlight=False)
    cells = [[_short(text_of(value)) for value in row] for row in rows]
    kept = _that_fit(columns, cells, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for index in kept:
        name = columns[index]
        flows = name in _FLOWING
        table.add_column(Text(printable(name)), overflow="fold", no_wrap=not flows and name in _known(columns))
    for row in cells:
        table.add_row(*(Text(row[index], style=_STYLES.get(row[index], "")) for index in kept))
    console.print(table)
    left_out = [columns[index] for index in range(len(columns)) if index not in kept]
    if left_out:
        console.print(f"Not shown for want of room: {', '.join(left_out)}. --format json has every column.")


def _short(text: str) -> str:
    if _DIGEST.fullmatch(text):
        return text[:12] + "…"
    if found := _TIME.fullmatch(text):
        return f"{found[1]} {found[2]}"
    return printable(text)


def _known(columns: Sequence[str]) -> set[str]:
    """Columns of Kushim's own tables hold short words; those of a person's query may hold anything, and fold."""
    return set(columns) if "tenant_id" in columns else set()


def _that_fit(columns: Sequence[str], cells: list[list[str]], width: int) -> list[int]:
    """The indexes of the columns that fit into `width` characters, in their order."""
    needs = [
        min(_FLOWING.get(name, 10_000), max(len(name), *(len(row[index]) for row in cells)))
        for index, name in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    for name in _LEAST_WANTED:
        if sum(needs[index] + 2 for index in kept) <= width:
            break
        kept = [index for index in kept if columns[index] != name]
    return kept
