"""Every stream of an account, read over real HTTP from moto."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.collect.aws import listing
from kushim_pipeline.collect.aws.streams import STREAMS
from kushim_pipeline_tests.integration.collect.aws.builder import ALL_BLOCKED, REGIONS, TINY, bucket_policy
from kushim_pipeline_tests.integration.collect.aws.proxy import Proxy, serve
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, Outcome, read

ABSENT = {"absent": True}


@pytest.fixture(scope="module")
def served(account: str) -> Iterator[Proxy]:
    proxy, stop = serve(account)
    yield proxy
    stop()


@pytest.fixture(scope="module")
def whole(served: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One reading of everything."""
    return read(served.url, tmp_path_factory.mktemp("evidence"))


def scopes(stream: str) -> tuple[str, ...]:
    spec = next(spec for spec in STREAMS if spec.name == f"aws.{stream}")
    return ("global",) if spec.scope == "global" else REGIONS


def everywhere(whole: Outcome, stream: str) -> dict[str, object]:
    return {key: body for scope in scopes(stream) for key, body in whole.records(stream, scope).items()}


def test_every_unit_is_complete(whole: Outcome) -> None:
    assert whole.not_complete() == {}
    assert len(whole.receipts) == sum(1 if spec.scope == "global" else len(REGIONS) for spec in STREAMS)


def test_what_the_builder_made_is_all_there(whole: Outcome) -> None:
    counts = {
        "account": 1,
        "region": len(REGIONS),
        "iam_user": TINY.users,
        "iam_group": TINY.groups,
        "iam_role": TINY.roles,
        "iam_policy": TINY.policies,
        "iam_credential_report": TINY.users,
        "iam_password_policy": 1,
        "s3_account_public_access_block": 1,
        "s3_bucket": TINY.buckets + 1,
        "cloudtrail_trail": TINY.trails,
        "cloudtrail_trail_status": TINY.trails,
        "cloudtrail_event_selectors": TINY.trails,
        "s3_bucket_lifecycle": 1,
        "s3_bucket_disposal": 2,
        "ec2_instance": TINY.instances,
        "ec2_volume": TINY.volumes + TINY.instances,
        "ec2_snapshot": TINY.snapshots,
        "ec2_snapshot_permission": TINY.snapshots,
        "ec2_vpc": TINY.vpcs + len(REGIONS),
        "ec2_flow_log": len(REGIONS),
        "ec2_prefix_list": len(REGIONS),
        "ec2_ebs_default_encryption": len(REGIONS),
        "rds_instance": TINY.databases,
        "rds_snapshot_attribute": TINY.database_snapshots,
        "rds_cluster": TINY.clusters,
        "rds_cluster_snapshot_attribute": TINY.clusters,
        "config_recorder": len(REGIONS),
        "config_recorder_status": len(REGIONS),
        "guardduty_detector": len(REGIONS),
        "logs_log_group": TINY.log_groups,
    }
    assert {stream: len(everywhere(whole, stream)) for stream in counts} == counts


