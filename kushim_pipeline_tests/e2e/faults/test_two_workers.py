"""Two worker processes on two tenants at once: one Postgres warehouse, one Dagster on Postgres, one data folder.

Whatever they do to each other, and if one of them dies in the middle, everything is as if one had done it alone.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from kushim_pipeline.defs import names
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.e2e.faults.moments import Strike
from kushim_pipeline_tests.e2e.faults.places import PASSWORD, TENANTS, Place, Truth, asked_since
from kushim_pipeline_tests.e2e.forked import Running, kushim
from kushim_pipeline_tests.postgres import fresh_database

INSTANCE = Path(__file__).resolve().parents[3] / "deploy" / "dagster.postgres.yaml"
FIRST, SECOND = TENANTS


@pytest.fixture
def shared(github: Server, tmp_path: Path) -> Iterator[Place]:
    """Where two workers are to meet, on an empty warehouse."""
    with fresh_database() as warehouse, fresh_database() as dagster:
        parts = urlsplit(dagster)
        place = Place(
            tmp_path,
            github,
            extra={
                "KUSHIM_WAREHOUSE_URL": warehouse.replace("postgres@", f"postgres:{PASSWORD}@"),
                "DAGSTER_PG_HOST": parts.hostname or "",
                "DAGSTER_PG_PORT": str(parts.port),
                "DAGSTER_PG_DB": parts.path[1:],
                "DAGSTER_PG_USERNAME": parts.username or "",
                "DAGSTER_PG_PASSWORD": PASSWORD,
            },
        )
        (place.home / "dagster").mkdir(parents=True)
        (place.home / "dagster" / "dagster.yaml").write_text(INSTANCE.read_text())
        yield place


def receipts(place: Place) -> list[int]:
    """How many receipts each tenant's ledger holds."""
    ledger = Ledger(place.home / "evidence")
    return [[entry.kind for entry in ledger.entries(tenant)].count("receipt") for tenant in TENANTS]


def as_one_does(shared: Place, truth: Truth, asked_before: int, *workers: Running) -> None:
    """Wait for the workers, which end well; then all is as where one process did it, and nothing is there twice."""
    ended = [worker.ends() for worker in workers]
    assert [one.code for one in ended] == [0 for _ in workers], "\n".join(one.said for one in ended)
    truth.holds(shared, ended, asked_since(shared.github, asked_before))
    verified = kushim(shared.folder, shared.environment, "verify")
    assert verified.code == 0, verified.said


def test_two_workers_at_once_do_what_one_does(
    shared: Place, truth: Truth, github: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(github.ledger)
    as_one_does(shared, truth, before, shared.start(tenant=FIRST), shared.start(tenant=SECOND))
    assert receipts(shared) == receipts(truth.place)
    for name, value in shared.extra.items():
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
        assert sorted(instance.get_dynamic_partitions(names.TENANTS)) == sorted(TENANTS)
        assert instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])) == []
        assert instance.event_log_storage.get_concurrency_info(names.WAREHOUSE).active_slot_count == 0


def test_one_is_killed_while_collecting_and_again_while_judging(shared: Place, truth: Truth, github: Server) -> None:
    """The second time it dies with the warehouse's lock and Dagster's slot, for which the other one waits."""
    assert shared.run(Strike("receipt", 9), tenant=FIRST).code == -9
    assert 0 < receipts(shared)[0] < receipts(truth.place)[0]
    again = shared.start(tenant=FIRST)
    again.says("landed")
    before = len(github.ledger)
    second = shared.start(tenant=SECOND)
    again.kill()
    as_one_does(shared, truth, before, second, shared.start(tenant=FIRST))
