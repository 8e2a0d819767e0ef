"""Whatever AWS answers wrongly: the checks that depend on it are UNKNOWN, none passes, and all others stay as they are.

One row of the table is one test. Each row reads the streams that it strikes, two of them the whole account.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.sandbox.gate_calls import Call, Reply, denied, error
from kushim_pipeline_tests.integration.faults.account import Account, Wrong, account
from kushim_pipeline_tests.integration.faults.company import CATALOGUE, HEALTHY, Verdict, Verdicts

DENIED, LOST, CUT, POISONED = Reason.DENIED, Reason.NOT_COLLECTED, Reason.INCOMPLETE, Reason.QUARANTINED
# Stream -> the checks that need it, by hand.
NEEDED_BY: Mapping[str, str] = {
    "ec2_volume": "AWS-EBS-001",
    "ec2_instance": "AWS-EC2-001 AWS-EC2-002 AWS-VUL-001",
    "ec2_security_group": "AWS-NET-001 AWS-NET-002 AWS-NET-003 AWS-RDS-002",
    "rds_instance": (
        "AWS-BKP-001 AWS-BKP-003 AWS-CAP-001 AWS-ENV-001 AWS-RDS-001 AWS-RDS-002 AWS-RDS-003 AWS-RDS-004 AWS-RDS-005"
    ),
    "kms_key": "AWS-KMS-001 AWS-KMS-002",
    "kms_key_rotation": "AWS-KMS-001",
    "kms_key_policy": "AWS-KMS-002",
    "cloudtrail_trail": (
        "AWS-LOG-001 AWS-LOG-002 AWS-LOG-003 AWS-LOG-004 AWS-LOG-005 AWS-LOG-006 AWS-LOG-009 AWS-S3-005"
    ),
    "cloudtrail_trail_status": "AWS-LOG-001 AWS-LOG-005",
    "cloudtrail_event_selectors": "AWS-LOG-001",
    "s3_bucket": (
        "AWS-BKP-001 AWS-BKP-003 AWS-ENV-001 AWS-LOG-003 AWS-LOG-006 AWS-S3-002 AWS-S3-003 AWS-S3-004 AWS-S3-005 "
        "AWS-S3-006"
    ),
    "s3_bucket_policy": "AWS-S3-002 AWS-S3-004",
    "iam_credential_report": "AWS-IAM-004 AWS-IAM-005 AWS-IAM-006 AWS-IAM-011",
    "iam_password_policy": "AWS-IAM-007",
    "iam_user": "AWS-IAM-009",
    "guardduty_detector": "AWS-DET-001 AWS-DET-002",
    "config_recorder": "AWS-LOG-008",
    "logs_log_group": "AWS-LOG-006",
    "secretsmanager_secret": "AWS-SEC-001",
    "dynamodb_table": "AWS-BKP-001 AWS-BKP-003 AWS-DDB-001",
}


@dataclass(frozen=True)
class Row:
    """`call` is answered as `wrong` says; `streams`: what cannot be read then; `reason`: why, None where nothing is
    lost in the end. `asked`: how often. `alone`: a text in the one resource that is not known. `whole`: the whole
    account is read. `follows`: what else is not asked for."""

    name: str
    call: str
    wrong: Wrong
    streams: tuple[str, ...]
    reason: Reason | None
    asked: int
    alone: str = ""
    whole: bool = False
    follows: str = ""

    @property
    def checks(self) -> set[str]:
        return {check for stream in self.streams for check in NEEDED_BY[stream].split()}


def forbidden(call: Call, right: Reply) -> Reply:
    return denied(call, "111111110001")


def with_status(status: int, code: str) -> Wrong:
    return lambda call, right: error(call, status, code, "injected")


def with_body(change: Callable[[bytes], bytes]) -> Wrong:
    return lambda call, right: Reply(right.status, change(right.body), right.headers)


def html(call: Call, right: Reply) -> Reply:
    return Reply(200, b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>", {"Content-Type": "text/html"})


def of_one(text: str, wrong: Wrong) -> Wrong:
    """Only where the request names this."""
    return lambda call, right: wrong(call, right) if text in call.text else right


def first_time(wrong: Wrong) -> Wrong:
    """Only once."""
    asked: list[Call] = []

    def now_and_then(call: Call, right: Reply) -> Reply:
        asked.append(call)
        return wrong(call, right) if len(asked) == 1 else right

    return now_and_then


half = with_body(lambda body: body[: len(body) // 2])
nothing = with_body(lambda _: b"")
no_list = with_body(lambda _: b"{}")
# A page that leads on, and on to itself.
leads_on = with_body(lambda body: json.dumps({**json.loads(body), "nextToken": "on", "NextToken": "on"}).encode())
one_user_more = with_body(
    lambda body: re.sub(rb"(<key>Users</key>\s*<value>)(\d+)", lambda m: m[1] + b"%d" % (int(m[2]) + 1), body)
)
twice = with_body(lambda body: body.rstrip()[:-1] + b', "Version": "2008-10-17"}')
throttled = with_status(400, "ThrottlingException")
slow_down = with_status(503, "SlowDown")
broken = with_status(500, "InternalError")
moved = with_status(301, "PermanentRedirect")

TRAILS = ("cloudtrail_trail", "cloudtrail_trail_status", "cloudtrail_event_selectors")
KEYS = ("kms_key", "kms_key_rotation", "kms_key_policy")
MATRIX = [
    Row("volumes-403", "ec2:DescribeVolumes", forbidden, ("ec2_volume",), DENIED, 1),
    Row("volumes-500", "ec2:DescribeVolumes", broken, ("ec2_volume",), LOST, 3),
    Row("volumes-500-once", "ec2:DescribeVolumes", first_time(broken), ("ec2_volume",), None, 2),
    Row("volumes-html", "ec2:DescribeVolumes", html, ("ec2_volume",), CUT, 1),
    Row("volumes-truncated", "ec2:DescribeVolumes", half, ("ec2_volume",), CUT, 1),
    Row("volumes-empty-body", "ec2:DescribeVolumes", nothing, ("ec2_volume",), CUT, 1),
    Row("instances-403", "ec2:DescribeInstances", forbidden, ("ec2_instance",), DENIED, 1, whole=True),
    Row("groups-503", "ec2:DescribeSecurityGroups", slow_down, ("ec2_security_group",), LOST, 6),
    Row("databases-truncated", "rds:DescribeDBInstances", half, ("rds_instance",), CUT, 1, whole=True,
        follows="rds:DescribeDBParameters"),
    Row("keys-throttled", "kms:ListKeys", throttled, KEYS, LOST, 6),
    Row("keys-throttled-once", "kms:ListKeys", first_time(throttled), KEYS, None, 2),
    Row("keys-without-a-list", "kms:ListKeys", no_list, KEYS, CUT, 1),
    Row("rotation-403", "kms:GetKeyRotationStatus", forbidden, ("kms_key_rotation",), DENIED, 1),
    Row("trails-html", "cloudtrail:DescribeTrails", html, TRAILS, CUT, 1),
    Row("status-500", "cloudtrail:GetTrailStatus", broken, ("cloudtrail_trail_status",), LOST, 3),
    Row("policy-twice", "s3:GetBucketPolicy", of_one("orders", twice), ("s3_bucket_policy",), POISONED, 3, "orders"),
    Row("policy-moved", "s3:GetBucketPolicy", of_one("orders", moved), ("s3_bucket_policy",), CUT, 3, "orders"),
    Row("report-403", "iam:GetCredentialReport", forbidden, ("iam_credential_report",), DENIED, 1),
    Row("report-truncated", "iam:GetCredentialReport", half, ("iam_credential_report",), CUT, 1),
    Row("password-policy-403", "iam:GetAccountPasswordPolicy", forbidden, ("iam_password_policy",), DENIED, 1),
    Row("users-other-total", "iam:GetAccountSummary", one_user_more, ("iam_user",), CUT, 1),
    Row("detectors-html", "guardduty:ListDetectors", html, ("guardduty_detector",), CUT, 1),
    Row("recorders-401", "config:DescribeConfigurationRecorders", with_status(401, "UnrecognizedClientException"),
        ("config_recorder",), DENIED, 1),
    Row("log-groups-loop", "logs:DescribeLogGroups", leads_on, ("logs_log_group",), CUT, 2),
    Row("secrets-loop", "secretsmanager:ListSecrets", leads_on, ("secretsmanager_secret",), CUT, 2),
    Row("tables-400", "dynamodb:ListTables", with_status(400, "AccessDeniedException"), ("dynamodb_table",), DENIED, 1),
]  # fmt: skip


class Judged:
    """Every row's reading and verdicts."""

    def __init__(self, made: Account, verdicts: dict[str, Verdicts]) -> None:
        self.readings, self.verdicts = made.readings, verdicts


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All rows, read one after the other and judged at once."""
    with account(tmp_path_factory.mktemp("aws")) as made:
        made.read(HEALTHY, (), {})
        for row in MATRIX:
            wanted = () if row.whole else tuple(f"aws.{stream}" for stream in row.streams)
            made.read(row.name, wanted, {row.call: row.wrong})
        yield Judged(made, made.judged())


def by_check(verdicts: Verdicts) -> dict[str, dict[str, Verdict]]:
    """Check -> resource -> verdict, without what is about Kushim's own work."""
    found: dict[str, dict[str, Verdict]] = {}
    for (check, resource), verdict in verdicts.items():
        if not check.startswith("KSM-"):
            found.setdefault(check, {})[resource] = verdict
    return found


