"""What a tenant file says about a file in a drop folder: which one, its columns, and how it proves to be whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from kushim_pipeline.tenants.model import Model
from kushim_pipeline.tenants.secret import Mistake

Kind = Literal["text", "date", "timestamp", "integer", "boolean"]
DateFormat = Literal["YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"]
Format = Literal["csv", "jsonl"]
Proof = Literal["none", "count", "sha256"]
_SUFFIXES: Mapping[str, Format] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_NAME = r"^[a-z][a-z0-9_]{0,39}$"
MAX_AGE_DAYS = 31


def _inside(text: str) -> str:
    """A path that names something below its folder, whatever the machine; the message does not repeat it."""
    example = "write it with /, relative to its folder and without .., e.g. hr/people-*.csv"
    if not text or len(text) > 500 or not text.isprintable() or "\\" in text:
        raise Mistake("this is not a path", example)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", text) or text.startswith("~"):
        raise Mistake("this path leaves its folder", example)
    if not path.parts or any(part.startswith(".") for part in path.parts):
        raise Mistake("this path names a hidden file or the folder itself", example)
    return text


def _folder(text: str) -> str:
    if not text.startswith("/"):
        return _inside(text)
    if len(text) > 500 or not text.isprintable() or ".." in PurePosixPath(text).parts:
        raise Mistake("this path leaves its folder", "write it without .., e.g. /srv/drop/acme")
    return text


def _column(given: object) -> object:
    return {"type": given} if isinstance(given, str) else given


Folder = Annotated[str, AfterValidator(_folder)]


class Column(Model):
    """A column. `header` is how the file calls it, where that is not its name; `format` is that of a date."""

    type: Kind | None = None
    required: bool | None = None
    header: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    format: DateFormat = "YYYY-MM-DD"

    @property
    def kind(self) -> Kind:
        """The type of its values."""
        return self.type or "text"

    @property
    def is_required(self) -> bool:
        """Whether every row has a value in it."""
        return self.required is not False


Columns = Mapping[Annotated[str, Field(pattern=_NAME)], Annotated[Column, BeforeValidator(_column)]]


@dataclass(frozen=True)
class Schema:
    """A population that Kushim knows: its key, its columns, and those that a file may lack altogether."""

    key: tuple[str, ...]
    columns: Mapping[str, Column]
    may_lack: frozenset[str]


def _schema(key: str, filled: str, there: str, extra: str) -> Schema:
    """Columns written as `name` (a text) or `name:type`: with a value in every row, in every file, and neither."""
    found: dict[str, Column] = {}
    for text, is_required in ((filled, True), (there, False), (extra, False)):
        for item in text.split():
            name, _, kind = item.partition(":")
            found[name] = Column.model_validate({"type": kind or "text", "required": is_required})
    may_lack = frozenset(item.partition(":")[0] for item in extra.split())
    return Schema(tuple(key.split()), MappingProxyType(found), may_lack)


# A column that a verdict may hang on, such as the day on which somebody left, must be there even if it is empty: a file
# without it would say that nobody left.
SCHEMAS: Mapping[str, Schema] = {
    "person": _schema(
        "person_id",
        "person_id email",
        "end_date:date",
        "name kind status department manager_id start_date:date",
    ),
    "training": _schema(
        "person_id course",
        "person_id course",
        "completed_on:date",
        "email assigned_on:date due_on:date",
    ),
    "vendor": _schema(
        "vendor_id",
        "vendor_id name",
        "owner reviewed_on:date",
        "tier service handles_personal_data:boolean next_review_on:date contract_end:date",
    ),
    "access_review": _schema(
        "campaign app_id user_id",
        "campaign app_id user_id",
        "reviewer decision decided_on:date",
        "carried_out_on:date",
    ),
    "credential_review": _schema(
        "campaign credential_id",
        "campaign credential_id",
        "reviewer decision decided_on:date",
        "carried_out_on:date",
    ),
}
"""Streams that Kushim knows. A file of such a stream need not declare columns."""


class DeclaredFile(Model):
    """One population in a drop folder: the newest of the files that `path` matches, by name.

    `columns` adds to those of a stream that Kushim knows, and says how the file writes them; another stream has these
    alone. `ignore` names further columns of the file. `proof` is what must lie beside the file (or, for `count`, at
    its end) to vouch for it. A file that was not changed for `max_age_days` no longer says how things are.
    """

    stream: Annotated[str, Field(pattern=_NAME)]
    path: Annotated[str, AfterValidator(_inside)]
    format: Format | None = None
    delimiter: Literal[",", ";", "tab", "|"] | None = None
    encoding: Literal["utf-8", "utf-16", "windows-1252", "iso-8859-1"] = "utf-8"
    key: tuple[Annotated[str, Field(pattern=_NAME)], ...] = ()
    columns: Columns = Field(default_factory=dict)
    ignore: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    proof: Proof = "none"
    max_age_days: Annotated[int, Field(ge=1, le=3660)] = MAX_AGE_DAYS

    @property
    def kind(self) -> Format:
        """How the file is written: as declared, else by the end of its name."""
        return self.format or _SUFFIXES[PurePosixPath(self.path).suffix.lower()]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns whose values, joined by `/`, are a row's id."""
        return self.key or SCHEMAS[self.stream].key

    @property
    def schema_columns(self) -> dict[str, Column]:
        """Every column by its name, those that Kushim knows first."""
        found = dict(SCHEMAS[self.stream].columns) if self.stream in SCHEMAS else {}
        for name, given in self.columns.items():
            found[name] = _joined(found[name], given) if name in found else given
        return found

    @property
    def may_lack(self) -> frozenset[str]:
        """The columns that need not be in the file: some that Kushim knows, unless the tenant names them too."""
        return SCHEMAS[self.stream].may_lack - self.columns.keys() if self.stream in SCHEMAS else frozenset()

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _pattern(cls, value: str) -> str:
        if "[" in value or re.search(r"[*?]", str(PurePosixPath(value).parent)):
            raise Mistake("only * and ? match, and only in the file's own name", "write e.g. hr/people-*.csv")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.format is None and PurePosixPath(self.path).suffix.lower() not in _SUFFIXES:
            raise Mistake("the path's end does not say how the file is written", "write format: csv or format: jsonl")
        known = SCHEMAS.get(self.stream)
        if known is None and not (self.columns and self.key):
            raise Mistake(
                f"{self.stream} is a stream of your own, so its columns and its key must be here",
                f"write key and columns, or one of the streams {', '.join(SCHEMAS)}",
            )
        for name, given in self.columns.items():
            expected = known.columns.get(name) if known else None
            if expected and (given.kind if given.type else expected.kind) != expected.kind:
                raise Mistake(f"the column {name} of {self.stream} is a {expected.kind}", "leave its type out")
            if expected and expected.is_required and not given.is_required:
                raise Mistake(f"the column {name} of {self.stream} is required", "leave required out")
        columns = self.schema_columns
        if known and self.key and self.key != known.key:
            raise Mistake(f"the key of {self.stream} is {', '.join(known.key)}", "leave key out")
        if any(name not in columns or not columns[name].is_required for name in self.keys):
            raise Mistake("the key is not made of required columns", "name columns that every row has")
        headers = [(column.header or name).strip().casefold() for name, column in columns.items()]
        if len({*headers, *(name.strip().casefold() for name in self.ignore)}) != len(headers) + len(self.ignore):
            raise Mistake("two columns have the same header, or one is also ignored", "give each a header of its own")
        return self


def _joined(known: Column, given: Column) -> Column:
    """What the tenant says of a column over what Kushim knows of it."""
    said = {name: getattr(given, name) for name in given.model_fields_set if getattr(given, name) is not None}
    return known.model_copy(update=said)
