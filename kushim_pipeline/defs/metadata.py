"""Numbers and tables for the UI. Only ids, words of our own, counts: never a vendor's text, a path or a secret."""

from collections.abc import Mapping, Sequence

from dagster import MetadataValue, TableColumn, TableMetadataValue, TableRecord, TableSchema

Number = int | float
MAX_ROWS = 100
"""A table of more rows makes every page of the UI slow; the marts have them all."""


def table(columns: Mapping[str, str], rows: Sequence[Sequence[str | int | float | bool | None]]) -> TableMetadataValue:
    """A table for the UI. In: column -> type (string, int, float, bool), and rows; at most MAX_ROWS are kept."""
    records = [
        TableRecord({name: _shown(value) for name, value in zip(columns, row, strict=True)}) for row in rows[:MAX_ROWS]
    ]
    return MetadataValue.table(records, TableSchema([TableColumn(name, kind) for name, kind in columns.items()]))


def _shown(value: str | int | float | bool | None) -> str | int | float | bool:
    if value is None:
        return ""
    # A lone surrogate makes the UI's answer to the whole page an error.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
