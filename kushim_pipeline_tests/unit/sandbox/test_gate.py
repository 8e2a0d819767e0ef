"""The gate in front of moto: which call a request is, AWS's own error bodies, who may act where."""

import base64
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

from kushim_pipeline.sandbox.answers import Fault, after
from kushim_pipeline.sandbox.estate import AccessKey, Account, Region, Root, User
from kushim_pipeline.sandbox.gate import Door, Gate, Rules
from kushim_pipeline.sandbox.gate_calls import Call, Reply, denied, identify
from kushim_pipeline.sandbox.manifest import AwsPlace

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ACCOUNT = Account(
    account_id="123456789012",
    root=Root(mfa=True, access_keys=1),
    users={"bill": User(password=True, password_used=60, keys=(AccessKey(age=400, used=None),)), "ci": User()},
    regions={"us-east-1": Region()},
)
_CALLS = {
    ("iam", "get_account_summary"): ({}, "iam:GetAccountSummary"),
    ("sts", "assume_role"): ({"RoleArn": ACCOUNT.role_arn, "RoleSessionName": "kushim"}, "sts:AssumeRole"),
    ("ec2", "describe_snapshot_attribute"): (
        {"SnapshotId": "snap-1", "Attribute": "createVolumePermission"},
        "ec2:DescribeSnapshotAttribute",
    ),
    ("rds", "describe_db_instances"): ({}, "rds:DescribeDBInstances"),
    ("kms", "get_key_rotation_status"): ({"KeyId": "abc"}, "kms:GetKeyRotationStatus"),
    ("config", "describe_configuration_recorders"): ({}, "config:DescribeConfigurationRecorders"),
    ("cloudtrail", "get_trail_status"): ({"Name": "t"}, "cloudtrail:GetTrailStatus"),
    ("logs", "describe_log_groups"): ({}, "logs:DescribeLogGroups"),
    ("guardduty", "list_detectors"): ({}, "guardduty:ListDetectors"),
    ("guardduty", "get_detector"): ({"DetectorId": "d"}, "guardduty:GetDetector"),
    ("s3", "list_buckets"): ({}, "s3:ListBuckets"),
    ("s3", "get_bucket_policy"): ({"Bucket": "b"}, "s3:GetBucketPolicy"),
    ("s3", "get_bucket_policy_status"): ({"Bucket": "b"}, "s3:GetBucketPolicyStatus"),
    ("s3", "get_object_lock_configuration"): ({"Bucket": "b"}, "s3:GetObjectLockConfiguration"),
    ("resourcegroupstaggingapi", "get_resources"): ({}, "tagging:GetResources"),
}


class _Sent(Exception):
    """Carries a request out of boto3 before it is sent."""

    def __init__(self, request: AWSRequest) -> None:
        self.request = request


@pytest.mark.parametrize(("service", "method"), _CALLS)
def test_a_request_of_boto3_is_told_by_its_call(service: str, method: str) -> None:
    parameters, name = _CALLS[service, method]
    request = _request(service, method, parameters)
    url = request.url.partition("://")[2]
    headers = {name: _text(value) for name, value in request.headers.items()}
    call = identify(request.method, url[url.index("/") :], headers, _text(request.body or b"").encode())
    assert (call.name, call.region, call.key) == (name, "eu-west-1", "AKIAEXAMPLE")
    assert all(str(value).partition(":")[0] in call.text for value in parameters.values())


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "status"),
    [
        ("iam", "get_account_password_policy", {}, "AccessDenied", 403),
        ("ec2", "describe_security_groups", {}, "UnauthorizedOperation", 403),
        ("s3", "get_bucket_policy", {"Bucket": "b"}, "AccessDenied", 403),
        ("rds", "describe_db_instances", {}, "AccessDenied", 403),
        ("kms", "get_key_rotation_status", {"KeyId": "abc"}, "AccessDeniedException", 400),
        ("cloudtrail", "get_trail_status", {"Name": "t"}, "AccessDeniedException", 400),
        ("guardduty", "list_detectors", {}, "AccessDeniedException", 403),
    ],
)
def test_boto3_reads_a_refusal_as_it_reads_aws(
    service: str, method: str, parameters: dict[str, str], code: str, status: int
) -> None:
    gate = _denying_gate()
    try:
        client = _client(gate.url, service, "ASIASESSION")
        with pytest.raises(ClientError) as raised:
            getattr(client, method)(**parameters)
    finally:
        gate.stop()
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert "is not authorized to perform" in raised.value.response["Error"]["Message"]


