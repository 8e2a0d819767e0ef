"""What starts by itself: jobs, the daily schedule, and the sensors around them. No config of theirs holds a secret."""

import os
from collections.abc import Iterator

from dagster import (
    AssetSelection,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    JobDefinition,
    OpExecutionContext,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    RunStatusSensorContext,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,
    job,
    op,
    run_failure_sensor,
    run_status_sensor,
    schedule,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from kushim_pipeline.defs import names
from kushim_pipeline.defs.failures import describe, keep, print_line
from kushim_pipeline.defs.lost import Lookout
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.roster import changes, follow, range_tags, stretches
from kushim_pipeline.defs.specs import TENANTS
from kushim_pipeline.defs.trouble import told
from kushim_pipeline.operate.life import notice, today
from kushim_pipeline.operate.shred import due, shred

BATCH = "KUSHIM_BATCH_TENANTS"
"""The environment variable that says how many tenants one scheduled run collects (default 50)."""
DAILY = "0 4 * * *"
"""Checks go stale after 36 hours or more: once a day leaves room for one missed night's repair in the morning."""
RETENTION = "30 3 * * *"
"""Before the collection, so that the day's judging finds the tenants gone."""

_EVIDENCE = AssetSelection.groups("evidence")

collect_job = define_asset_job(
    names.COLLECT,
    selection=_EVIDENCE,
    partitions_def=TENANTS,
    description="Read every source of the chosen tenants. The daily schedule starts it in batches of tenants.",
)
recollect_job = define_asset_job(
    names.RECOLLECT,
    selection=_EVIDENCE,
    partitions_def=TENANTS,
    description="Read one tenant again, now: launch it with the tenant's partition. Judging follows by itself.",
)
judge_job = define_asset_job(
    names.JUDGE,
    selection=AssetSelection.all() - _EVIDENCE,
    description="Land what was collected, build facts, judge all controls of all tenants, publish.",
    # dagster.yaml lets one run with this tag run at a time.
    tags={"kushim/one_at_a_time": "judge"},
)
_COLLECTIONS = [collect_job, recollect_job]


@op(
    name="forget_tenants",
    pool=names.WAREHOUSE,
    required_resource_keys={names.RESOURCE},
    description="Destroy the keys and rows of offboarded tenants whose retain_until has passed.",
)
def _forget_tenants(context: OpExecutionContext) -> None:
    kushim: Kushim = context.resources.kushim
    loaded = kushim.roster().loaded
    with told("forgetting tenants"):
        for tenant in due(kushim.settings, loaded, today()):
            shred(kushim.settings, loaded, tenant, today(), context.log.info, by="schedule")


@job(name=names.RETENTION, description="Forget the tenants whose evidence need not be kept any longer.")
def retention_job() -> None:
    """The job of the schedule `retention`."""
    _forget_tenants()


JOBS: tuple[UnresolvedAssetJobDefinition | JobDefinition, ...] = (collect_job, recollect_job, judge_job, retention_job)


def batch_size() -> int:
    """Tenants in one scheduled run. Raises ValueError for what is no number of tenants."""
    text = os.environ.get(BATCH) or "50"
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"{BATCH} is a whole number of tenants, 1 or more")
    return int(text)


