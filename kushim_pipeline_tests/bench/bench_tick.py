"""What Dagster's own side of 1,000 tenants costs: the daily schedule's tick, the sensor's, partitions, a batch's run.

Starts a Postgres and a code server of its own, with 1,000 tenant files of two connections each. Nothing is collected:
the run of a batch is measured with vendors that answer nothing, so that only bookkeeping is left. Exit 1 when a tick
of a running code server takes a second or more.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.definitions.timestamp import TimestampWithTimezone
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs import names
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.home import INSTANCE_FILE
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.roster import follow, range_tags
from kushim_pipeline.settings import Settings
from kushim_pipeline_tests.postgres import PostgresServer, free_port, start_server

TENANTS, BATCH, TICKS = 1_000, 50, 5
LIMIT = 1.0
_TENANT = """tenant: t{number:05}
name: Tenant number {number}
frameworks: [soc2, iso27001]
policy: {{access_key_max_age_days: 90}}
connections:
  - source: aws
    account_id: "{number:012}"
    regions: [us-east-1, eu-central-1]
    role_arn: arn:aws:iam::{number:012}:role/kushim-read
    external_id: tenant-{number}
  - {{source: github, org: org-{number}, token: env:GITHUB_TOKEN}}
exceptions:
  - id: EX-1
    check: AWS-S3-002
    resource: arn:aws:s3:::public-{number}
    reason: a public web site
    requested_by: Ann
    approved_by: Bob
    until: 2027-03-31