@pytest.mark.parametrize(
    ("stream", "pattern"),
    [
        ("account", ACCOUNT),
        ("region", f"{ACCOUNT}/[a-z0-9-]+"),
        ("iam_user", rf"arn:aws:iam::{ACCOUNT}:user/user-\d+"),
        ("iam_credential_report", rf"arn:aws:iam::{ACCOUNT}:user/user-\d+"),
        ("iam_password_policy", ACCOUNT),
        ("s3_bucket", r"arn:aws:s3:::[a-z0-9-]+"),
        ("s3_bucket_acl", r"arn:aws:s3:::[a-z0-9-]+"),
        ("s3_bucket_lifecycle", r"arn:aws:s3:::trail-logs"),
        ("cloudtrail_trail", rf"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/trail-0"),
        ("ec2_security_group", rf"arn:aws:ec2:REGION:{ACCOUNT}:security-group/sg-[0-9a-f]+"),
        ("ec2_network_interface", rf"arn:aws:ec2:REGION:{ACCOUNT}:network-interface/eni-[0-9a-f]+"),
        ("ec2_vpc", rf"arn:aws:ec2:REGION:{ACCOUNT}:vpc/vpc-[0-9a-f]+"),
        ("ec2_flow_log", rf"arn:aws:ec2:REGION:{ACCOUNT}:vpc-flow-log/fl-[0-9a-f]+"),
        ("ec2_instance", rf"arn:aws:ec2:REGION:{ACCOUNT}:instance/i-[0-9a-f]+"),
        ("ec2_volume", rf"arn:aws:ec2:REGION:{ACCOUNT}:volume/vol-[0-9a-f]+"),
        ("ec2_snapshot", rf"arn:aws:ec2:REGION:{ACCOUNT}:snapshot/snap-[0-9a-f]+"),
        ("ec2_snapshot_permission", rf"arn:aws:ec2:REGION:{ACCOUNT}:snapshot/snap-[0-9a-f]+"),
        ("ec2_route_table", rf"arn:aws:ec2:REGION:{ACCOUNT}:route-table/rtb-[0-9a-f]+"),
        ("ec2_prefix_list", rf"arn:aws:ec2:REGION:{ACCOUNT}:prefix-list/pl-[0-9a-f]+"),
        ("ec2_ebs_default_encryption", f"{ACCOUNT}/REGION"),
        ("rds_instance", rf"arn:aws:rds:REGION:{ACCOUNT}:db:db-\d+"),
        ("rds_cluster", rf"arn:aws:rds:REGION:{ACCOUNT}:cluster:cluster-\d+"),
        ("rds_cluster_snapshot_attribute", rf"arn:aws:rds:REGION:{ACCOUNT}:cluster-snapshot:cluster-snap-\d+"),
        ("rds_snapshot_attribute", rf"arn:aws:rds:REGION:{ACCOUNT}:snapshot:snap-\d+"),
        ("kms_key", rf"arn:aws:kms:REGION:{ACCOUNT}:key/[0-9a-f-]+"),
        ("kms_key_rotation", rf"arn:aws:kms:REGION:{ACCOUNT}:key/[0-9a-f-]+"),
        ("config_recorder", f"{ACCOUNT}/REGION/default"),
        ("config_recorder_status", f"{ACCOUNT}/REGION/default"),
        ("guardduty_detector", rf"arn:aws:guardduty:REGION:{ACCOUNT}:detector/[0-9a-f]+"),
        ("logs_log_group", rf"arn:aws:logs:REGION:{ACCOUNT}:log-group:/app/\d+"),
    ],
)
def test_resources_are_named_as_agreed(whole: Outcome, stream: str, pattern: str) -> None:
    for scope in scopes(stream):
        records = whole.records(stream, scope)
        assert records
        for resource in records:
            assert re.fullmatch(pattern.replace("REGION", scope), resource)


