"""The warehouse's pool on Postgres, made by two workers at once."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from dagster import DagsterInstance

from kushim_pipeline.defs import names
from kushim_pipeline.defs.home import INSTANCE_FILE
from kushim_pipeline.defs.pool import make_pool
from kushim_pipeline_tests.postgres import fresh_database


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database for Dagster, and the environment that says where it is."""
    with fresh_database() as url:
        parts = urlsplit(url)
        monkeypatch.setenv("DAGSTER_PG_HOST", parts.hostname or "")
        monkeypatch.setenv("DAGSTER_PG_PORT", str(parts.port))
        monkeypatch.setenv("DAGSTER_PG_DB", parts.path[1:])
        monkeypatch.setenv("DAGSTER_PG_USERNAME", parts.username or "")
        monkeypatch.setenv("DAGSTER_PG_PASSWORD", parts.password or "")
        yield url.replace("postgresql+psycopg2://", "postgresql://")


@pytest.fixture
def instance(database: str, tmp_path: Path) -> Iterator[DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text((INSTANCE_FILE.parent / "deploy" / "dagster.postgres.yaml").read_text())
    with DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


def _slots(instance: DagsterInstance) -> int:
    return instance.event_log_storage.get_concurrency_info(names.WAREHOUSE).slot_count


def test_the_pool_has_one_slot_however_often_it_is_made(instance: DagsterInstance) -> None:
    make_pool(instance)
    make_pool(instance)
    assert _slots(instance) == 1


def test_a_worker_that_makes_the_pool_while_another_does_goes_on(database: str, instance: DagsterInstance) -> None:
    troubles: list[BaseException] = []

    def second() -> None:
        try:
            make_pool(instance)
        except BaseException as error:  # noqa: BLE001 # told to the test's own thread
            troubles.append(error)

    first, watcher = psycopg2.connect(database), psycopg2.connect(database)
    watcher.autocommit = True
    try:
        with first.cursor() as cursor:
            cursor.execute(
                'INSERT INTO concurrency_limits (concurrency_key, "limit", using_default_limit) VALUES (%s, 1, true)',
                (names.WAREHOUSE,),
            )
            cursor.execute(
                "INSERT INTO concurrency_slots (concurrency_key, deleted) VALUES (%s, false)", (names.WAREHOUSE,)
            )
        worker = threading.Thread(target=second)
        worker.start()
        _somebody_waits(watcher)
        first.commit()
        worker.join(30)
    finally:
        first.close()
        watcher.close()
    assert (troubles, worker.is_alive()) == ([], False)
    assert _slots(instance) == 1


def _somebody_waits(watcher: psycopg2.extensions.connection) -> None:
    """Return when a session of this database waits for another's transaction."""
    until = time.monotonic() + 30
    with watcher.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
    raise AssertionError("nobody came to wait")
