"""Read an SQL file of the catalogue: a YAML header in its leading comment, then one SELECT."""

import hashlib
import re
from pathlib import Path
from typing import Any

from kushim_pipeline.catalogue.document import CatalogueError, Document
from kushim_pipeline.catalogue.model import Check, FactTable

_HEADER = re.compile(r"\s*/\*(?P<yaml>.*?)\*/(?P<sql>.*)\Z", re.DOTALL)
_FROM_THE_FILE = ("source", "sql", "version", "path", "extra")


def read_check(path: Path, source: str, extra: bool = False) -> Check:
    """The check in the file at `path`; `source` is its folder, `extra` if a user brought it. Raises CatalogueError."""
    document, body = _open(path)
    return document.build(Check, {**document.data, **body, "source": source, "extra": extra})


def read_facts(path: Path) -> FactTable:
    """The fact table in the file at `path`. Raises CatalogueError."""
    document, body = _open(path)
    return document.build(FactTable, {**document.data, **body})


def _open(path: Path) -> tuple[Document, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(path, None, f"the file cannot be read: {error}") from error
    match = _HEADER.match(text)
    if match is None:
        raise CatalogueError(path, 1, "the file must start with a comment /* … */ that holds its header as YAML")
    first_line = text.count("\n", 0, match.start("yaml")) + 1
    document = Document(match["yaml"], path, first_line)
    if not isinstance(document.data, dict):
        raise CatalogueError(path, first_line, "the header must be YAML of the form `key: value`")
    for key in document.data:
        if key in _FROM_THE_FILE:
            raise document.error([key], f"'{key}' is taken from the file itself; leave it out of the header")
    sql = match["sql"].strip()
    while sql.endswith(";"):
        sql = sql[:-1].rstrip()
    if not sql:
        raise CatalogueError(path, None, "there is no SELECT below the header")
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return document, {"sql": sql, "version": version, "path": path}
