"""Amazon Inspector: whether it is on in a region, what it scans there, and the grave weaknesses that it found."""

from collections.abc import Mapping, Sequence
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import listing, proven_empty
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.receipt import Reason

_SERVICE = "inspector2"
_STATUS = "BatchGetAccountStatus"
SEVERITIES = ("CRITICAL", "HIGH")
"""The findings that are read. Lesser ones are many, and no check judges them."""


def read_inspector(account: Account, region: str, sinks: Sinks) -> None:
    """The status, then what is covered and the critical and high findings, open or closed.

    Where Inspector is off it refuses both lists as if it were a matter of permission, so they are not asked for: the
    status proves them empty. Asked for is the account itself, since a delegated administrator is shown its members too.
    """
    whole = [*sinks.values()]
    try:
        answer = call(account, region, whole, _SERVICE, _STATUS, accountIds=[account.account_id])
        status = _status(account, answer)
    except ReadFailed as failed:
        for sink in whole:
            sink.problem(failed.reason, _STATUS, f"{_SERVICE} in {region}: {failed.message}")
        return
    for sink in pick(sinks, "aws.inspector_status"):
        sink.record(f"{account.account_id}/{region}", status, evidence=answer.evidence)
    coverage, findings = pick(sinks, "aws.inspector_coverage"), pick(sinks, "aws.inspector_finding")
    if status["state"].get("status") == "DISABLED":
        proven_empty([*coverage, *findings], f"{_STATUS} in {region} says that Inspector is DISABLED")
        return
    if coverage:
        _read_coverage(account, region, coverage)
    if findings:
        _read_findings(account, region, findings)


def _status(account: Account, answer: Answer) -> dict[str, Any]:
    for one in answer.want("accounts", list):
        if one.get("accountId") == account.account_id:
            if not isinstance(one.get("state"), dict):
                raise ReadFailed(Reason.INCOMPLETE, "the answer has no usable state of the account")
            found: dict[str, Any] = one
            return found
    for one in answer.body.get("failedAccounts") or ():
        said = f"{one.get('errorCode')}: {one.get('errorMessage')}"
        denied = one.get("errorCode") == "ACCESS_DENIED"
        raise ReadFailed(Reason.DENIED if denied else Reason.NOT_COLLECTED, f"Inspector gives no status ({said})")
    raise ReadFailed(Reason.INCOMPLETE, "the answer does not name the account")


def _read_coverage(account: Account, region: str, sinks: Sequence[Collection]) -> None:
    stream = "aws.inspector_coverage"
    mine = {"accountId": [_equals(account.account_id)]}
    for resource, evidence in listing(
        account, region, sinks, _SERVICE, "ListCoverage", "coveredResources", filterCriteria=mine
    ):
        name = resource.get("resourceId") or ""
        if resource.get("resourceType") == "AWS_EC2_INSTANCE" and not name.startswith("arn:"):
            name = account.arn("ec2", region, "instance", name)
        # One resource is scanned in several ways: packages, code, network.
        for sink in sinks:
            resource_id = f"{name}/{resource.get('scanType')}" if name else ""
            sink.record(resource_id, steady(stream, resource, account.now), evidence=evidence)


def _read_findings(account: Account, region: str, sinks: Sequence[Collection]) -> None:
    stream = "aws.inspector_finding"
    wanted = {
        "awsAccountId": [_equals(account.account_id)],
        "severity": [_equals(severity) for severity in SEVERITIES],
    }
    for finding, evidence in listing(
        account, region, sinks, _SERVICE, "ListFindings", "findings", filterCriteria=wanted
    ):
        for sink in sinks:
            sink.record(finding.get("findingArn") or "", steady(stream, finding, account.now), evidence=evidence)


def _equals(value: str) -> Mapping[str, str]:
    return {"comparison": "EQUALS", "value": value}
