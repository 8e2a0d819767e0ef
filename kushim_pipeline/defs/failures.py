"""What is told when a run fails: one line, printed and kept in KUSHIM_HOME/failures.jsonl."""

import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from dagster import DagsterEvent
from dagster._core.events import JobFailureData
from dagster_shared.error import SerializableErrorInfo

from kushim_pipeline.defs.trouble import one_line


@dataclass(frozen=True)
class RunFailure:
    """A failed run. `error` is one line without secrets; `step` is empty where no step is to blame."""

    failed_at: str
    run_id: str
    job: str
    step: str
    error: str

    def __str__(self) -> str:
        where = f"{self.job}, step {self.step}" if self.step else self.job
        return f"run {self.run_id[:8]} failed ({where}): {self.error}"


def describe(run_id: str, job: str, step_failures: Iterable[DagsterEvent], end: DagsterEvent | None) -> RunFailure:
    """Why a run failed, in a line: its first failed step, or what broke between the steps.

    In: the events of its failed steps, and the one that it ended with (None: it told of no end).
    """
    now = datetime.now(UTC).isoformat()
    message = (end.message if end else None) or "the run did not end well"
    for event in step_failures:
        return RunFailure(now, run_id, job, event.step_key or "", reason(event) or one_line(message))
    if "outside the execution context" in message:
        message = "it was ended from outside: its process was lost, or somebody stopped it"
    data = end.event_specific_data if end else None
    words = _innermost(data.error) if isinstance(data, JobFailureData) else ""
    return RunFailure(now, run_id, job, "", words or one_line(message))


def reason(event: DagsterEvent) -> str:
    """Why a step failed: what was said with the failure, or the innermost error's own words."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return one_line(data.user_failure_data.description)
    return _innermost(data.error)


def _innermost(error: SerializableErrorInfo | None) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return one_line(error.message) if error is not None else ""


def keep(home: Path, failure: RunFailure) -> None:
    """Add a line to failures.jsonl. One write, so that processes do not mix their lines."""
    home.mkdir(parents=True, exist_ok=True)
    line = orjson.dumps(asdict(failure)) + b"\n"
    handle = os.open(home / "failures.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def print_line(failure: RunFailure) -> None:
    """For whoever reads the log of the daemon."""
    sys.stderr.write(f"kushim: {failure}\n")
