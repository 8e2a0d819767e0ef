"""AWS Backup for the sandbox: one plan a region, a job a day for what it protects, restores that are tested. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kushim_pipeline.sandbox.aws_asked import Answer, Asked, made_up
from kushim_pipeline.sandbox.aws_services import table_arn
from kushim_pipeline.sandbox.estate import Account, Region

_PLAN = "daily"


def protected(account: Account, region: str) -> Iterator[tuple[str, str, str]]:
    """Name, type and ARN of what the region's plan protects: every production database, table and bucket but some."""
    here = account.regions.get(region, Region())
    for name, database in here.databases.items():
        if database.environment == "production" and name not in here.backups.unprotected:
            yield name, "RDS", f"arn:aws:rds:{region}:{account.account_id}:db:{name}"
    for name, table in here.tables.items():
        if table.environment == "production" and name not in here.backups.unprotected:
            yield name, "DynamoDB", table_arn(account, region, name)
    for name, bucket in account.buckets.items():
        wanted = bucket.region == region and bucket.environment == "production"
        if wanted and name not in here.backups.unprotected:
            yield name, "S3", f"arn:aws:s3:::{name}"


def _protected(asked: Asked) -> Iterator[tuple[str, str, str]]:
    return protected(asked.account, asked.call.region)


def _plan_id(account: Account, region: str) -> str:
    return made_up("plan", account.account_id, region)


def _plan(asked: Asked) -> dict[str, Any]:
    name = _plan_id(asked.account, asked.call.region)
    return {
        "BackupPlanArn": f"arn:aws:backup:{asked.call.region}:{asked.account.account_id}:backup-plan:{name}",
        "BackupPlanId": name,
        "CreationDate": asked.days_ago(400).timestamp(),
        "VersionId": made_up("version", name),
    }


def _plans(asked: Asked) -> Answer:
    if not [*_protected(asked)]:
        return {"BackupPlansList": []}
    return {"BackupPlansList": [{**_plan(asked), "BackupPlanName": _PLAN}]}


def _one_plan(asked: Asked) -> Answer:
    rule = {
        "RuleName": _PLAN,
        "RuleId": made_up("rule", asked.account.account_id, asked.call.region),
        "TargetBackupVaultName": "Default",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "StartWindowMinutes": 60,
        "CompletionWindowMinutes": 480,
        "Lifecycle": {"DeleteAfterDays": 35},
    }
    return {**_plan(asked), "BackupPlan": {"BackupPlanName": _PLAN, "Rules": [rule]}}


def _selection_head(asked: Asked) -> dict[str, Any]:
    plan = _plan_id(asked.account, asked.call.region)
    return {
        "SelectionId": made_up("selection", plan),
        "BackupPlanId": plan,
        "CreationDate": asked.days_ago(400).timestamp(),
    }


def _role(asked: Asked) -> str:
    return f"arn:aws:iam::{asked.account.account_id}:role/backup"


def _selections(asked: Asked) -> Answer:
    head = {**_selection_head(asked), "SelectionName": "production", "IamRoleArn": _role(asked)}
    return {"BackupSelectionsList": [head]}


def _selection(asked: Asked) -> Answer:
    selection = {
        "SelectionName": "production",
        "IamRoleArn": _role(asked),
        "Resources": [arn for _, _, arn in _protected(asked)],
    }
    return {**_selection_head(asked), "BackupSelection": selection}


def _resources(asked: Asked) -> Answer:
    return {
        "Results": [
            {"ResourceArn": arn, "ResourceType": kind, "LastBackupTime": asked.days_ago(0).timestamp()}
            for _, kind, arn in _protected(asked)
        ]
    }


def _jobs(asked: Asked) -> Answer:
    found: list[dict[str, Any]] = []
    for name, kind, arn in _protected(asked):
        for days in range(1, asked.here.backups.days + 1):
            begun = asked.days_ago(days) + timedelta(hours=5)
            failed = asked.here.backups.failed.get(name) == days
            found.append(
                {
                    "AccountId": asked.account.account_id,
                    "BackupJobId": made_up("job", asked.account.account_id, arn, str(begun.date())),
                    "BackupVaultName": "Default",
                    "ResourceArn": arn,
                    "ResourceType": kind,
                    "State": "FAILED" if failed else "COMPLETED",
                    "CreationDate": begun.timestamp(),
                    "CompletionDate": (begun + timedelta(minutes=20)).timestamp(),
                    "CreatedBy": {
                        "BackupPlanId": _plan_id(asked.account, asked.call.region),
                        "BackupPlanArn": _plan(asked)["BackupPlanArn"],
                        "BackupPlanVersion": _plan(asked)["VersionId"],
                        "BackupRuleId": made_up("rule", asked.account.account_id, asked.call.region),
                    },
                    "PercentDone": "100.0",
                }
            )
    since = _created_after(asked)
    return {"BackupJobs": [job for job in found if job["CreationDate"] >= since]}


def _created_after(asked: Asked) -> float:
    target = asked.call.text.partition(" ")[0]
    (text,) = parse_qs(urlsplit(target).query).get("createdAfter", ["1970-01-01T00:00:00Z"])
    return datetime.fromisoformat(text).timestamp()


def _restore_jobs(asked: Asked) -> Answer:
    days = asked.here.backups.restored
    if days is None:
        return {"RestoreJobs": []}
    begun = asked.days_ago(days)
    return {
        "RestoreJobs": [
            {
                "AccountId": asked.account.account_id,
                "RestoreJobId": made_up("restore", asked.account.account_id, arn),
                "SourceResourceArn": arn,
                "ResourceType": kind,
                "Status": "COMPLETED",
                "CreationDate": begun.timestamp(),
                "CompletionDate": (begun + timedelta(hours=1)).timestamp(),
                "ValidationStatus": "SUCCESSFUL",
                "CreatedBy": {"RestoreTestingPlanArn": _testing_plan(asked)["RestoreTestingPlanArn"]},
            }
            for _, kind, arn in _protected(asked)
        ]
    }


def _testing_plan(asked: Asked) -> dict[str, Any]:
    return {
        "RestoreTestingPlanArn": f"arn:aws:backup:{asked.call.region}:{asked.account.account_id}"
        ":restore-testing-plan:monthly-1234",
        "RestoreTestingPlanName": "monthly",
        "ScheduleExpression": "cron(0 5 1 * ? *)",
        "StartWindowHours": 24,
        "CreationTime": asked.days_ago(400).timestamp(),
    }


def _testing_plans(asked: Asked) -> Answer:
    return {"RestoreTestingPlans": [] if asked.here.backups.restored is None else [_testing_plan(asked)]}


def _testing_selections(asked: Asked) -> Answer:
    return {
        "RestoreTestingSelections": [
            {
                "RestoreTestingPlanName": "monthly",
                "RestoreTestingSelectionName": kind,
                "ProtectedResourceType": kind,
                "IamRoleArn": _role(asked),
                "ValidationWindowHours": 1,
                "CreationTime": asked.days_ago(400).timestamp(),
            }
            for kind in sorted({kind for _, kind, _ in _protected(asked)})
        ]
    }


ANSWERS = {
    "backup:ListBackupPlans": _plans,
    "backup:GetBackupPlan": _one_plan,
    "backup:ListBackupSelections": _selections,
    "backup:GetBackupSelection": _selection,
    "backup:ListProtectedResources": _resources,
    "backup:ListBackupJobs": _jobs,
    "backup:ListRestoreJobs": _restore_jobs,
    "backup:ListRestoreTestingPlans": _testing_plans,
    "backup:ListRestoreTestingSelections": _testing_selections,
}