LISTED = {check for checks in NEEDED_BY.values() for check in checks.split()}


def test_the_table_knows_what_the_headers_name() -> None:
    for stream, checks in NEEDED_BY.items():
        headers = {name for name, check in CATALOGUE.checks.items() if f"aws.{stream}" in check.streams}
        assert headers & LISTED == {*checks.split()}, stream


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_only_what_depends_on_it_is_unknown(judged: Judged, row: Row) -> None:
    found, healthy = by_check(judged.verdicts[row.name]), by_check(judged.verdicts[HEALTHY])
    needs = row.checks if row.reason else set()
    assert found.keys() == healthy.keys()
    for check in found:
        if check not in needs:
            if not {f"aws.{stream}" for stream in row.streams} & {*CATALOGUE.checks[check].streams}:
                assert found[check] == healthy[check], check
            continue
        assert "UNKNOWN" not in {status for status, _ in healthy[check].values()}, f"{check} shows nothing"
        struck = {name for name in found[check] if row.alone in name}
        assert struck, check
        assert {found[check][name] for name in struck} == {("UNKNOWN", row.reason)}, check
        for name in found[check].keys() - struck:
            assert found[check][name] == healthy[check][name], check


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_aws_is_asked_as_often_as_is_worth_it(judged: Judged, row: Row) -> None:
    asked = Counter(judged.readings[row.name].asked)
    assert asked[row.call] == row.asked
    if row.whole:
        healthy = Counter(judged.readings[HEALTHY].asked)
        # AWS makes the report once, and has it then.
        other = {row.call, row.follows, "iam:GenerateCredentialReport"}
        assert {call for call in healthy.keys() | asked.keys() if asked[call] != healthy[call]} <= other
