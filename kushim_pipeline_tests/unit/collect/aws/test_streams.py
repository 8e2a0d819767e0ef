"""What is expected of an account, and what it takes to read it."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.aws import listing
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.iam import with_documents
from kushim_pipeline.collect.aws.kms import rotates
from kushim_pipeline.collect.aws.permissions import permission
from kushim_pipeline.collect.aws.session import home_region, partition_of
from kushim_pipeline.collect.aws.streams import STREAMS, units
from kushim_pipeline.collect.aws.times import rfc3339
from kushim_pipeline.evidence.json_door import BadJson
from kushim_pipeline.tenants.connection import AwsConnection

ROOT = Path(__file__).resolve().parents[4]
CONNECTION = AwsConnection.model_validate(
    {"source": "aws", "account_id": "123456789012", "regions": ["eu-west-1", "us-east-1"]}
)
CUSTOMER = {"KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "KeyState": "Enabled"}


def test_streams_have_names_of_their_own_and_say_what_they_are() -> None:
    names = [spec.name for spec in STREAMS]
    assert len(set(names)) == len(names)
    for spec in STREAMS:
        assert spec.name.startswith("aws.")
        assert spec.doc
        assert spec.permissions


def test_every_stream_is_expected_once_in_every_scope() -> None:
    expected = units("acme", CONNECTION)
    assert len(set(expected)) == len(expected)
    assert {(unit.tenant_id, unit.connection_id, unit.source, unit.account_id) for unit in expected} == {
        ("acme", "aws:123456789012", "aws", "123456789012")
    }
    for spec in STREAMS:
        scopes = {unit.scope for unit in expected if unit.stream == spec.name}
        assert scopes == ({"global"} if spec.scope == "global" else {"eu-west-1", "us-east-1"})


def test_the_policy_file_allows_exactly_what_is_called() -> None:
    policy = json.loads((ROOT / "docs" / "aws-policy.json").read_text(encoding="utf-8"))
    (statement,) = policy["Statement"]
    assert statement["Action"] == sorted({action for spec in STREAMS for action in spec.permissions})
    assert not [action for action in statement["Action"] if "*" in action]


def test_listing_streams_costs_no_vendor_client() -> None:
    code = "import sys; import kushim_pipeline.collect.aws.streams; print({'boto3', 'botocore'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("ec2", "DescribeVpcs", "ec2:DescribeVpcs"),
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
        ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
    ],
)
def test_the_action_that_a_call_needs(service: str, operation: str, action: str) -> None:
    assert permission(service, operation) == action
    assert action in {allowed for spec in STREAMS for allowed in spec.permissions}


def test_page_sizes_are_given_for_calls_with_pages() -> None:
    assert all(size > 0 for size in listing.PAGE_SIZES.values())


@pytest.mark.parametrize(
    ("regions", "home"),
    [
        (("eu-west-1", "us-east-1"), "eu-west-1"),
        (("me-south-1", "eu-central-1"), "eu-central-1"),
        (("me-south-1",), "us-east-1"),
        (("us-gov-west-1",), "us-gov-west-1"),
        (("cn-north-1",), "cn-north-1"),
    ],
)
def test_global_calls_go_to_a_region_that_every_account_has(regions: tuple[str, ...], home: str) -> None:
    assert home_region(regions) == home


def test_partitions() -> None:
    assert [partition_of(region) for region in ("eu-west-1", "us-gov-east-1", "cn-north-1")] == [
        "aws",
        "aws-us-gov",
        "aws-cn",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"KeyState": "Disabled"}, True),
        ({"KeySpec": None, "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}, False),
        ({"KeyManager": "AWS"}, False),
        ({"KeySpec": "RSA_2048"}, False),
        ({"KeySpec": "HMAC_256"}, False),
        ({"Origin": "EXTERNAL"}, False),
        ({"KeyState": "PendingDeletion"}, False),
        ({"KeyState": None}, False),
    ],
)
def test_which_keys_can_rotate(change: dict[str, object], expected: bool) -> None:
    assert rotates({**CUSTOMER, **change}) is expected


def test_old_answers_name_the_key_spec_otherwise() -> None:
    old = {**CUSTOMER, "CustomerMasterKeySpec": CUSTOMER["KeySpec"]}
    del old["KeySpec"]
    assert rotates(old)


def test_policy_documents_become_json_wherever_they_stand() -> None:
    document = "%7B%22Version%22%3A%20%222012-10-17%22%7D"
    user = {"Name": "%7B%7D", "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}
    assert with_documents(user) == {
        "Name": "%7B%7D",
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17"}}],
    }


@pytest.mark.parametrize("document", ["", "nothing", "%7B%22a%22%3A1%2C%22a%22%3A2%7D", "NaN"])
def test_a_document_that_engines_read_differently_is_refused(document: str) -> None:
    with pytest.raises(BadJson):
        with_documents({"AssumeRolePolicyDocument": document})


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_time_that_beats_is_left_out_and_one_that_stopped_stays() -> None:
    trail = {"IsLogging": True, "LatestDeliveryError": "", "LatestDeliveryTime": "2026-11-23T03:02:04Z"}
    assert steady("aws.cloudtrail_trail_status", trail, NOW) == {"IsLogging": True, "LatestDeliveryError": ""}
    assert steady("aws.cloudtrail_trail_status", trail, NOW + timedelta(days=1)) == trail
    database = {"DBInstanceIdentifier": "db", "LatestRestorableTime": "2026-11-23T11:55:00Z"}
    assert steady("aws.rds_instance", database, NOW) == {"DBInstanceIdentifier": "db"}
    assert steady("aws.rds_instance", database, NOW + timedelta(hours=1)) == database


@given(st.timedeltas(timedelta(0), timedelta(minutes=59)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_readings_of_a_healthy_database_are_the_same(lag: timedelta, later: timedelta) -> None:
    def body(now: datetime) -> dict[str, str]:
        return {"DBInstanceIdentifier": "db", "LatestRestorableTime": rfc3339((now - lag).isoformat())}

    after = NOW + later
    assert steady("aws.rds_instance", body(NOW), NOW) == steady("aws.rds_instance", body(after), after)


@pytest.mark.parametrize("value", ["", "no time", None, 7])
def test_what_is_no_time_stays(value: object) -> None:
    assert steady("aws.cloudtrail_trail_status", {"LatestDeliveryTime": value}, NOW) == {"LatestDeliveryTime": value}


def test_a_stream_without_such_values_is_left_alone() -> None:
    assert steady("aws.ec2_vpc", {"LatestDeliveryTime": "2026-11-23T11:59:59Z"}, NOW)
