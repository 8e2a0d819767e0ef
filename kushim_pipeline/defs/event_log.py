"""Dagster's SQLite event log, with its connections' machinery kept from one event to the next.

Dagster makes a new SQLAlchemy engine for every statement, so that each is compiled anew: 3 of the 14 CPU-seconds of
`kushim run` (measured). Files, tables and transactions stay exactly Dagster's; only this process's own runs use it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import QueuePool

_NEEDED = ("_connect", "_initdb", "_db_lock", "_initialized_dbs", "conn_string_for_shard")
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
                engine = engines[shard] = create_engine(
                    storage.conn_string_for_shard(shard),
                    poolclass=QueuePool,
                    pool_size=1,
                    connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
                )
            if shard not in storage._initialized_dbs:
                storage._initdb(engine)
                storage._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    vars(storage)["_connect"] = connect
    try:
        yield
    finally:
        del vars(storage)["_connect"]
        for engine in engines.values():
            engine.dispose()
