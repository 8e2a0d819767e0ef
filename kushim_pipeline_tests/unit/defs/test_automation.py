"""What starts by itself, and what it asks for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SensorResult,
    SkipReason,
    build_run_status_sensor_context,
    build_schedule_context,
    build_sensor_context,
    job,
    op,
)

from kushim_pipeline.defs.automation import BATCH, batch_size, retention_job, schedules, sensors
from kushim_pipeline.defs.home import prepare_dagster_home
from kushim_pipeline.defs.names import JUDGE, TENANTS
from kushim_pipeline.evidence.store import EvidenceShredded
from kushim_pipeline.evidence.trail import Trail
from kushim_pipeline.stores import open_stores
from kushim_pipeline_tests.unit.defs.places import Place


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """A real one: a schedule's context wants to be able to open it again."""
    with DagsterInstance.from_config(str(prepare_dagster_home(Place(tmp_path).settings))) as found:
        yield found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def sensor(place: Place, name: str) -> Any:
    return next(found for found in sensors(place.kushim()) if found.name == name)


def daily(place: Place, instance: DagsterInstance) -> list[Any]:
    schedule = next(found for found in schedules(place.kushim()) if found.name == "daily_collection")
    context = build_schedule_context(instance, scheduled_execution_time=datetime(2026, 6, 1, 4, tzinfo=UTC))
    return list(schedule(context))


