"""AWS Config recorders, GuardDuty detectors and findings, CloudWatch log groups and their tags."""

import re
from collections.abc import Sequence
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, one, proven_empty, record_part
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.receipt import Reason

_FINDINGS_A_CALL = 50
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
        resource_id = f"{account.account_id}/{region}/{name}" if name else ""
        sink.record(resource_id, steady(stream, element, account.now), evidence=evidence)


def read_detectors(account: Account, region: str, sinks: Sinks) -> None:
    """GuardDuty's detectors with their settings, and what each found."""
    whole = pick(sinks, "aws.guardduty_detector", "aws.guardduty_finding")
    settings, findings = pick(sinks, "aws.guardduty_detector"), pick(sinks, "aws.guardduty_finding")
    detectors = [str(d) for d, _ in listing(account, region, whole, "guardduty", "ListDetectors", "DetectorIds")]

    def read(detector: str) -> None:
        arn = account.arn("guardduty", region, "detector", detector)
        answer = one(account, region, settings, arn, "guardduty", "GetDetector", DetectorId=detector)
        record_part(settings, arn, answer, lambda answer: answer.body)

    if settings:
        each(account, read, detectors)
    for detector in detectors if findings else ():
        _read_findings(account, region, findings, detector)


def _read_findings(account: Account, region: str, sinks: Sequence[Collection], detector: str) -> None:
    """Findings, archived ones too; GuardDuty keeps them for 90 days. They are listed by id and read fifty at a time."""
    asked = {"DetectorId": detector}
    names = [str(n) for n, _ in listing(account, region, sinks, "guardduty", "ListFindings", "FindingIds", **asked)]

    def read(some: Sequence[str]) -> None:
        try:
            answer = call(account, region, sinks, "guardduty", "GetFindings", DetectorId=detector, FindingIds=[*some])
            found = {finding.get("Id"): finding for finding in answer.want("Findings", list)}
        except ReadFailed as failed:
            for sink in sinks:
                sink.problem(failed.reason, "GetFindings", f"guardduty in {region}: {failed.message}")
            return
        for name in some:
            arn = account.arn("guardduty", region, "detector", f"{detector}/finding/{name}")
            for sink in sinks:
                if name in found:
                    sink.record(found[name].get("Arn") or arn, found[name], evidence=answer.evidence)
                else:
                    sink.unreadable(arn, Reason.INCOMPLETE, "GetFindings", "it was listed and is not in the answer")

    each(account, read, [names[at : at + _FINDINGS_A_CALL] for at in range(0, len(names), _FINDINGS_A_CALL)])


def read_log_groups(account: Account, region: str, sinks: Sinks) -> None:
    """CloudWatch log groups with their retention."""
    sink = sinks["aws.logs_log_group"]
    for group, evidence in listing(account, region, [sink], "logs", "DescribeLogGroups", "logGroups"):
        arn = str(group.get("logGroupArn") or group.get("arn") or "")
        sink.record(arn.removesuffix(":*"), steady("aws.logs_log_group", group, account.now), evidence=evidence)


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
