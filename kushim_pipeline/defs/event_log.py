"""Dagster's SQLite event log, with what it asks anew for every event kept from one event to the next.

Dagster makes a new SQLAlchemy engine for every statement, so that each is compiled anew (3 of 14 CPU-seconds of
`kushim run`, measured), and asks for every event whether its own tables and columns are there (1 more). Files, tables
and transactions stay exactly Dagster's; only this process's own runs use it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

_NEEDED = ("_connect", "_initdb", "_db_lock", "_initialized_dbs", "conn_string_for_shard")
# What Dagster asks of its own schema. A migration only ever adds: what is there once is there for as long as we run.
_OF_THE_SCHEMA = ("has_table", "has_secondary_index", "_has_asset_key_col_on_connection")
_BUSY_SECONDS = 60


@contextmanager
def kept_engines(instance: DagsterInstance) -> Iterator[None]:
    """While this is open, an instance on SQLite keeps its engines. Does nothing for any other storage."""
    storage = instance.event_log_storage
    if type(storage) is not SqliteEventLogStorage or not all(hasattr(storage, name) for name in _NEEDED):
        yield
        return
    engines: dict[str, Engine] = {}

    @contextmanager
    def connect(shard: str) -> Iterator[Connection]:
        with storage._db_lock:
            engine = engines.get(shard)
            if engine is None:
                engine = engines[shard] = _engine(storage.conn_string_for_shard(shard))
            if shard not in storage._initialized_dbs:
                storage._initdb(engine)
                storage._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    kept: dict[str, Callable[..., Any]] = {
        name: _once_true(getattr(storage, name)) for name in _OF_THE_SCHEMA if hasattr(storage, name)
    }
    kept["_connect"] = connect
    vars(storage).update(kept)
    try:
        yield
    finally:
        for name in kept:
            del vars(storage)[name]
        for engine in engines.values():
            engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _hand_over)
    return engine


def _hand_over(connection: Any, _: object) -> None:
    """Leave an event to the kernel and do not wait for the disk, twice for each of a thousand events.

    A killed process loses nothing by that. A host that loses its power may lose the last events, never the file; the
    run is closed as a lost one then, and evidence, ledger and warehouse have synced what is theirs.
    """
    connection.execute("PRAGMA synchronous = NORMAL")


def _once_true(ask: Callable[..., bool]) -> Callable[..., bool]:
    """The same question, not asked again once the answer was yes. Its last argument says what is asked for."""
    there: set[object] = set()

    def kept(*arguments: Any) -> bool:
        wanted = arguments[-1]
        if wanted not in there and ask(*arguments):
            there.add(wanted)
        return wanted in there

    return kept
