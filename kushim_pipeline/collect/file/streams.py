"""The streams of drop folders, and how a connection is read."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.file.folder import Dropped, Unread, folder_of
from kushim_pipeline.collect.file.population import read
from kushim_pipeline.collect.file.taped import OPERATION, Taped
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import GLOBAL, Unit
from kushim_pipeline.tenants.config import Connection, FileConnection
from kushim_pipeline.tenants.declared_file import SCHEMAS

SOURCE = "file"


@dataclass(frozen=True)
class StreamSpec:
    """A population that Kushim knows. `columns`: those that a file of it may have."""

    name: str
    columns: tuple[str, ...]
    doc: str
    permissions: tuple[str, ...] = ("read access to the drop folder",)
    scope: str = GLOBAL


_DOCS = {
    "person": "Everybody who works here, leavers with the day on which they left",
    "training": "Who was assigned which training, and when it was completed",
    "vendor": "Every vendor, with its owner and its last review",
    "access_review": "The decisions of an access review",
    "credential_review": "The decisions of a review of keys, apps and tokens",
}
STREAMS: tuple[StreamSpec, ...] = tuple(
    StreamSpec(f"{SOURCE}.{name}", tuple(schema.columns), _DOCS[name]) for name, schema in SCHEMAS.items()
)
"""The streams with a schema of their own; a tenant file may declare others."""


def units(tenant_id: str, connection: Connection) -> list[Unit]:
    """What a connection is expected to give: one unit a declared file. Nothing is read."""
    files = cast(FileConnection, connection).files
    return [
        Unit(tenant_id, connection.connection_id, SOURCE, connection.account, f"{SOURCE}.{file.stream}", GLOBAL)
        for file in files
    ]


def collect(
    connection: Connection,
    secrets: Mapping[str, SecretStr],
    units: Iterable[Unit],
    open_collection: Callable[[Unit], Collection],
    progress: Callable[[Unit], None],
    pace: Pace | None = None,
) -> None:
    """Read the declared files one after the other, and call progress(unit) after each.

    In: a FileConnection; it has no secrets. A file's fault is its own unit's receipt and no other's.
    """
    drop = cast(FileConnection, connection)
    pace = pace or Pace()
    files = {f"{SOURCE}.{file.stream}": file for file in drop.files}
    for unit in units:
        with open_collection(unit) as collection:
            try:
                folder = Taped(pace.tape) if pace.tape else Dropped(folder_of(drop, os.environ), pace.clockwork)
            except Unread as trouble:
                collection.problem(trouble.reason, OPERATION, str(trouble))
            else:
                read(collection, folder, files[unit.stream], datetime.fromtimestamp(pace.now(), UTC))
        progress(unit)
