"""The rows of a file's bytes: CSV (RFC 4180, any of four delimiters) or JSON Lines.

A row that is broken is told apart from a file that is: where an open quote or a missing column leaves the other rows in
doubt, the file is.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kushim_pipeline.collect.file.values import BadValue, Value, read_value
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.tenants.declared_file import DeclaredFile

COUNT = "#count"
_DELIMITERS = {"tab": "\t"}
_TRIED = (",", ";", "\t", "|")
_BOM_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_ID = 2048


class Unusable(ValueError):
    """The file, or the rest of it, cannot be read as declared. The text says why, and repeats no cell."""


@dataclass(frozen=True)
class Row:
    """A row: the line that it begins on, its id and values, or what is wrong with it and its id where that is known."""

    line: int
    id: str | None
    values: Mapping[str, Value] | None
    wrong: str = ""


@dataclass(frozen=True)
class Trailer:
    """The last line of a file that says how many rows stand before it."""

    count: int


def rows(data: bytes, file: DeclaredFile) -> Iterator[Row | Trailer]:
    """Every row in order, then the trailer if there is one. Raises Unusable, with the rows before it already given."""
    found = _of_csv(data, file) if file.kind == "csv" else _of_json(data, file)
    for item in found:
        yield item
        if isinstance(item, Trailer) and next(found, None) is not None:
            raise Unusable(f"rows follow the line that begins with {COUNT}")


def _of_csv(data: bytes, file: DeclaredFile) -> Iterator[Row | Trailer]:
    text = _text(data, file.encoding)
    skipped = 0
    delimiter = _DELIMITERS.get(file.delimiter or "", file.delimiter)
    # A first line `sep=;` is how spreadsheets are told the delimiter.
    if text[:4].casefold() == "sep=" and len(text) > 5 and text[5:6] in "\r\n":
        first, text = text[:5], text[5:].removeprefix("\r").removeprefix("\n")
        skipped, delimiter = 1, delimiter or first[4]
    header, delimiter = _header(text, file, [delimiter] if delimiter else _TRIED)
    names = _names(header, file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    end = 0
    try:
        for number, cells in enumerate(reader):
            line, end = skipped + end + 1, reader.line_num
            if number == 0 or not any(cell.strip() for cell in cells):
                continue
            if cells[0].strip() == COUNT:
                yield _trailer(cells[1] if len(cells) > 1 else "", line)
            else:
                found = _row_of(line, cells, header, names, file)
                if found.values is None and line < skipped + end:
                    # A quote left open takes the rows below into its cell.
                    raise Unusable(f"line {line}: a row of several lines is broken, perhaps a quote is open")
                yield found
    except csv.Error as error:
        raise Unusable(f"line {skipped + end + 1}: {error}") from None


def _row_of(
    line: int, cells: Sequence[str], header: Sequence[str], names: Sequence[str | None], file: DeclaredFile
) -> Row:
    if len(cells) != len(header):
        return Row(line, None, None, f"{len(cells)} cells where the header has {len(header)}")
    return _row(line, {name: cells[at] for at, name in enumerate(names) if name}, file)


def _header(text: str, file: DeclaredFile, delimiters: Sequence[str]) -> tuple[list[str], str]:
    """The header and the delimiter under which most of the declared columns are in it."""
    wanted = {name.casefold() for name in _headers(file).values()}
    best: tuple[int, list[str], str] = (-1, [], ",")
    for delimiter in delimiters:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        found = sum(cell.strip().casefold() in wanted for cell in header)
        if found > best[0]:
            best = (found, header, delimiter)
    if not any(cell.strip() for cell in best[1]):
        raise Unusable("the file is empty: not even a header is in it" if not text.strip() else "there is no header")
    return best[1], best[2]


def _headers(file: DeclaredFile) -> dict[str, str]:
    return {name: (column.header or name).strip() for name, column in file.schema_columns.items()}


def _names(header: list[str], file: DeclaredFile) -> list[str | None]:
    """The column that each cell of a row belongs to; None for one that is ignored. Raises Unusable."""
    known = {text.casefold(): name for name, text in _headers(file).items()}
    ignored = {text.strip().casefold() for text in file.ignore}
    folded = [cell.strip().casefold() for cell in header]
    unknown = [text for text in folded if text not in known and text not in ignored]
    if not any(text in known for text in folded):
        # Nothing of it is repeated: it may be a row with somebody's data.
        raise Unusable("the first line has none of the declared columns: is there a header?")
    if unknown:
        raise Unusable(
            f"the header has {_listed(unknown)}, which is not declared and may be a column renamed: name it "
            "under columns or under ignore"
        )
    if len(set(folded)) < len(folded):
        raise Unusable(f"the header names {_listed([text for text in folded if folded.count(text) > 1])} twice")
    missing = [name for text, name in known.items() if text not in folded and name not in file.may_lack]
    if missing:
        raise Unusable(f"the header lacks {_listed(missing)}")
    return [known.get(text) for text in folded]


def _of_json(data: bytes, file: DeclaredFile) -> Iterator[Row | Trailer]:
    columns = file.schema_columns
    known = {text: name for name, text in _headers(file).items()}
    if file.encoding != "utf-8" or data.startswith(_BOM_UTF16):
        data = _text(data, file.encoding).encode()
    for line, raw in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            given = decode(raw)
        except BadJson as error:
            yield Row(line, None, None, str(error))
            continue
        if not isinstance(given, dict):
            yield Row(line, None, None, "not an object")
        elif COUNT in given:
            yield _trailer(given[COUNT], line)
        else:
            unknown = [name for name in given if name not in known and name not in file.ignore]
            lacking = [name for text, name in known.items() if text not in given and name not in file.may_lack]
            cells = {known[text]: cell for text, cell in given.items() if text in known}
            if unknown or lacking:
                what = (
                    f"it has {_listed(unknown)}, which is not declared" if unknown else f"it lacks {_listed(lacking)}"
                )
                yield Row(line, _id(cells, file), None, what)
            else:
                yield _row(line, {name: cells[name] for name in columns if name in cells}, file)


def _row(line: int, cells: Mapping[str, object], file: DeclaredFile) -> Row:
    key = _id(cells, file)
    if key is None:
        return Row(line, None, None, f"{', '.join(file.keys)} gives no usable id")
    values: dict[str, Value] = {}
    for name, column in file.schema_columns.items():
        try:
            values[name] = read_value(name, column, cells.get(name))
        except BadValue as error:
            return Row(line, key, None, str(error))
    return Row(line, key, values)


def _id(cells: Mapping[str, object], file: DeclaredFile) -> str | None:
    """The key's cells, without the spaces around them, joined by `/`."""
    columns = file.schema_columns
    parts = []
    for name in file.keys:
        try:
            parts.append(str(read_value(name, columns[name], cells.get(name))).strip())
        except BadValue:
            return None
    found = "/".join(parts)
    return found if found.isprintable() and len(found) <= MAX_ID else None


def _trailer(given: object, line: int) -> Trailer:
    text = str(given).strip()
    if isinstance(given, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Unusable(f"line {line}: what follows {COUNT} is no number")
    return Trailer(int(text))


def _text(data: bytes, encoding: str) -> str:
    """The bytes as text. A byte order mark says UTF-8 or UTF-16, whatever is declared. Raises Unusable."""
    if data.startswith(_BOM_UTF16):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8) or encoding == "utf-8":
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unusable(
            f"not {encoding.removesuffix('-sig')} at byte {error.start}: declare the file's encoding"
        ) from None


def _listed(names: Sequence[str]) -> str:
    """The names, at most five, none of them long."""
    shown = ", ".join(repr(name[:60]) for name in dict.fromkeys(names[:5]))
    return shown + (" …" if len(names) > 5 else "")
