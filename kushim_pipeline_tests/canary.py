"""Look for a planted secret in everything that a data folder holds, however it is spelt, packed or encrypted.

The spellings are written out here on purpose, not taken from the code that masks them.
"""

import base64
import gzip
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb

from kushim_pipeline.evidence.store import FileStore

Stack = tuple[str, bytes]
"""A place and what is in it."""


def spellings(secret: str) -> dict[str, bytes]:
    """How the secret may be written -> what to look for."""
    data = secret.encode()
    middles = {}
    for offset in range(3):
        # Behind `offset` other bytes, the first and last characters depend on those; what is between does not.
        text = base64.b64encode(b"\0" * offset + data + b"\0" * (2 - (offset + len(data) + 2) % 3)).decode()
        middles[f"base64 at {offset}"] = text[4 if offset else 0 : (offset + len(data)) // 3 * 4].encode()
    found = {
        "raw": data,
        "json": json.dumps(secret)[1:-1].encode(),
        "repr": repr(secret)[1:-1].encode(),
        "url": quote(secret, safe="").encode(),
        "url, slashes kept": quote(secret).encode(),
        "form": quote_plus(secret).encode(),
        "hex": data.hex().encode(),
        "HEX": data.hex().upper().encode(),
        "utf-16": secret.encode("utf-16-le"),
        **middles,
        "base64 for URLs": base64.urlsafe_b64encode(data).rstrip(b"=")[: len(data) // 3 * 4],
    }
    return {name: text for name, text in found.items() if len(text) >= 8}


def stacks(home: Path, store: FileStore | None = None) -> Iterator[Stack]:
    """Every file of a folder: as it is, unpacked, opened with the evidence's keys, and databases as text."""
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield str(path), data
        yield str(path), str(path).encode()
        if path.suffix == ".gz":
            yield f"{path}, unpacked", gzip.decompress(data)
        elif path.name.endswith(".gz.sealed") and store is not None:
            digest = path.parent.name + path.name.partition(".")[0]
            yield f"{path}, opened", store.get(path.parent.parent.name, digest)
        elif data.startswith(b"SQLite format 3"):
            yield f"{path}, as text", _sqlite(path)
        elif path.suffix == ".duckdb":
            yield f"{path}, as text", _duckdb(path)


def found(secrets: Iterable[str], where: Iterable[Stack]) -> list[str]:
    """`spelling of number N in place`, for every secret that is found somewhere."""
    wanted = [(number, name, text) for number, one in enumerate(secrets) for name, text in spellings(one).items()]
    return [
        f"{name} of secret {number} in {place}"
        for place, data in where
        for number, name, text in wanted
        if text in data
    ]


def _sqlite(path: Path) -> bytes:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return b"\n".join(_text(row) for name in tables for row in connection.execute(f'SELECT * FROM "{name}"'))
    finally:
        connection.close()


def _duckdb(path: Path) -> bytes:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        ).fetchall()
        return b"\n".join(
            _text(row)
            for schema, name in names
            for row in connection.execute(f'SELECT * FROM "{schema}"."{name}"').fetchall()
        )


def _text(row: Iterable[object]) -> bytes:
    return b"\t".join(value if isinstance(value, bytes) else str(value).encode("utf-8", "replace") for value in row)
