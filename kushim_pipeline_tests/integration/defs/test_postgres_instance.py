"""Dagster on Postgres, as deploy/dagster.postgres.yaml says: the same pipeline, with runs and slots in a database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus, SensorResult, SkipReason, build_sensor_context

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs import names
from kushim_pipeline.defs.automation import schedules, sensors
from kushim_pipeline.defs.event_log import kept_engines
from kushim_pipeline.defs.home import INSTANCE_FILE, prepare_dagster_home
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.run import RunSummary, run_pipeline
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, Token, User
from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline.settings import Settings
from kushim_pipeline_tests.part import judged_by
from kushim_pipeline_tests.postgres import execute, fresh_database

POSTGRES_FILE = INSTANCE_FILE.parent / "deploy" / "dagster.postgres.yaml"
TOKENS = {"acme": "ghp_acme00000000000000000000000000000001", "beta": "ghp_beta00000000000000000000000000000002"}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database for Dagster, and the environment that says where it is."""
    with fresh_database() as url, pytest.MonkeyPatch.context() as patch:
        parts = urlsplit(url)
        patch.setenv("DAGSTER_PG_HOST", parts.hostname or "")
        patch.setenv("DAGSTER_PG_PORT", str(parts.port))
        patch.setenv("DAGSTER_PG_DB", parts.path[1:])
        patch.setenv("DAGSTER_PG_USERNAME", parts.username or "")
        patch.setenv("DAGSTER_PG_PASSWORD", parts.password or "")
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        for name, token in TOKENS.items():
            patch.setenv(f"TOKEN_{name.upper()}", token)
        yield url


@pytest.fixture(scope="module")
def github() -> Iterator[Server]:
    organizations = tuple(
        Organization(login, (User(f"{login}-ada", owner=True, two_factor=True),), repositories=(Repository("app"),))
        for login in TOKENS
    )
    server = start(
        Description(organizations, tokens=tuple(Token(token, owner=name, org=name) for name, token in TOKENS.items()))
    )
    yield server
    server.stop()


@pytest.fixture(scope="module")
def settings(database: str, github: Server, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder whose Dagster instance is the file for Postgres, copied there as the documents say."""
    folder = tmp_path_factory.mktemp("postgres-instance")
    found = Settings(folder / "home", folder / "tenants", f"duckdb:///{folder / 'w.duckdb'}", allow_private_hosts=True)
    found.tenants.mkdir()
    for name in TOKENS:
        (found.tenants / f"{name}.yaml").write_text(
            f"tenant: {name}\nname: {name}\nconnections:\n"
            f"  - {{source: github, org: {name}, token: env:TOKEN_{name.upper()}, base_url: {github.url}}}\n"
        )
    (found.home / "dagster").mkdir(parents=True)
    (found.home / "dagster" / "dagster.yaml").write_text(POSTGRES_FILE.read_text())
    return found


@pytest.fixture(scope="module")
def ran(settings: Settings) -> RunSummary:
    return run_pipeline(settings, (), (), lambda line: None, catalogue=judged_by("github"))


@pytest.fixture
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(prepare_dagster_home(settings))) as found:
        yield found


def test_it_differs_from_the_embedded_instance_in_the_storage_only() -> None:
    embedded, postgres = (yaml.safe_load(path.read_text()) for path in (INSTANCE_FILE, POSTGRES_FILE))
    assert {key: value for key, value in postgres.items() if key in embedded} == embedded
    assert set(postgres) - set(embedded) == {"storage", "run_launcher", "run_coordinator"}


def test_everything_that_dagster_keeps_is_in_postgres(settings: Settings, instance: DagsterInstance) -> None:
    found = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    assert [type(storage).__name__ for storage in found] == [
        "PostgresRunStorage", "PostgresEventLogStorage", "PostgresScheduleStorage",
    ]  # fmt: skip
    assert (settings.home / "dagster" / "dagster.yaml").read_text() == POSTGRES_FILE.read_text(), "left alone"
    assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
    assert (instance.run_monitoring_enabled, instance.run_retries_enabled) == (True, True)
    assert not instance.telemetry_enabled
    assert [type(part).__name__ for part in (instance.run_launcher, instance.run_coordinator)] == [
        "DefaultRunLauncher", "QueuedRunCoordinator",
    ]  # fmt: skip


def test_the_pipeline_runs_and_its_events_are_in_postgres(
    ran: RunSummary, settings: Settings, instance: DagsterInstance, database: str
) -> None:
    assert ran == RunSummary(ok=True, messages=())
    runs = {run.job_name: run for run in instance.get_runs()}
    assert {name: run.status for name, run in runs.items()} == {
        names.COLLECT: DagsterRunStatus.SUCCESS,
        names.JUDGE: DagsterRunStatus.SUCCESS,
    }
    assert instance.get_dynamic_partitions(names.TENANTS) == ["acme", "beta"]
    assert instance.get_materialized_partitions(names.evidence("github")) == {"acme", "beta"}
    assert instance.get_latest_materialization_event(names.mart("check_result")) is not None
    ((events,),) = execute(database, "SELECT count(*) FROM event_logs")
    assert events > 200
    assert not list(settings.home.rglob("*.db")), "nothing is in SQLite"


def test_no_slot_of_the_pool_stays_taken(ran: RunSummary, instance: DagsterInstance) -> None:
    found = instance.event_log_storage.get_concurrency_info(names.WAREHOUSE)
    assert (found.slot_count, found.active_slot_count, found.pending_step_count) == (1, 0, 0)


def test_the_shortcut_for_sqlite_leaves_postgres_alone(instance: DagsterInstance) -> None:
    before = dict(vars(instance.event_log_storage))
    with kept_engines(instance):
        assert vars(instance.event_log_storage) == before


def test_no_secret_is_in_dagsters_database(ran: RunSummary, database: str) -> None:
    tables = execute(database, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    for (table,) in tables:
        for token in TOKENS.values():
            found = execute(database, f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{token}%'")
            assert found == [(0,)], table


def test_sensors_and_the_schedule_tick(ran: RunSummary, settings: Settings, instance: DagsterInstance) -> None:
    kushim = Kushim(load(), settings)
    follows = next(sensor for sensor in sensors(kushim) if sensor.name == "tenants_follow_files")
    assert isinstance(follows(build_sensor_context(instance)), SkipReason)
    instance.delete_dynamic_partition(names.TENANTS, "beta")
    answer = follows(build_sensor_context(instance))
    assert isinstance(answer, SensorResult)
    (request,) = answer.dynamic_partitions_requests or []
    assert request.partition_keys == ["beta"]
    requests = _daily(kushim, instance)
    assert [list(request.tags.values()) for request in requests] == [["acme", "beta"]]
    assert instance.get_dynamic_partitions(names.TENANTS) == ["acme", "beta"], "the files were followed first"


def _daily(kushim: Kushim, instance: DagsterInstance) -> list[Any]:
    from datetime import UTC, datetime

    from dagster import build_schedule_context

    (schedule,) = (found for found in schedules(kushim) if found.name == "daily_collection")
    at = datetime(2026, 6, 1, 4, tzinfo=UTC)
    requests: list[Any] = list(schedule(build_schedule_context(instance, scheduled_execution_time=at)))
    return requests


def test_without_its_variables_the_instance_says_which_one_is_missing(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_PG_PASSWORD")
    with pytest.raises(Exception, match="DAGSTER_PG_PASSWORD"):
        DagsterInstance.from_config(str(Path(prepare_dagster_home(settings))))