def test_the_daily_schedule_takes_all_tenants_in_batches(
    place: Place, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        place.tenant(f"t{number}")
    monkeypatch.setenv(BATCH, "2")
    requests = daily(place, instance)
    ranges = [
        (r.tags["dagster/asset_partition_range_start"], r.tags["dagster/asset_partition_range_end"]) for r in requests
    ]
    assert ranges == [("t0", "t1"), ("t2", "t3"), ("t4", "t4")]
    assert len({request.run_key for request in requests}) == 3
    assert instance.get_dynamic_partitions(TENANTS) == ["t0", "t1", "t2", "t3", "t4"], "the files were followed first"


def test_the_daily_schedule_leaves_out_who_cannot_run(place: Place, instance: DagsterInstance) -> None:
    for name in ("a", "b", "c"):
        place.tenant(name)
    daily(place, instance)
    place.path("b").write_text("tenant: b\nname: b\nconections: []\n")
    ranges = [request.tags["dagster/asset_partition_range_end"] for request in daily(place, instance)]
    assert ranges == ["a", "c"]


def test_without_a_tenant_the_daily_schedule_says_why_nothing_runs(place: Place, instance: DagsterInstance) -> None:
    (answer,) = daily(place, instance)
    assert isinstance(answer, SkipReason)


def test_who_is_paused_is_not_collected(place: Place, instance: DagsterInstance) -> None:
    for name in ("a", "b", "c"):
        place.tenant(name)
    daily(place, instance)
    for name, state in (("a", "paused"), ("b", "offboarded")):
        place.path(name).write_text(place.path(name).read_text() + f"state: {state}\n")
    (request,) = daily(place, instance)
    assert request.tags["dagster/asset_partition_range_start"] == "c"
    assert instance.get_dynamic_partitions(TENANTS) == ["c"]
    assert [e.payload["state"] for e in Trail(place.settings.home).entries("b")] == ["active", "offboarded"]


def test_retention_runs_when_a_tenant_is_due(place: Place, instance: DagsterInstance) -> None:
    def ask() -> Any:
        schedule = next(found for found in schedules(place.kushim()) if found.name == "retention")
        when = datetime(2026, 6, 1, 3, 30, tzinfo=UTC)
        return schedule(build_schedule_context(instance, scheduled_execution_time=when))

    place.tenant("acme")
    assert isinstance(ask(), SkipReason)
    text = place.path("acme").read_text()
    place.path("acme").write_text(text + "state: offboarded\nretain_until: 2999-01-01\n")
    assert isinstance(ask(), SkipReason)
    place.path("acme").write_text(text + "state: offboarded\nretain_until: 2020-01-01\n")
    digest = open_stores(place.settings).evidence.put("acme", b"old evidence")
    assert ask().run_key == "2026-06-01"
    kushim = place.kushim()
    done = retention_job.execute_in_process(instance=instance, resources={"kushim": kushim})
    assert done.success
    assert isinstance(ask(), SkipReason)
    with pytest.raises(EvidenceShredded):
        open_stores(place.settings).evidence.get("acme", digest)
    entries = [(e.kind, e.payload["by"]) for e in Trail(place.settings.home).entries("acme")]
    assert entries[-1] == ("tenant.shredded", "schedule")


@pytest.mark.parametrize("text", ["0", "-3", "many", "2.5"])
def test_a_batch_is_a_whole_number_of_tenants(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BATCH, text)
    with pytest.raises(ValueError, match=BATCH):
        batch_size()


def test_partitions_follow_the_files(place: Place, instance: DagsterInstance) -> None:
    place.tenant("acme")
    place.tenant("beta")
    follows = sensor(place, "tenants_follow_files")
    result = follows(build_sensor_context(instance))
    assert isinstance(result, SensorResult)
    assert [sorted(request.partition_keys) for request in result.dynamic_partitions_requests or ()] == [
        ["acme", "beta"]
    ]
    instance.add_dynamic_partitions(TENANTS, ["acme", "beta"])
    assert isinstance(follows(build_sensor_context(instance)), SkipReason)
    place.path("beta").unlink()
    (request,) = follows(build_sensor_context(instance)).dynamic_partitions_requests
    assert type(request).__name__ == "DeleteDynamicPartitionsRequest"
    assert list(request.partition_keys) == ["beta"]


@op
def fails() -> None:
    raise ValueError("the request with token=abcdef123456 was refused\nand a second line")


@job
def failing() -> None:
    fails()


@op
def works() -> None:
    """Nothing."""


@job
def working() -> None:
    works()


def status_context(instance: DagsterInstance, name: str, run: Any) -> Any:
    event = run.get_run_failure_event() if not run.success else run.get_run_success_event()
    return build_run_status_sensor_context(name, event, instance, run.dagster_run)


@pytest.mark.parametrize(
    ("name", "which"), [("judge_after_collection", working), ("judge_after_failed_collection", failing)]
)
def test_a_collection_is_judged_after_it_ends_well_or_not(
    place: Place, instance: DagsterInstance, name: str, which: Any
) -> None:
    run = which.execute_in_process(instance=instance, raise_on_error=False)
    answer = sensor(place, name)(status_context(instance, name, run))
    assert isinstance(answer, RunRequest)
    assert run.run_id in (answer.run_key or "")


@job(name=JUDGE)
def judging() -> None:
    works()


@pytest.mark.parametrize(
    ("status", "expected"), [(DagsterRunStatus.STARTED, RunRequest), (DagsterRunStatus.NOT_STARTED, SkipReason)]
)
def test_a_judging_in_the_queue_takes_what_comes_meanwhile(
    place: Place, instance: DagsterInstance, status: DagsterRunStatus, expected: type
) -> None:
    run = working.execute_in_process(instance=instance)
    instance.create_run_for_job(judging, status=status)
    name = "judge_after_collection"
    assert isinstance(sensor(place, name)(status_context(instance, name, run)), expected)


def test_a_failed_run_is_told_in_one_line_without_secrets(
    place: Place, instance: DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    run = failing.execute_in_process(instance=instance, raise_on_error=False)
    context = build_run_status_sensor_context("report_failures", run.get_run_failure_event(), instance, run.dagster_run)
    sensor(place, "report_failures")(context.for_run_failure())
    (line,) = (place.settings.home / "failures.jsonl").read_bytes().splitlines()
    kept = orjson.loads(line)
    assert (kept["run_id"], kept["job"], kept["step"]) == (run.run_id, "failing", "fails")
    assert "was refused" in kept["error"]
    told = capsys.readouterr().err
    assert [run.run_id[:8] in row for row in told.splitlines() if row.startswith("kushim:")] == [True]
    for text in (told[told.index("kushim:") :], line.decode()):
        assert "abcdef123456" not in text


def test_the_sensor_of_lost_runs_says_what_it_did(place: Place, instance: DagsterInstance) -> None:
    assert isinstance(sensor(place, "fail_lost_runs")(build_sensor_context(instance)), SkipReason)
