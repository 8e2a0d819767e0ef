"""A run whose process is gone has failed; every other one is left alone."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op

from kushim_pipeline.defs.lost import PROCESS, fail_lost_runs, mark, this_process


@op
def works() -> None:
    """Nothing."""


@job
def working() -> None:
    works()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as found:
        yield found


def started(instance: DagsterInstance, process: str | None) -> str:
    run = instance.create_run_for_job(working, status=DagsterRunStatus.STARTED)
    if process is not None:
        instance.add_run_tags(run.run_id, {PROCESS: process.replace("RUN", run.run_id)})
    return run.run_id


def dead() -> str:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return str(process.pid)


def status(instance: DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_only_runs_of_processes_that_are_gone_have_failed(instance: DagsterInstance) -> None:
    _, host, pid, start = this_process("RUN").split("/")
    lost = started(instance, f"RUN/{host}/{dead()}/1")
    reused = started(instance, f"RUN/{host}/{pid}/1") if start else lost
    kept = [
        started(instance, this_process("RUN")),
        started(instance, f"RUN/another-host/{dead()}/1"),
        started(instance, f"the-run-that-this-one-retries/{host}/{dead()}/1"),
        started(instance, None),
        started(instance, "nonsense"),
    ]
    assert set(fail_lost_runs(instance)) == {lost, reused}
    assert {status(instance, run_id) for run_id in (lost, reused)} == {DagsterRunStatus.FAILURE}
    assert {status(instance, run_id) for run_id in kept} == {DagsterRunStatus.STARTED}
    assert fail_lost_runs(instance) == []


def test_a_step_notes_its_process_once(instance: DagsterInstance) -> None:
    run_id = started(instance, None)
    mark(instance, run_id)
    mark(instance, run_id)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.tags[PROCESS].split("/")[2] == str(os.getpid())
    assert fail_lost_runs(instance) == []