def test_keys_that_nobody_gave_out_are_refused_and_a_tenants_own_open_no_other_door() -> None:
    rules = Rules(keys={"AKIATENANT": "initech"}, doors={ACCOUNT.account_id: Door("northwind", ACCOUNT, "kushim-n")})
    gate = Gate("http://127.0.0.1:9", rules)
    try:
        for key, call, parameters, code in (
            ("AKIANOBODY", "get_caller_identity", {}, "InvalidClientTokenId"),
            ("AKIATENANT", "get_caller_identity", {}, "AccessDenied"),
            ("AKIANOBODY", "assume_role", _ROLE, "InvalidClientTokenId"),
            ("AKIATENANT", "assume_role", _ROLE, "AccessDenied"),
        ):
            with pytest.raises(ClientError) as raised:
                getattr(_client(gate.url, "sts", key), call)(**parameters)
            assert raised.value.response["Error"]["Code"] == code
    finally:
        gate.stop()


def test_the_credential_report_is_as_old_as_the_manifest_says() -> None:
    columns = ["user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed",
               "password_next_rotation", "mfa_active", "access_key_1_active", "access_key_1_last_rotated",
               "access_key_1_last_used_date", "access_key_2_active", "access_key_2_last_rotated",
               "access_key_2_last_used_date", "cert_1_active", "cert_2_active"]  # fmt: skip
    content = ",".join(columns) + "\n" + "".join(f"{name},arn:{name}," + "x," * 13 + "x\n" for name in ("bill", "ci"))
    answer = b"<Content>%s</Content><GeneratedTime>2015-02-02T20:02:02Z</GeneratedTime>" % base64.b64encode(
        content.encode()
    )
    call = Call("k", "iam", "us-east-1", "GetCredentialReport", "")
    stale = Fault(ACCOUNT.account_id, AwsPlace(account="x", call=call.name, way="report_of_yesterday"))

    fresh = after(call, ACCOUNT, Reply(200, answer, {}), [], NOW).body.decode()
    old = after(call, ACCOUNT, Reply(200, answer, {}), [stale], NOW).body.decode()

    text = base64.b64decode(fresh.partition("<Content>")[2].partition("</Content>")[0]).decode()
    root, bill, ci = csv.DictReader(io.StringIO(text))
    assert root["arn"] == "arn:aws:iam::123456789012:root"
    assert (root["mfa_active"], root["access_key_1_active"], root["access_key_2_active"]) == ("true", "true", "false")
    assert _days(bill["password_last_used"]) == 60
    assert _days(bill["access_key_1_last_rotated"]) == 400
    assert bill["access_key_1_last_used_date"] == "N/A"
    assert ci["password_last_changed"] == "N/A"
    assert datetime.fromisoformat(_generated(fresh)) > NOW - timedelta(hours=1)
    assert datetime.fromisoformat(_generated(old)) < NOW - timedelta(hours=24)


def test_an_error_of_moto_stays_what_it_is() -> None:
    call = Call("k", "iam", "us-east-1", "GetCredentialReport", "")
    reply = Reply(404, b"<Content>!</Content>", {})
    assert after(call, ACCOUNT, reply, [], NOW) == reply


def test_json_services_say_their_code_in_the_body() -> None:
    reply = denied(Call("k", "kms", "us-east-1", "ListKeys", ""), "123456789012")
    assert json.loads(reply.body)["__type"] == "AccessDeniedException"


_ROLE = {"RoleArn": ACCOUNT.role_arn, "RoleSessionName": "kushim"}


def _client(url: str, service: str, key: str = "AKIAEXAMPLE") -> Any:
    return boto3.client(
        service,
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def _request(service: str, method: str, parameters: dict[str, str]) -> AWSRequest:
    client = _client("http://127.0.0.1:9", service)

    def carry_out(request: AWSRequest, **_: object) -> None:
        raise _Sent(request)

    client.meta.events.register("before-send", carry_out)
    with pytest.raises(_Sent) as raised:
        getattr(client, method)(**parameters)
    return raised.value.request


def _denying_gate() -> Gate:
    """A gate that knows one session, and denies its calls."""
    calls = (
        "iam:GetAccountPasswordPolicy",
        "ec2:DescribeSecurityGroups",
        "s3:GetBucketPolicy",
        "rds:DescribeDBInstances",
        "kms:GetKeyRotationStatus",
        "cloudtrail:GetTrailStatus",
        "guardduty:ListDetectors",
    )
    faults = [Fault(ACCOUNT.account_id, AwsPlace(account="x", call=call, way="denied")) for call in calls]
    doors = {ACCOUNT.account_id: Door("northwind", ACCOUNT, "kushim-n")}
    return Gate("http://127.0.0.1:9", Rules({}, doors, faults, sessions={"ASIASESSION": ACCOUNT.account_id}))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _days(text: str) -> int:
    return (NOW.date() - datetime.fromisoformat(text).date()).days


def _generated(answer: str) -> str:
    return answer.partition("<GeneratedTime>")[2].partition("</GeneratedTime>")[0]
