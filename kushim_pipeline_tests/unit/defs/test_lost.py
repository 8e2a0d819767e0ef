"""A run whose process is gone has failed; one that lives anywhere is left alone, whatever the clocks say."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs import lease, lost
from kushim_pipeline.defs.lease import Lease, held, held_by_runs, key, of_this_process, read, renew
from kushim_pipeline.defs.lost import GONE_SECONDS, Lookout, fail_lost_runs, looking_out, reap, settle_slots
from kushim_pipeline.defs.resource import Kushim

POOL = "warehouse"


@op
def works() -> None:
    """Nothing."""


@job(name="judge")
def judging() -> None:
    works()


@job
def somebody_elses() -> None:
    works()


@dataclass
class Clock:
    """Goes only when told to."""

    now: float = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp() as found:  # the one in memory has no pools
        yield found


def started(
    instance: DagsterInstance,
    signed: Lease | None,
    *,
    of: object = judging,
    status: DagsterRunStatus = DagsterRunStatus.STARTED,
) -> str:
    run = instance.create_run_for_job(of, status=status)  # type: ignore[arg-type]
    if signed is not None:
        renew(instance, run.run_id, signed)
    return run.run_id


def dead() -> Lease:
    """The lease of a process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return replace(of_this_process(), pid=process.pid)


def elsewhere(renewal: int = 0) -> Lease:
    """A lease of a process on another machine, whose number happens to be that of one here."""
    return replace(of_this_process(), place="another-host/boot/1", renewal=renewal)


