"""Runs whose process is gone: kill -9, a full memory, a restart of the host. They hold the warehouse's slot for ever.

Every step notes the process that it runs in; a run in progress whose process no longer exists on this host has failed.
Runs on other hosts are left to Dagster's run monitoring.
"""

import os
import socket
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

PROCESS = ".dagster/kushim_process"
"""The tag. The UI hides what begins with .dagster/."""


def this_process(run_id: str) -> str:
    """run/host/pid/start: names this process, and no later one that is given the same number.

    The run stands in it because Dagster copies a run's tags to the run that retries it.
    """
    pid = os.getpid()
    return f"{run_id}/{socket.gethostname()}/{pid}/{_started(pid)}"


def mark(instance: DagsterInstance, run_id: str) -> None:
    """Note on a run that this process executes it."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.tags.get(PROCESS) != this_process(run_id):
        instance.add_run_tags(run_id, {PROCESS: this_process(run_id)})


def fail_lost_runs(instance: DagsterInstance) -> list[str]:
    """Fail every run in progress whose process is gone, and free what it holds. Out: the runs' ids."""
    in_progress = RunsFilter(statuses=[DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
    lost = [run for run in instance.get_runs(in_progress) if _is_gone(run)]
    for run in lost:
        instance.report_run_failed(run, "the process of this run is gone: it was killed, or the host was restarted")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in lost]


def _is_gone(run: DagsterRun) -> bool:
    run_id, host, pid, started = (run.tags.get(PROCESS, "").split("/") + [""] * 4)[:4]
    if run_id != run.run_id or host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where the kernel does not say (then its number must do)."""
    try:
        # The name in parentheses may hold spaces; the times come after it.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19]
