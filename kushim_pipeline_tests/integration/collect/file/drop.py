"""A drop folder in a test's hands: files with a time of their own, and what a collection of them leaves behind."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.file.streams import collect, units
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.json_door import decode
from kushim_pipeline.evidence.receipt import Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.tenants.config import FileConnection

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PEOPLE = {"stream": "person", "path": "people-*.csv"}
OWN = {
    "stream": "asset",
    "path": "assets.csv",
    "key": "asset_id",
    "columns": {"asset_id": "text", "owner": {"type": "text", "required": False}},
}


@dataclass(frozen=True)
class Result:
    """The receipt of one declared file, its records, and what could not be read."""

    receipt: Receipt
    records: Mapping[str, dict[str, Any]]
    times: frozenset[str]

    @property
    def unread(self) -> dict[str | None, Reason]:
        return {error.resource_id: error.reason for error in self.receipt.errors}

    @property
    def said(self) -> str:
        return " | ".join(error.message for error in self.receipt.errors)


@dataclass
class Drop:
    """`home`: the folder that the tenant file would lie in; the drop folder is `drop` below it."""

    home: Path
    waits: list[float] = field(default_factory=list)

    def put(self, name: str, content: str | bytes, age: timedelta = timedelta(days=1)) -> Path:
        path = self.home / "drop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        moment = (NOW - age).timestamp()
        os.utime(path, (moment, moment))
        return path

    def read(self, *files: Mapping[str, Any], folder: str = "drop", wait: Any = None) -> dict[str, Result]:
        given = {"source": "file", "name": "hr", "folder": folder, "files": list(files)}
        connection = FileConnection.model_validate(given).below(self.home)
        store = FileStore(self.home / "evidence")
        collections: list[Collection] = []

        def open_collection(unit: Any) -> Collection:
            collections.append(Collection(unit, store, code_version="test", mask=str))
            return collections[-1]

        done: list[Any] = []
        clock = Clockwork(wait=wait or self.waits.append, now=NOW.timestamp)
        planned = units("acme", connection)
        collect(connection, {}, planned, open_collection, done.append, Pace(clockwork=clock))
        assert done == planned
        return {c.unit.stream: _result(c.finish(), store) for c in collections}

    def one(self, file: Mapping[str, Any], **options: Any) -> Result:
        (found,) = self.read(file, **options).values()
        return found


def _result(receipt: Receipt, store: FileStore) -> Result:
    data = store.get("acme", receipt.records_sha256) if receipt.records_sha256 else b""
    records = [decode(line) for line in data.splitlines()]
    for record in records:
        assert record["evidence"] in {page.sha256 for page in receipt.pages}
    times = frozenset(record["observed_at"] for record in records)
    return Result(receipt, {record["id"]: record["body"] for record in records}, times)