def _daily(kushim: Kushim) -> ScheduleDefinition:
    @schedule(
        name="daily_collection",
        job=collect_job,
        cron_schedule=DAILY,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"Collects all tenants once a day, in runs of {BATCH} tenants (default 50).",
    )
    def daily_collection(context: ScheduleEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        roster = kushim.roster()
        for line in notice(kushim.settings, roster.loaded):
            context.log.warning(line)
        # A tenant file that was written a moment ago is part of today's collection.
        follow(context.instance, roster)
        known = context.instance.get_dynamic_partitions(names.TENANTS)
        if not roster.tenants:
            yield SkipReason("no tenant is active, or no tenant file is right")
        for first, last in stretches(known, roster.tenants, batch_size()):
            yield RunRequest(
                run_key=f"{context.scheduled_execution_time:%Y-%m-%dT%H:%M} {first}", tags=range_tags(first, last)
            )

    return daily_collection


def _retention(kushim: Kushim) -> ScheduleDefinition:
    @schedule(
        name="retention",
        job=retention_job,
        cron_schedule=RETENTION,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Once a day: forgets offboarded tenants whose retain_until has passed.",
    )
    def retention(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        tenants = due(kushim.settings, kushim.roster().loaded, today())
        if not tenants:
            return SkipReason("no tenant's evidence is past its time")
        return RunRequest(run_key=f"{context.scheduled_execution_time:%Y-%m-%d}")

    return retention


def _tenants_follow_files(kushim: Kushim) -> SensorDefinition:
    @sensor(
        name="tenants_follow_files",
        minimum_interval_seconds=30,
        default_status=DefaultSensorStatus.RUNNING,
        description="An active tenant is a partition; one that is paused, offboarded or without a file is none. "
        "What changed in the files is written to the audit trail. Evidence stays.",
    )
    def tenants_follow_files(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        roster = kushim.roster()
        for line in notice(kushim.settings, roster.loaded):
            context.log.warning(line)
        found = changes(context.instance, roster)
        if not found.add and not found.remove:
            return SkipReason("the partitions are the tenants of the files")
        requests = [TENANTS.build_add_request(found.add)] if found.add else []
        return SensorResult(
            dynamic_partitions_requests=[
                *requests,
                *([TENANTS.build_delete_request(found.remove)] if found.remove else []),
            ]
        )

    return tenants_follow_files


def _judge_after(name: str, status: DagsterRunStatus) -> SensorDefinition:
    @run_status_sensor(
        name=name,
        run_status=status,
        monitored_jobs=_COLLECTIONS,
        request_job=judge_job,
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Judges after a collection; also after a failed one, since the other tenants' evidence is there. "
        "While a judging waits in the queue it asks for no second one: that one will land everything.",
    )
    def judge_after(context: RunStatusSensorContext) -> RunRequest | SkipReason:
        waiting = RunsFilter(job_name=names.JUDGE, statuses=[DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED])
        if context.instance.get_runs(waiting, limit=1):
            return SkipReason("a judging waits in the queue already")
        return RunRequest(run_key=f"after {context.dagster_run.run_id}")

    return judge_after


def _report_failures(kushim: Kushim) -> SensorDefinition:
    @run_failure_sensor(
        name="report_failures",
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="One readable line for every failed run, on the daemon's log and in KUSHIM_HOME/failures.jsonl.",
    )
    def report_failures(context: RunFailureSensorContext) -> None:
        run = context.dagster_run
        failure = describe(run.run_id, run.job_name, context.get_step_failure_events(), context.failure_event)
        print_line(failure)
        keep(kushim.settings.home, failure)

    return report_failures


def _fail_lost_runs() -> SensorDefinition:
    # It remembers which leases were not renewed; whoever restarts the code server begins to count anew.
    lookout = Lookout()

    @sensor(
        name="fail_lost_runs",
        minimum_interval_seconds=30,
        default_status=DefaultSensorStatus.RUNNING,
        description="Fails runs whose process was killed or whose host is lost, so that they start again "
        "and the warehouse's slot is free.",
    )
    def lost_runs(context: SensorEvaluationContext) -> SkipReason:
        lost = lookout.look(context.instance)
        return SkipReason(f"failed {len(lost)} lost runs" if lost else "no run has lost its process")

    return lost_runs


def schedules(kushim: Kushim) -> list[ScheduleDefinition]:
    """The schedules."""
    return [_daily(kushim), _retention(kushim)]


def sensors(kushim: Kushim) -> list[SensorDefinition]:
    """The sensors, all running from the first start on."""
    return [
        _tenants_follow_files(kushim),
        _judge_after("judge_after_collection", DagsterRunStatus.SUCCESS),
        _judge_after("judge_after_failed_collection", DagsterRunStatus.FAILURE),
        _report_failures(kushim),
        _fail_lost_runs(),
    ]