def status(instance: DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_only_runs_of_processes_that_are_gone_have_failed(instance: DagsterInstance) -> None:
    killed = started(instance, dead())
    canceled = started(instance, dead(), status=DagsterRunStatus.CANCELING)
    reused = started(instance, replace(of_this_process(), started="1"))
    kept = [
        started(instance, of_this_process()),
        started(instance, elsewhere()),
        started(instance, None),
        started(instance, None, of=somebody_elses),
    ]
    assert set(fail_lost_runs(instance)) == {killed, canceled, reused}
    assert {status(instance, run_id) for run_id in (killed, canceled, reused)} == {DagsterRunStatus.FAILURE}
    assert {status(instance, run_id) for run_id in kept} == {DagsterRunStatus.STARTED}
    assert fail_lost_runs(instance) == []


def test_a_killed_process_that_nobody_has_waited_for_is_gone(instance: DagsterInstance) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    signed = replace(of_this_process(), pid=process.pid, started=lease._kernel_says(process.pid)[1])
    run_id = started(instance, signed)
    assert fail_lost_runs(instance) == []
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table of processes
    assert fail_lost_runs(instance) == [run_id]
    process.wait()


def test_a_lost_run_is_one_that_the_daemon_starts_again() -> None:
    retries = {"run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}}
    with DagsterInstance.local_temp(overrides=retries) as instance:
        run_id = started(instance, dead())
        fail_lost_runs(instance)
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert should_retry(run, instance)


def test_a_lost_host_is_noticed_by_a_lease_that_is_not_renewed(instance: DagsterInstance) -> None:
    clock = Clock()
    lookout = Lookout(clock)
    lives, gone = started(instance, elsewhere()), started(instance, elsewhere())
    never_signed = started(instance, None)
    others = [started(instance, None, of=somebody_elses), started(instance, None, status=DagsterRunStatus.STARTING)]
    found = []
    for look in range(12):
        renew(instance, lives, elsewhere(renewal=look))
        found.append(lookout.look(instance))
        clock.now += 10
    looks = int(GONE_SECONDS / 10)
    assert found[:looks] == [[]] * looks, "not a moment too early"
    assert set(found[looks]) == {gone, never_signed}
    assert found[looks + 1 :] == [[]] * (len(found) - looks - 1)
    assert status(instance, lives) is DagsterRunStatus.STARTED
    assert [status(instance, run_id) for run_id in others] == [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING]


def test_a_lease_that_nobody_could_renew_or_see_is_given_time(instance: DagsterInstance) -> None:
    """The database was away for an hour: for the run as for who looks."""
    clock = Clock()
    lookout = Lookout(clock)
    run_id = started(instance, elsewhere())
    lookout.look(instance)
    clock.now += 3600
    assert lookout.look(instance) == []
    renew(instance, run_id, elsewhere(renewal=1))
    clock.now += 30
    assert lookout.look(instance) == []


def test_before_the_daemon_starts_everything_is_decided(instance: DagsterInstance) -> None:
    clock = Clock()
    lives, gone = started(instance, elsewhere()), started(instance, elsewhere())
    slept = 0

    def sleep(seconds: float) -> None:
        nonlocal slept
        slept += 1
        clock.now += seconds
        renew(instance, lives, elsewhere(renewal=slept))

    def look_around(*, alone: bool) -> list[str]:
        return reap(instance, alone=alone, wait_seconds=120, clock=clock, sleep=sleep)

    assert look_around(alone=False) == [gone]
    assert status(instance, lives) is DagsterRunStatus.STARTED
    before = slept
    assert look_around(alone=True) == [lives], "nothing else is at work here"
    assert look_around(alone=False) == []
    assert slept == before, "nothing to wait for"


def test_alone_spares_what_lives_here(instance: DagsterInstance) -> None:
    lives = started(instance, of_this_process())
    starting = started(instance, None, status=DagsterRunStatus.STARTING)
    assert reap(instance, alone=True, wait_seconds=0) == [starting]
    assert status(instance, lives) is DagsterRunStatus.STARTED


def test_a_lease_is_renewed_as_long_as_it_is_held(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = started(instance, None)
    renewed = threading.Event()
    write = lease.renew

    def watched(given: DagsterInstance, run: str, signed: Lease) -> None:
        if signed.renewal == 2:
            raise OSError("the database is away")
        write(given, run, signed)
        if signed.renewal == 3:
            renewed.set()

    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(lease, "renew", watched)
    with held(instance, run_id), held(instance, run_id):
        assert renewed.wait(30), "also after a renewal that failed"
    found = read(instance.run_storage.get_cursor_values({key(run_id)})[key(run_id)])
    assert found is not None
    assert (found.is_here, found.lives, found.renewal >= 3) == (True, True, True)
    assert [thread.name for thread in threading.enumerate() if thread.name == "lease" and not thread.daemon] == []


@pytest.mark.parametrize("other", ["elsewhere", "lives", "dead", "nobody"])
def test_a_step_takes_the_lease_of_its_run_only_where_nobody_holds_it(instance: DagsterInstance, other: str) -> None:
    """On one of Celery's workers the run's own process is another one, and goes on after the step."""
    lives = replace(of_this_process(), pid=os.getppid(), started=lease._kernel_says(os.getppid())[1])
    signed = {"elsewhere": elsewhere(), "lives": lives, "dead": dead(), "nobody": None}[other]
    run_id = started(instance, signed)
    context: Any = SimpleNamespace(instance=instance, run=instance.get_run_by_id(run_id))
    made: Any = held_by_runs(Kushim(load())).resource_fn
    with made(context):
        now = read(instance.run_storage.get_cursor_values({key(run_id)})[key(run_id)])
    assert now == (signed if other in ("elsewhere", "lives") else of_this_process())


def claim(instance: DagsterInstance, run_id: str) -> bool:
    return instance.event_log_storage.claim_concurrency_slot(POOL, run_id, "land").is_claimed


@pytest.fixture
def pool(instance: DagsterInstance) -> None:
    instance.event_log_storage.set_concurrency_slots(POOL, 1)


@pytest.mark.usefixtures("pool")
def test_a_slot_of_a_run_that_has_ended_is_freed(instance: DagsterInstance) -> None:
    """A reaper that is killed after it failed a run and before it freed its slot leaves this behind."""
    ended, waits = started(instance, dead()), started(instance, of_this_process())
    assert claim(instance, ended)
    assert not claim(instance, waits)
    run = instance.get_run_by_id(ended)
    assert run is not None
    instance.report_run_failed(run)
    assert not claim(instance, waits)
    settle_slots(instance)
    assert claim(instance, waits)


@pytest.mark.usefixtures("pool")
def test_a_step_in_line_that_nobody_called_is_called(instance: DagsterInstance) -> None:
    """Whoever gets in line at the moment in which the slot is freed, or behind a process killed while it freed it."""
    first, waits = started(instance, of_this_process()), started(instance, of_this_process())
    assert claim(instance, first)
    assert not claim(instance, waits)
    storage = instance.event_log_storage
    storage._free_concurrency_slots(first)  # type: ignore[attr-defined]
    storage._remove_pending_steps(first)  # type: ignore[attr-defined]
    assert not claim(instance, waits), "and so for ever"
    settle_slots(instance)
    assert claim(instance, waits)


@pytest.mark.usefixtures("pool")
def test_a_slot_of_a_run_that_lives_is_not_touched(instance: DagsterInstance) -> None:
    holds, waits = started(instance, of_this_process()), started(instance, of_this_process())
    assert claim(instance, holds)
    assert not claim(instance, waits)
    settle_slots(instance)
    assert not claim(instance, waits)


@pytest.mark.usefixtures("pool")
def test_who_waits_looks_out_for_who_dies_meanwhile(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost, "LOOK_SECONDS", 0.01)
    told = threading.Event()
    seen: list[str] = []

    def tell(run_ids: list[str]) -> None:
        seen.extend(run_ids)
        if seen:
            told.set()

    waits = started(instance, of_this_process())
    with looking_out(instance, tell):
        dies = started(instance, of_this_process())
        assert claim(instance, dies)
        assert not claim(instance, waits)
        renew(instance, dies, dead())
        assert told.wait(30)
    assert seen == [dies]
    assert claim(instance, waits)