def test_iam_is_reconciled_with_the_summary_and_has_documents(whole: Outcome) -> None:
    receipt = whole.receipt("iam_user")
    assert (receipt.declared_total, receipt.declared_by) == (TINY.users, "GetAccountSummary Users")
    user = whole.records("iam_user")[f"arn:aws:iam::{ACCOUNT}:user/user-0"]
    assert user["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "s3:GetObject"
    role = whole.records("iam_role")[f"arn:aws:iam::{ACCOUNT}:role/role-0"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    policy = whole.records("iam_policy")[f"arn:aws:iam::{ACCOUNT}:policy/policy-0"]
    assert policy["PolicyVersionList"][0]["Document"]["Version"] == "2012-10-17"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", user["CreateDate"])


def test_credential_report_rows_are_texts(whole: Outcome) -> None:
    row = whole.records("iam_credential_report")[f"arn:aws:iam::{ACCOUNT}:user/user-0"]
    assert row["password_enabled"] == "true"
    assert row["access_key_1_active"] == "true"
    assert row["user"] == "user-0"


def test_a_bucket_has_all_its_settings(whole: Outcome) -> None:
    first, second = "arn:aws:s3:::bucket-0", "arn:aws:s3:::bucket-1"
    assert whole.records("s3_bucket")[first]["Region"] == "us-east-1"
    assert whole.records("s3_bucket")[second]["Region"] == "eu-west-1"
    policy = whole.records("s3_bucket_policy")
    assert policy[first] == {"Policy": bucket_policy("bucket-0")}
    assert policy[second] == {**ABSENT, "code": "NoSuchBucketPolicy"}
    status = whole.records("s3_bucket_policy_status")
    assert status[first] == {"IsPublic": False}
    assert status[second] == {**ABSENT, "code": "NoSuchBucketPolicy"}
    acl = whole.records("s3_bucket_acl")[first]
    assert acl["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert set(acl) == {"Owner", "Grants"}
    encryption = whole.records("s3_bucket_encryption")
    assert encryption[first]["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}
    block = whole.records("s3_bucket_public_access_block")
    assert block[first] == {**ABSENT, "code": "NoSuchPublicAccessBlockConfiguration"}
    assert block[second] == ALL_BLOCKED
    versioning = whole.records("s3_bucket_versioning")
    assert versioning[first] == {"Status": "Enabled"}
    lock = whole.records("s3_bucket_object_lock")
    assert lock[first] == {**ABSENT, "code": "ObjectLockConfigurationNotFoundError"}
    assert lock[second] == {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    assert lock["arn:aws:s3:::bucket-2"] == {**ABSENT, "code": "VersioningNotEnabled"}
    tags = whole.records("s3_bucket_tagging")
    assert tags[first] == {"Tags": {"env": "prod"}}
    assert tags[second] == {"Tags": {}}
    assert whole.records("s3_bucket_lifecycle")["arn:aws:s3:::trail-logs"]["Rules"][0]["Expiration"] == {"Days": 400}
    assert whole.records("s3_account_public_access_block")[ACCOUNT]["code"] == "NoSuchPublicAccessBlockConfiguration"


def test_calls_that_cannot_answer_are_not_made(served: Proxy, whole: Outcome) -> None:
    buckets = TINY.buckets + 1
    count = served.count()
    with_policy = sum(1 for body in whole.records("s3_bucket_policy").values() if "Policy" in body)
    versioned = sum(1 for body in whole.records("s3_bucket_versioning").values() if body.get("Status") == "Enabled")
    assert 0 < with_policy < buckets
    assert count["GetBucketPolicyStatus"] == with_policy
    assert 0 < versioned < buckets
    assert count["GetObjectLockConfiguration"] == versioned


def test_only_buckets_with_tags_are_asked_what_they_delete(whole: Outcome) -> None:
    tagged = {arn for arn, body in whole.records("s3_bucket_tagging").items() if body["Tags"]}
    assert set(whole.records("s3_bucket_disposal")) == tagged < set(whole.records("s3_bucket"))
    assert set(map(str, whole.records("s3_bucket_disposal").values())) == {
        str({**ABSENT, "code": "NoSuchLifecycleConfiguration"})
    }


def test_a_multi_region_trail_is_recorded_once(whole: Outcome) -> None:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/trail-0"
    pages = [page.parameters["region"] for page in whole.receipt("cloudtrail_trail").pages]
    assert pages == list(REGIONS), "every region was asked, and both showed the trail"
    assert list(whole.records("cloudtrail_trail")) == [arn]
    assert whole.records("cloudtrail_trail_status")[arn]["IsLogging"] is True
    assert "EventSelectors" in whole.records("cloudtrail_event_selectors")[arn]


def test_networks_and_disks(whole: Outcome) -> None:
    lists = whole.records("ec2_prefix_list", "us-east-1").values()
    assert [item["Entries"] for item in lists] == [[{"Cidr": "198.51.100.0/24", "Description": "office"}]]
    public = [{"Group": "all"}]
    shared = [body["CreateVolumePermissions"] for body in everywhere(whole, "ec2_snapshot_permission").values()]
    assert sorted(shared, key=len) == [[], public]
    assert whole.records("ec2_ebs_default_encryption", "us-east-1") == {
        f"{ACCOUNT}/us-east-1": {"EbsEncryptionByDefault": False}
    }


def test_log_groups_have_their_tags_in_one_listing(served: Proxy, whole: Outcome) -> None:
    tagged = whole.records("resource_tag", "us-east-1")
    assert tagged == {arn: {"Tags": {"env": "prod"}} for arn in whole.records("logs_log_group", "us-east-1")}
    assert tagged
    assert whole.records("resource_tag", "eu-west-1") == {}, "the builder tags even groups, and those lie elsewhere"


def test_only_manual_database_snapshots_have_attributes(whole: Outcome) -> None:
    snapshots = everywhere(whole, "rds_snapshot")
    manual = {arn for arn, body in snapshots.items() if body["SnapshotType"] == "manual"}
    assert set(everywhere(whole, "rds_snapshot_attribute")) == manual < set(snapshots)
    for body in everywhere(whole, "rds_snapshot_attribute").values():
        assert body == {"Attributes": [{"AttributeName": "restore", "AttributeValues": []}]}


def test_rotation_is_read_where_it_can_be_switched_on(whole: Outcome) -> None:
    keys = everywhere(whole, "kms_key")
    customers = {arn for arn, key in keys.items() if key["KeyManager"] == "CUSTOMER"}
    rotation = everywhere(whole, "kms_key_rotation")
    assert {body["KeyRotationEnabled"] for body in rotation.values()} == {True, False}
    assert set(rotation) <= customers
    assert set(everywhere(whole, "kms_key_policy")) == customers
    for body in everywhere(whole, "kms_key_policy").values():
        assert body["Policy"]["Statement"]


def test_an_empty_list_says_why_it_is_believed(whole: Outcome) -> None:
    receipt = whole.receipt("ec2_image", "eu-west-1")
    assert (receipt.records, receipt.outcome.value) == (0, "complete")
    assert receipt.empty_proven_by == "DescribeImages in eu-west-1 answered an empty list without a next page"


def test_an_unchanged_account_gives_the_same_records(served: Proxy, whole: Outcome, tmp_path: Path) -> None:
    assert read(served.url, tmp_path).hashes() == whole.hashes()


def test_small_pages_give_the_same_records(
    served: Proxy, whole: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"DescribeLogGroups": 1, "ListKeys": 1, "DescribeInstances": 5, "DescribeDBInstances": 20}
    monkeypatch.setattr(listing, "PAGE_SIZES", {**listing.PAGE_SIZES, **small})
    streams = ["logs_log_group", "kms_key", "ec2_instance", "rds_instance"]
    again = read(served.url, tmp_path, streams)
    assert again.not_complete() == {}
    for stream in streams:
        for region in REGIONS:
            assert again.records(stream, region) == whole.records(stream, region)
    groups, first = (outcome.receipt("logs_log_group", "us-east-1") for outcome in (again, whole))
    assert len(groups.pages) == groups.records > len(first.pages)
    assert [page.parameters.get("nextToken") is None for page in groups.pages] == [True, False]


def test_nothing_is_called_that_the_policy_file_does_not_allow(served: Proxy, whole: Outcome) -> None:
    assert whole.receipts
    assert served.actions() <= {action for spec in STREAMS for action in spec.permissions}


def test_only_what_is_asked_for_is_called(account: str, tmp_path: Path) -> None:
    proxy, stop = serve(account)
    try:
        outcome = read(proxy.url, tmp_path, ["s3_bucket_tagging"])
    finally:
        stop()
    assert outcome.outcome("s3_bucket_tagging") == "complete"
    assert set(proxy.count()) == {"GetCallerIdentity", "DescribeRegions", "ListBuckets", "GetBucketTagging"}
