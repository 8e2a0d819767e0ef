"""Two worker processes on two tenants at once: one Postgres warehouse, one Dagster on Postgres, one data folder.

Whatever they do to each other, and if one of them dies in the middle, everything is as if one had done it alone.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from kushim_pipeline.defs import names
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.sandbox.gate_calls import Call
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.world import World, start
from kushim_pipeline_tests.e2e.commands import kushim, rows, started, surroundings, wait_for
from kushim_pipeline_tests.postgres import fresh_database

INSTANCE = Path(__file__).resolve().parents[2] / "deploy" / "dagster.postgres.yaml"
MANIFEST = load()
FIRST, SECOND = list(MANIFEST.tenants)[:2]
_VERDICTS = (
    "SELECT tenant_id, check_id, connection_id, resource_id, status, reason FROM mart_v1.check_result "
    "ORDER BY 1, 2, 3, 4"
)
_RECORDS = (
    "SELECT tenant_id, connection_id, stream, scope, resource_id, content_hash FROM raw.record "
    "WHERE valid_to IS NULL AND source <> 'kushim' ORDER BY 1, 2, 3, 4, 5"
)
# What must not be: two current versions of a record, two verdicts at one time, a receipt landed twice.
_TWICE = """
SELECT 'record', count(*) FROM (SELECT 1 FROM raw.record WHERE valid_to IS NULL
    GROUP BY tenant_id, connection_id, stream, scope, resource_id HAVING count(*) > 1) AS t
UNION ALL SELECT 'verdict', count(*) FROM (SELECT 1 FROM mart_v1.check_result
    GROUP BY tenant_id, check_id, connection_id, resource_id HAVING count(*) > 1) AS t
UNION ALL SELECT 'receipt', count(*) FROM (SELECT 1 FROM raw.receipt
    GROUP BY tenant_id, collection_id HAVING count(*) > 1) AS t
ORDER BY 1
"""
NOTHING_TWICE = [("receipt", 0), ("record", 0), ("verdict", 0)]


@dataclass(frozen=True)
class Site:
    """A data folder, a warehouse and a Dagster on Postgres, and the environment in which the commands find them."""

    folder: Path
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / ".kushim"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the warehouse answers."""
        return rows(self.folder, sql, self.environment)

    def receipts(self, tenant: str) -> int:
        """How many receipts a tenant's ledger holds."""
        return [entry.kind for entry in Ledger(self.home / "evidence").entries(tenant)].count("receipt")

    def start(self, tenant: str) -> Any:
        """Start a worker on a tenant."""
        return started(self.folder, "run", "--tenant", tenant, environment=self.environment)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A sandbox of two tenants."""
    only = MANIFEST.model_copy(update={"tenants": {name: MANIFEST.tenants[name] for name in (FIRST, SECOND)}})
    with start({}, manifest=only) as running:
        yield running


def site(world: World, folder: Path, warehouse: str, dagster: str) -> Site:
    world.write_tenants(folder / "tenants")
    home = folder / ".kushim" / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(INSTANCE.read_text())
    parts = urlsplit(dagster)
    return Site(
        folder,
        surroundings(
            **world.environment,
            KUSHIM_WAREHOUSE_URL=warehouse,
            DAGSTER_PG_HOST=parts.hostname or "",
            DAGSTER_PG_PORT=str(parts.port),
            DAGSTER_PG_DB=parts.path[1:],
            DAGSTER_PG_USERNAME=parts.username or "",
            DAGSTER_PG_PASSWORD=parts.password or "",
        ),
    )


@pytest.fixture(scope="module")
def alone(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where one process did everything."""
    with fresh_database() as warehouse, fresh_database() as dagster:
        found = site(world, tmp_path_factory.mktemp("alone"), warehouse, dagster)
        ended_well(started(found.folder, "run", environment=found.environment))
        yield found


@pytest.fixture
def shared(world: World, tmp_path: Path) -> Iterator[Site]:
    """Where two workers are to meet, on an empty warehouse."""
    with fresh_database() as warehouse, fresh_database() as dagster:
        yield site(world, tmp_path, warehouse, dagster)


def ended_well(*workers: Any) -> None:
    """Wait for every worker; each must end with exit code 0."""
    said = [worker.communicate(timeout=600)[0] for worker in workers]
    for worker, text in zip(workers, said, strict=True):
        assert worker.returncode == 0, text


def same(shared: Site, alone: Site) -> None:
    """Everything in the warehouse is as where one process did it, and nothing is there twice."""
    assert shared.rows(_RECORDS) == alone.rows(_RECORDS)
    assert shared.rows(_VERDICTS) == alone.rows(_VERDICTS)
    assert shared.rows(_TWICE) == NOTHING_TWICE
    kushim(shared.folder, "verify", environment=shared.environment)


def test_two_workers_at_once_do_what_one_does(shared: Site, alone: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ended_well(shared.start(FIRST), shared.start(SECOND))
    same(shared, alone)
    assert [shared.receipts(name) for name in (FIRST, SECOND)] == [alone.receipts(name) for name in (FIRST, SECOND)]
    for name, value in shared.environment.items():
        if name.startswith("DAGSTER_PG_"):
            monkeypatch.setenv(name, value)
    with DagsterInstance.from_config(str(shared.home / "dagster")) as instance:
        statuses = [(run.job_name, run.status) for run in instance.get_runs()]
        assert sorted(statuses) == [
            (names.COLLECT, DagsterRunStatus.SUCCESS),
            (names.COLLECT, DagsterRunStatus.SUCCESS),
            (names.JUDGE, DagsterRunStatus.SUCCESS),
            (names.JUDGE, DagsterRunStatus.SUCCESS),
        ]
        assert sorted(instance.get_dynamic_partitions(names.TENANTS)) == sorted([FIRST, SECOND])
        assert instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])) == []
        assert instance.event_log_storage.get_concurrency_info(names.WAREHOUSE).active_slot_count == 0


def test_one_is_killed_while_collecting_and_again_while_judging(world: World, shared: Site, alone: Site) -> None:
    """The second time it dies with the warehouse's lock and Dagster's slot, for which the other one waits."""
    reached, go_on = threading.Event(), threading.Event()
    calls = iter(range(1_000_000))

    def hold(_: Call) -> None:
        if next(calls) >= 100:
            reached.set()
            go_on.wait(60)

    world.gate.watch = hold
    first = shared.start(FIRST)
    try:
        assert reached.wait(120)
        first.kill()
        first.wait()
    finally:
        world.gate.watch = lambda call: None
        go_on.set()
    again = shared.start(FIRST)
    wait_for(again, "landed")
    second = shared.start(SECOND)
    again.kill()
    again.wait()
    ended_well(second, shared.start(FIRST))
    same(shared, alone)
