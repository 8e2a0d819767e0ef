"""Opening Dagster's instance, also after a process was killed while it made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage


@contextmanager
def opened(home: Path | str) -> Iterator[DagsterInstance]:
    """The instance of a DAGSTER_HOME, whole.

    Dagster takes an event log in SQLite for made as soon as its file is there. A kill -9 during the very first start
    would leave one without tables, and every later start would end with the advice to migrate it.
    """
    with DagsterInstance.from_config(str(home)) as instance:
        storage = instance.event_log_storage
        if type(storage) is SqliteEventLogStorage:
            with storage.index_connection():  # makes what is missing
                pass
            storage.reindex_events()
            storage.reindex_assets()
        yield instance
