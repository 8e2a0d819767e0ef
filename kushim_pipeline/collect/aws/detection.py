"""AWS Config recorders, GuardDuty detectors, CloudWatch log groups and their tags."""

import re
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Sinks
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, one, proven_empty

_LOG_GROUP = re.compile(r"arn:[^:]+:logs:[^:]*:[^:]*:log-group:")


def read_recorders(account: Account, region: str, sinks: Sinks) -> None:
    """AWS Config's recorders: what they are set to record."""
    _recorders(
        account, region, sinks, "aws.config_recorder", "DescribeConfigurationRecorders", "ConfigurationRecorders"
    )


def read_recorder_status(account: Account, region: str, sinks: Sinks) -> None:
    """AWS Config's recorders: whether they record and deliver."""
    operation, key = "DescribeConfigurationRecorderStatus", "ConfigurationRecordersStatus"
    _recorders(account, region, sinks, "aws.config_recorder_status", operation, key)


def _recorders(account: Account, region: str, sinks: Sinks, stream: str, operation: str, key: str) -> None:
    sink = sinks[stream]
    for element, evidence in listing(account, region, [sink], "config", operation, key):
        name = element.get("name")
        sink.record(f"{account.account_id}/{region}/{name}" if name else "", steady(stream, element), evidence=evidence)


def read_detectors(account: Account, region: str, sinks: Sinks) -> None:
    """GuardDuty's detectors with their settings."""
    sink = sinks["aws.guardduty_detector"]
    detectors = [str(d) for d, _ in listing(account, region, [sink], "guardduty", "ListDetectors", "DetectorIds")]

    def read(detector: str) -> None:
        arn = account.arn("guardduty", region, "detector", detector)
        answer = one(account, region, [sink], arn, "guardduty", "GetDetector", DetectorId=detector)
        if answer is not None:
            sink.record(arn, answer.body, evidence=answer.evidence)

    each(account, read, detectors)


def read_log_groups(account: Account, region: str, sinks: Sinks) -> None:
    """CloudWatch log groups with their retention."""
    sink = sinks["aws.logs_log_group"]
    for group, evidence in listing(account, region, [sink], "logs", "DescribeLogGroups", "logGroups"):
        arn = str(group.get("logGroupArn") or group.get("arn") or "")
        sink.record(arn.removesuffix(":*"), steady("aws.logs_log_group", group), evidence=evidence)


def read_tags(account: Account, region: str, sinks: Sinks) -> None:
    """Tags of log groups, all in one listing; a resource that never had a tag is not in it.

    Asked for is all that CloudWatch Logs has: emulators of AWS know that name, and not each the one of log groups.
    """
    sink = sinks["aws.resource_tag"]
    for element, evidence in listing(
        account,
        region,
        [sink],
        "resourcegroupstaggingapi",
        "GetResources",
        "ResourceTagMappingList",
        ResourceTypeFilters=["logs"],
    ):
        tags: dict[str, Any] = {tag["Key"]: tag.get("Value", "") for tag in element.get("Tags") or ()}
        arn = str(element.get("ResourceARN") or "").removesuffix(":*")
        if arn and not _LOG_GROUP.match(arn):
            continue
        sink.record(arn, {"Tags": tags}, evidence=evidence)
    proven_empty([sink], f"GetResources in {region} lists no log group with tags")
