"""AWS Backup: plans with their rules and selections, what is protected, the jobs, and how restores are tested."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.events import open_log, written
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, one, pages, record_part
from kushim_pipeline.collect.aws.times import instant
from kushim_pipeline.collect.collection import Collection

_SERVICE = "backup"
_JOBS_KEPT = timedelta(days=30)
_RESTORES_KEPT = timedelta(days=400)
# A job changes until it ends, which a plan gives it seven days for unless it says otherwise (developer guide, "Backup
# plan options", completion window).
_JOBS_OVERLAP = timedelta(days=8)


def read_plans(account: Account, region: str, sinks: Sinks) -> None:
    """Plans with their rules, then what each selects."""
    whole = pick(sinks, "aws.backup_plan", "aws.backup_selection")
    plans, selections = pick(sinks, "aws.backup_plan"), pick(sinks, "aws.backup_selection")
    found = [plan for plan, _ in listing(account, region, whole, _SERVICE, "ListBackupPlans", "BackupPlansList")]

    def read(plan: dict[str, Any]) -> None:
        arn, name = plan.get("BackupPlanArn") or "", plan.get("BackupPlanId") or ""
        if plans:
            answer = one(account, region, plans, arn, _SERVICE, "GetBackupPlan", BackupPlanId=name)
            record_part(plans, arn, answer, partial(_plan, account.now))
        if selections:
            _read_selections(account, region, sinks, arn, name)

    each(account, read, found)


def _plan(now: datetime, answer: Answer) -> dict[str, Any]:
    answer.want("BackupPlan", dict)
    return dict(steady("aws.backup_plan", answer.body, now))


def _read_selections(account: Account, region: str, sinks: Sinks, arn: str, plan: str) -> None:
    wanted = pick(sinks, "aws.backup_selection")
    operation, key = "ListBackupSelections", "BackupSelectionsList"
    for selection, _ in listing(account, region, wanted, _SERVICE, operation, key, BackupPlanId=plan):
        name = selection.get("SelectionId") or ""
        asked = {"BackupPlanId": plan, "SelectionId": name}
        resource_id = f"{arn}/selection/{name}" if name else ""
        answer = one(account, region, wanted, resource_id, _SERVICE, "GetBackupSelection", **asked)
        record_part(wanted, resource_id, answer, _selection(arn))


def _selection(arn: str) -> Callable[[Answer], dict[str, Any]]:
    def body(answer: Answer) -> dict[str, Any]:
        answer.want("BackupSelection", dict)
        return {"BackupPlanArn": arn, **answer.body}

    return body


def read_protected(account: Account, region: str, sinks: Sinks) -> None:
    """Resources that AWS Backup has a recovery point of."""
    sink = sinks["aws.backup_protected_resource"]
    for resource, evidence in listing(account, region, [sink], _SERVICE, "ListProtectedResources", "Results"):
        arn = resource.get("ResourceArn") or ""
        sink.record(arn, steady("aws.backup_protected_resource", resource, account.now), evidence=evidence)


def read_jobs(account: Account, region: str, sinks: Sinks) -> None:
    """Backup jobs: what was backed up when, and how that ended. AWS lists those of 30 days, so they are read on."""
    _jobs(account, region, sinks["aws.backup_job"], "ListBackupJobs", "BackupJobs", "BackupJobId", _JOBS_KEPT)


def read_restore_jobs(account: Account, region: str, sinks: Sinks) -> None:
    """Restores, of which the last may be long ago: those that were seen once stay for more than a year."""
    sink = sinks["aws.backup_restore_job"]
    _jobs(account, region, sink, "ListRestoreJobs", "RestoreJobs", "RestoreJobId", _RESTORES_KEPT)


def _jobs(
    account: Account, region: str, sink: Collection, operation: str, key: str, name: str, kept: timedelta
) -> None:
    since = open_log(sink, account.now, kept, _JOBS_OVERLAP)
    for job, evidence in listing(account, region, [sink], _SERVICE, operation, key, ByCreatedAfter=written(since)):
        at = instant(job.get("CreationDate"))
        sink.record(job.get(name) or "", job, evidence=evidence, observed_at=at, mark=written(at) if at else "")


def read_restore_testing(account: Account, region: str, sinks: Sinks) -> None:
    """Restore testing plans with the kinds of resources that they restore."""
    sink = sinks["aws.backup_restore_testing_plan"]
    operation, key = "ListRestoreTestingPlans", "RestoreTestingPlans"
    for plan, evidence in listing(account, region, [sink], _SERVICE, operation, key):
        arn, name = plan.get("RestoreTestingPlanArn") or "", plan.get("RestoreTestingPlanName") or ""
        asked = {"RestoreTestingPlanName": name}
        try:
            answers = pages(account, region, [sink], _SERVICE, "ListRestoreTestingSelections", **asked)
            selections = [item for answer in answers for item in answer.want("RestoreTestingSelections", list)]
        except ReadFailed as failed:
            sink.unreadable(arn, failed.reason, "ListRestoreTestingSelections", failed.message)
            continue
        body = {**steady("aws.backup_restore_testing_plan", plan, account.now), "RestoreTestingSelections": selections}
        sink.record(arn, body, evidence=evidence)
