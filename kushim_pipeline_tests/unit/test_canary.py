"""The search for planted secrets finds them: a search that finds nothing proves nothing by itself."""

import base64
import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline_tests.canary import found, stacks

SECRET = 'canary-"7f3a/9c+1e"\nsecond line'
OTHER = "canary-0d44b1"
WAYS: dict[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "json": lambda s: json.dumps({"a": s}).encode(),
    "repr": lambda s: repr([s]).encode(),
    "url": lambda s: f"https://x.example/?token={quote(s, safe='')}&b=c".encode(),
    "path": lambda s: f"https://x.example/{quote(s)}".encode(),
    "base64": lambda s: base64.b64encode(s.encode()),
    "basic": lambda s: base64.b64encode(b"user:" + s.encode() + b"!"),
    "basic, one more": lambda s: base64.b64encode(b"user1:" + s.encode() + b"!"),
    "basic, two more": lambda s: base64.b64encode(b"user12:" + s.encode()),
    "hex": lambda s: s.encode().hex().encode(),
    "HEX": lambda s: s.encode().hex().upper().encode(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_every_spelling_is_found(tmp_path: Path, way: Callable[[str], bytes], secret: str) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "log.txt").write_bytes(b"before " + way(secret) + b" after")
    assert found([secret], stacks(tmp_path))
    assert not found(["canary-that-is-not-there"], stacks(tmp_path))


def test_every_package_is_opened(tmp_path: Path) -> None:
    FileStore(tmp_path / "evidence").put("acme", f"evidence {OTHER}".encode())
    (tmp_path / "x.gz").write_bytes(gzip.compress(OTHER.encode()))
    connection = sqlite3.connect(tmp_path / "events.db")
    connection.execute("CREATE TABLE t (a TEXT, b BLOB)")
    connection.execute("INSERT INTO t VALUES (?, ?)", (OTHER, OTHER.encode()))
    connection.commit()
    connection.close()
    with duckdb.connect(str(tmp_path / "kushim.duckdb")) as warehouse:
        warehouse.execute("CREATE TABLE t AS SELECT i, 'x' || repeat(?, 1) AS a FROM range(3000) r(i)", [OTHER])
    places = {line.partition(" in ")[2].removeprefix(str(tmp_path)) for line in found([OTHER], stacks(tmp_path))}
    assert {"/x.gz, unpacked", "/events.db, as text", "/kushim.duckdb, as text"} <= places
    assert any(place.startswith("/evidence/objects/acme/") for place in places)
