"""Values that move with the clock while nothing changes: while they beat they stay out of the records.

A record is a version of a resource: a time that AWS writes anew at every reading would make every reading a version. A
time that has stopped, on the other hand, says something (backups or deliveries ended) and does not move any more. So a
time is left out while it is recent and stays once it is not. The kept bytes hold all of them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from kushim_pipeline.collect.aws.times import instant

_HOUR, _DAY, _ALWAYS = timedelta(hours=1), timedelta(days=1), timedelta.max
# Stream: field -> how recent is a beat. Shorter than any limit that a policy can set on it.
_MOVING = {
    # How far a point-in-time restore reaches, normally within five minutes of now (RDS user guide, "Restoring a DB
    # instance to a specified time"); where it begins follows from the retention period.
    "aws.rds_instance": {"LatestRestorableTime": _HOUR},
    "aws.rds_cluster": {"LatestRestorableTime": _HOUR, "EarliestRestorableTime": _ALWAYS},
    # When something was last delivered (API reference of GetTrailStatus); digests come every hour.
    "aws.cloudtrail_trail_status": {
        "LatestCloudWatchLogsDeliveryTime": _DAY,
        "LatestDeliveryAttemptSucceeded": _DAY,
        "LatestDeliveryAttemptTime": _DAY,
        "LatestDeliveryTime": _DAY,
        "LatestDigestDeliveryTime": _DAY,
        "LatestNotificationAttemptSucceeded": _DAY,
        "LatestNotificationAttemptTime": _DAY,
        "LatestNotificationTime": _DAY,
    },
    # When the recorder last reported its status, whatever it was (API reference of ConfigurationRecorderStatus).
    "aws.config_recorder_status": {"lastStatusChangeTime": _DAY},
    "aws.logs_log_group": {"storedBytes": _ALWAYS},
    # What an analyzer looked at last, and when (API references of AnalyzerSummary and FindingSummaryV2).
    "aws.access_analyzer": {"lastResourceAnalyzed": _ALWAYS, "lastResourceAnalyzedAt": _DAY},
    "aws.access_analyzer_finding": {"analyzedAt": _DAY},
    # When Inspector scanned last; how likely an exploit is, which is reckoned anew every day.
    "aws.inspector_coverage": {"lastScannedAt": _DAY},
    "aws.inspector_finding": {"lastObservedAt": _DAY, "updatedAt": _DAY, "epss": _ALWAYS},
    # When the plan ran last, and the last backup, of which there is one a day or an hour.
    "aws.backup_plan": {"LastExecutionDate": _DAY},
    "aws.backup_protected_resource": {"LastBackupTime": _DAY, "LastRecoveryPointArn": _ALWAYS},
    "aws.backup_restore_testing_plan": {"LastExecutionTime": _DAY},
    # What an alarm saw last; its state is not among them (API reference of MetricAlarm).
    "aws.cloudwatch_alarm": {
        "StateReason": _ALWAYS,
        "StateReasonData": _ALWAYS,
        "StateTransitionedTimestamp": _ALWAYS,
        "StateUpdatedTimestamp": _ALWAYS,
    },
    # When a secret was last read, a date without a time of day (API reference of SecretListEntry).
    "aws.secretsmanager_secret": {"LastAccessedDate": 2 * _DAY},
    # When the agent last answered and last did its work (API reference of InstanceInformation).
    "aws.ssm_instance": {
        "LastAssociationExecutionDate": _DAY,
        "LastPingDateTime": _DAY,
        "LastSuccessfulAssociationExecutionDate": _DAY,
    },
    # When the role was last used, {} for never (API reference of RoleLastUsed). Reading an account uses Kushim's own.
    "aws.iam_role": {"RoleLastUsed": _DAY},
}


def steady(stream: str, body: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The record's body without what moves by itself. In: the stream, its element, and the time of reading."""
    moving = _MOVING.get(stream, {})
    return {key: value for key, value in body.items() if key not in moving or not _beats(value, moving[key], now)}


def _beats(value: Any, recent: timedelta, now: datetime) -> bool:
    if recent is _ALWAYS:
        return True
    text = value.get("LastUsedDate") if isinstance(value, Mapping) else value
    moment = instant(text) if isinstance(text, str) else None
    return moment is not None and now - moment <= recent