"""


def main() -> int:
    """Measure, print, and say whether a tick stays within the limit."""
    with tempfile.TemporaryDirectory(prefix="kushim-bench-") as name, start_server() as server:
        folder = Path(name)
        (folder / "tenants").mkdir()
        for number in range(TENANTS):
            (folder / "tenants" / f"t{number:05}.yaml").write_text(_TENANT.format(number=number))
        _files(folder / "tenants")
        tick = 0.0
        for storage in ("SQLite", "Postgres"):
            settings = _home(folder / storage, folder / "tenants", storage, server)
            with (
                server.fresh_database() as url,
                mock.patch.dict(os.environ, _environment(settings, url)),
                DagsterInstance.from_config(str(settings.home / "dagster")) as instance,
            ):
                _partitions(storage, instance, settings)
                tick = max(tick, _ticks(storage, instance, folder))
                _batch(storage, instance, settings, server)
    print(f"a tick of a running code server takes {tick:.2f} s at most (limit {LIMIT:.0f} s)")
    return 0 if tick < LIMIT else 1


def _home(home: Path, tenants: Path, storage: str, server: PostgresServer) -> Settings:
    text = INSTANCE_FILE.read_text()
    if storage == "Postgres":
        text = (INSTANCE_FILE.parent / "deploy" / "dagster.postgres.yaml").read_text()
    (home / "dagster").mkdir(parents=True)
    (home / "dagster" / "dagster.yaml").write_text(text)
    return Settings(home, tenants, f"duckdb:///{home / 'w.duckdb'}")


def _environment(settings: Settings, url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "DAGSTER_HOME": str(settings.home / "dagster"),
        "DAGSTER_PG_HOST": parts.hostname or "",
        "DAGSTER_PG_PORT": str(parts.port),
        "DAGSTER_PG_DB": parts.path[1:],
        "DAGSTER_PG_USERNAME": parts.username or "",
        "DAGSTER_PG_PASSWORD": parts.password or "",
        "KUSHIM_HOME": str(settings.home),
        "KUSHIM_TENANTS": str(settings.tenants),
        "KUSHIM_BATCH_TENANTS": str(BATCH),
    }


def _files(tenants: Path) -> None:
    kushim = Kushim(load(), Settings(tenants, tenants, ""))
    costs = []
    for _ in range(3):
        started = time.process_time()
        assert len(kushim.roster().tenants) == TENANTS
        costs.append(time.process_time() - started)
    print(f"reading {TENANTS} tenant files: {costs[0]:.2f} CPU-s, again when none has changed {min(costs):.2f}")


def _partitions(storage: str, instance: DagsterInstance, settings: Settings) -> None:
    roster = Kushim(load(), settings).roster()
    started = time.perf_counter()
    found = follow(instance, roster)
    print(f"{storage}: adding {len(found.add)} partitions {time.perf_counter() - started:.2f} s")


def _ticks(storage: str, instance: DagsterInstance, folder: Path) -> float:
    """Ticks as the daemon has them: over gRPC, in a code server that has just started. Out: the slowest warm one."""
    with _code_server(folder) as (port, process):
        target = GrpcServerTarget(host="127.0.0.1", port=port, socket=None, location_name="kushim")
        with WorkspaceProcessContext(instance, target) as workspace:
            location = workspace.create_request_context().get_code_location("kushim")
            (repository,) = location.get_repositories().values()
            at = TimestampWithTimezone(datetime(2026, 6, 1, 4, tzinfo=UTC).timestamp(), "UTC")

            def schedule() -> None:
                data = location.get_schedule_execution_data(instance, repository.handle, "daily_collection", at, None)
                assert len(data.run_requests or []) == TENANTS // BATCH

            def sensor() -> None:
                location.get_sensor_execution_data(
                    instance, repository.handle, "tenants_follow_files", None, None, None, None, None
                )

            before = _cpu(process.pid)
            first = _timed(schedule)
            cpu = _cpu(process.pid) - before
            again = [_timed(schedule) for _ in range(TICKS)]
            sensed = [_timed(sensor) for _ in range(TICKS)]
    print(
        f"{storage}: schedule's tick, {TENANTS} tenants: first of a code server {first:.2f} s ({cpu:.2f} CPU-s there), "
        f"then {statistics.median(again):.2f} s; tenants_follow_files {statistics.median(sensed):.2f} s"
    )
    return statistics.median(again)


def _batch(storage: str, instance: DagsterInstance, settings: Settings, server: PostgresServer) -> None:
    """One run over a batch of tenants whose vendors answer at once with nothing."""
    kushim = Kushim(load(), settings)
    job = build(kushim).resolve_job_def(names.COLLECT)
    known = instance.get_dynamic_partitions(names.TENANTS)
    assert server.data is not None
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    before, theirs, wall = time.process_time(), _cpu(postmaster), time.perf_counter()
    with mock.patch("kushim_pipeline.defs.collect.collect_source", lambda *_, **__: []):
        result = job.execute_in_process(
            instance=instance,
            tags=range_tags(known[0], known[BATCH - 1]),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    ours, theirs, wall = time.process_time() - before, _cpu(postmaster) - theirs, time.perf_counter() - wall
    assert result.success
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status is DagsterRunStatus.SUCCESS
    events = len(instance.all_logs(result.run_id))
    print(
        f"{storage}: bookkeeping of one run of {BATCH} tenants (2 sources each): {events} events, {wall:.1f} s, "
        f"{ours:.1f} CPU-s and {theirs:.1f} in the server, {1000 * (ours + theirs) / BATCH:.0f} CPU-ms a tenant"
    )


@contextlib.contextmanager
def _code_server(folder: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    port = free_port()
    bin_folder = Path(sys.executable).parent
    with (folder / "code-server.log").open("ab") as log:
        process = subprocess.Popen(
            [str(bin_folder / "dagster"), "api", "grpc", "-h", "127.0.0.1", "-p", str(port),
             "-m", "kushim_pipeline.definitions", "--location-name", "kushim"],
            cwd=INSTANCE_FILE.parent, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        health = [str(bin_folder / "dagster"), "api", "grpc-health-check", "-p", str(port)]
        until = time.monotonic() + 120
        while subprocess.run(health, capture_output=True, check=False).returncode:
            assert process.poll() is None, (folder / "code-server.log").read_text()[-2000:]
            assert time.monotonic() < until, "the code server does not answer"
        yield port, process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # it waits for a call that nobody ends
            process.kill()
            process.wait()


def _timed(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _cpu(pid: int) -> float:
    """CPU-seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
