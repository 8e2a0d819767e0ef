"""Rewrite a DuckDB file, so that what was deleted from it is in it no more.

DELETE leaves bytes in blocks that are only reused later. A new file holds what a SELECT gives, and nothing else.
"""

import contextlib
import os
import shutil
from pathlib import Path

from kushim_pipeline.durable import sync
from kushim_pipeline.warehouse.duckdb_engine import published_path, wait_in_line


def compact(path: Path, *, wait_seconds: float = 60.0) -> None:
    """Rewrite the writer's file and the readers' copy of it, each in one step. Without a file it does nothing.

    Holds the writer's lock meanwhile. A reader who has the old copy open keeps it until it is closed. Raises
    WarehouseBusy when another writer does not finish in time; after an error the old file is in place, whole.
    """
    if not path.is_file():
        return
    with contextlib.closing(wait_in_line(path.with_suffix(".lock"), wait_seconds)):
        published = published_path(path)
        # What a killed publishing or an earlier compaction left behind is a copy of the old bytes.
        for left in path.parent.glob(f"{path.stem}*.incoming*"):
            left.unlink()
        incoming = path.with_suffix(f".{os.getpid()}.incoming")
        try:
            _rewrite(path, incoming)
            sync(incoming)
            if published.is_file():
                copy = published.with_suffix(f".{os.getpid()}.incoming")
                shutil.copyfile(incoming, copy)
                sync(copy)
                copy.replace(published)
            incoming.replace(path)
            sync(path.parent)
        finally:
            incoming.unlink(missing_ok=True)


def _rewrite(old: Path, new: Path) -> None:
    import duckdb

    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": "1"})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {_quoted(old)} AS old_file")
        # Nothing may be left in the write-ahead log beside the file.
        connection.execute("CHECKPOINT old_file")
        connection.execute(f"ATTACH {_quoted(new)} AS new_file")
        connection.execute("COPY FROM DATABASE old_file TO new_file")
        connection.execute("CHECKPOINT new_file")
        connection.execute("DETACH new_file")
        connection.execute("DETACH old_file")
    finally:
        connection.close()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
