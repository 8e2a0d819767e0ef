"""Runs whose process is gone: kill -9, a full memory, a lost host. They would hold the warehouse's slot for ever.

A run in progress has failed when its process is gone from this machine, or when its lease, signed on another one, is
no longer renewed. A renewal is judged by whether it changed between two looks, on the looker's own clock: clocks of
different hosts may differ by a day.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from kushim_pipeline.defs import names
from kushim_pipeline.defs.lease import RENEW_SECONDS, key, read

GONE_SECONDS = 90.0
"""A lease that was not renewed for so long is nobody's: nine renewals were missed."""
LOOK_SECONDS = 5.0
"""How often a process that waits looks."""
# Between two looks that lie further apart nobody knows what was: the database may have been away for everybody.
_LONGEST_GAP = 45.0
_IN_PROGRESS = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_OURS = (names.COLLECT, names.RECOLLECT, names.JUDGE)
_MESSAGE = "the process of this run is gone: it was killed, or its host was lost or restarted"


@dataclass(frozen=True)
class _Seen:
    """What a run's lease was, for how long nobody renewed it, and when that was looked at."""

    text: str | None
    quiet: float
    at: float


@dataclass
class Lookout:
    """Looks after runs in progress, again and again; it remembers what it saw.

    `undecided`: how many leases of other machines were, at the last look, neither renewed nor given up.
    """

    clock: Callable[[], float] = time.monotonic
    undecided: int = 0
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def look(self, instance: DagsterInstance, *, alone: bool = False) -> list[str]:
        """Fail every run that is lost, and put the pools' slots in order. Out: the lost runs' ids.

        With `alone` nothing else is at work on this instance: what is not alive on this machine is lost.
        """
        runs = list(instance.get_runs(RunsFilter(statuses=_IN_PROGRESS)))
        leases = instance.run_storage.get_cursor_values({key(run.run_id) for run in runs}) if runs else {}
        self._seen = {run.run_id: self._seen[run.run_id] for run in runs if run.run_id in self._seen}
        self.undecided = 0
        lost = [run for run in runs if self._is_lost(run, leases.get(key(run.run_id)), alone)]
        for run in lost:
            _fail(instance, run)
        settle_slots(instance)
        return [run.run_id for run in lost]

    def _is_lost(self, run: DagsterRun, text: str | None, alone: bool) -> bool:
        lease = read(text)
        if lease is not None and lease.is_here:
            return not lease.lives
        if alone:
            return True
        if lease is None and (run.job_name not in _OURS or run.status is not DagsterRunStatus.STARTED):
            # Somebody else's job, or one whose process has not come up yet: Dagster's run monitoring has times for it.
            return False
        return self._is_silent(run.run_id, text)

    def _is_silent(self, run_id: str, text: str | None) -> bool:
        """Whether nobody has renewed a lease for too long. What was seen once only is undecided."""
        now, before = self.clock(), self._seen.get(run_id)
        same = before is not None and before.text == text
        quiet = before.quiet + min(now - before.at, _LONGEST_GAP) if before is not None and same else 0.0
        self._seen[run_id] = _Seen(text, quiet, now)
        self.undecided += (same or before is None) and quiet < GONE_SECONDS
        return quiet >= GONE_SECONDS


def _fail(instance: DagsterInstance, run: DagsterRun) -> None:
    now = instance.get_run_by_id(run.run_id)
    # Somebody else who looks may have been quicker.
    if now is not None and not now.is_finished:
        instance.report_run_failed(now, _MESSAGE)


def settle_slots(instance: DagsterInstance) -> None:
    """Free the slots of runs that have ended or are no more, and let the next step in line have what is free.

    Dagster frees a slot in three transactions. Who is killed in between leaves a slot that nobody holds to nobody, or a
    step in line that nobody calls; and a step that gets in line at the moment in which the slot is freed is not called.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    for pool in storage.get_concurrency_keys():
        info = storage.get_concurrency_info(pool)
        holders = {slot.run_id for slot in info.claimed_slots} | {step.run_id for step in info.pending_steps}
        if not holders:
            continue
        going_on = {run.run_id for run in instance.get_runs(RunsFilter(run_ids=sorted(holders))) if not run.is_finished}
        for run_id in sorted(holders - going_on):
            storage.free_concurrency_slots_for_run(run_id)
        waiting = any(step.assigned_timestamp is None and step.run_id in going_on for step in info.pending_steps)
        if waiting and storage.has_unassigned_slots(pool):  # type: ignore[attr-defined] # every SQL storage has both
            storage.assign_pending_steps([pool])  # type: ignore[attr-defined] # as above


def fail_lost_runs(instance: DagsterInstance) -> list[str]:
    """One look: fail the runs whose process is gone from this machine. Out: the runs' ids."""
    return Lookout().look(instance)


@contextmanager
def looking_out(instance: DagsterInstance, tell: Callable[[list[str]], None]) -> Iterator[None]:
    """Look once, then go on looking beside what is done inside: a step that waits for a slot waits for nobody dead.

    In: who is told the ids of lost runs. A look that fails while the database is away is repeated at the next one.
    """
    lookout = Lookout()
    tell(lookout.look(instance))
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(LOOK_SECONDS):
            with suppress(Exception):
                tell(lookout.look(instance))

    thread = threading.Thread(target=go_on, name="lookout", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # Not beside the instance's end; a look takes some hundredths of a second.
        thread.join(timeout=RENEW_SECONDS)


def reap(
    instance: DagsterInstance,
    *,
    alone: bool,
    wait_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """What is done before the daemon starts: look until every run in progress is known to live or to be lost.

    In: whether nothing else is at work on this instance, and how long to wait for leases of other machines; what is
    undecided then is left to the sensor. Without such leases it does not wait. Out: the lost runs' ids.
    """
    lookout = Lookout(clock)
    until = clock() + wait_seconds
    lost = lookout.look(instance, alone=alone)
    while lookout.undecided and clock() < until:
        sleep(min(LOOK_SECONDS, until - clock()))
        lost += lookout.look(instance)
    return lost
