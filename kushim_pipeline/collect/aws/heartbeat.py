"""Values that move with the clock while nothing changes: they stay in the kept bytes and out of the records.

A record is a version of a resource: a time that AWS writes anew at every reading would make every reading a version.
What says that something happened (an error, a start, a stop, a last use) stays.
"""

from collections.abc import Mapping
from typing import Any

_MOVING = {
    # How far a point-in-time restore reaches now (API reference of DBInstance and DBCluster).
    "aws.rds_instance": {"LatestRestorableTime"},
    "aws.rds_cluster": {"EarliestRestorableTime", "LatestRestorableTime"},
    # When the last file was delivered (API reference of GetTrailStatus); errors of deliveries stay.
    "aws.cloudtrail_trail_status": {
        "LatestCloudWatchLogsDeliveryTime",
        "LatestDeliveryAttemptSucceeded",
        "LatestDeliveryAttemptTime",
        "LatestDeliveryTime",
        "LatestDigestDeliveryTime",
        "LatestNotificationAttemptSucceeded",
        "LatestNotificationAttemptTime",
        "LatestNotificationTime",
    },
    # When the recorder last reported its status, whatever it was (API reference of ConfigurationRecorderStatus).
    "aws.config_recorder_status": {"lastStatusChangeTime"},
    "aws.logs_log_group": {"storedBytes"},
}


def steady(stream: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record's body without the values that move by themselves."""
    moving = _MOVING[stream]
    return {key: value for key, value in body.items() if key not in moving}
