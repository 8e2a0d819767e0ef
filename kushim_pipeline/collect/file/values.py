"""A cell's value by its column's type. What a file writes is read as one thing or refused, never guessed."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kushim_pipeline.tenants.declared_file import Column, Kind

Value = str | int | bool | None

_DATES = {"YYYY-MM-DD": "%Y-%m-%d", "DD.MM.YYYY": "%d.%m.%Y", "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y"}
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


class BadValue(ValueError):
    """A cell that is not of its column's type. The text names the column and never repeats the cell."""


def read_value(name: str, column: Column, given: object) -> Value:
    """The value of a cell of a CSV file (a text) or of JSON Lines (any JSON). Raises BadValue.

    A text stays as it is, spaces and formulas included. Dates become YYYY-MM-DD, times RFC 3339 in UTC. An empty cell
    is None, which only a column that is not required may be.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        if column.is_required:
            raise BadValue(f"{name} is empty")
        return None
    found = _READERS[column.kind](given, column)
    if found is None:
        raise BadValue(f"{name} is no {column.kind}" + (f" ({column.format})" if column.kind == "date" else ""))
    return found


def _text(given: object, _: Column) -> Value:
    return given if isinstance(given, str) else None


def _date(given: object, column: Column) -> Value:
    if not isinstance(given, str) or not re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[./][0-9]{2}[./][0-9]{4}", given.strip()
    ):
        return None
    try:
        return datetime.strptime(given.strip(), _DATES[column.format]).replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return None


def _timestamp(given: object, _: Column) -> Value:
    if not isinstance(given, str) or not _TIME.fullmatch(given.strip()):
        return None
    try:
        found = datetime.fromisoformat(given.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found.isoformat().replace("+00:00", "Z")


def _integer(given: object, _: Column) -> Value:
    if isinstance(given, int) and not isinstance(given, bool):
        return given if abs(given) < 10**18 else None
    if isinstance(given, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", given.strip()):
        return int(given)
    return None


def _boolean(given: object, _: Column) -> Value:
    if isinstance(given, bool):
        return given
    return _WORDS.get(given.strip().casefold()) if isinstance(given, str) else None


_READERS: Mapping[Kind, Callable[[object, Column], Value]] = {
    "text": _text,
    "date": _date,
    "timestamp": _timestamp,
    "integer": _integer,
    "boolean": _boolean,
}
