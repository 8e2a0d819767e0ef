"""What goes wrong at AWS ends where it happened: the right outcome there, and everything else as before."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from kushim_pipeline.collect.aws import detection
from kushim_pipeline_tests.integration.collect.aws.builder import REGIONS, TINY
from kushim_pipeline_tests.integration.collect.aws.proxy import (
    Fault,
    Proxy,
    Request,
    Response,
    answered,
    changed,
    error,
)
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, Outcome, read

HTML = "<html><head><title>Sign in</title></head><body>Welcome</body></html>"
HERE, THERE = REGIONS


def reasons(outcome: Outcome, stream: str, scope: str = "global") -> set[tuple[str | None, str]]:
    return {(error.resource_id, error.reason.value) for error in outcome.errors(stream, scope)}


def for_bucket(name: str, fault: Fault) -> Fault:
    """The fault, for one bucket only."""

    def chosen(request: Request, upstream: Callable[[], Response]) -> Response:
        return fault(request, upstream) if request.path.startswith(f"/{name}?") else upstream()

    return chosen


def with_token(body: bytes, token: str) -> bytes:
    """A JSON page that names a next page."""
    return orjson.dumps({**orjson.loads(body), "nextToken": token})


def closing(request: Request, upstream: Callable[[], Response]) -> Response:
    raise ConnectionAbortedError("the proxy closes the connection")


def test_a_denied_listing_is_denied_and_nothing_else_is(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeVolumes", error(403, "UnauthorizedOperation", "You are not authorized."), region=HERE)
    outcome = read(proxy.url, tmp_path)
    assert outcome.not_complete() == {("aws.ec2_volume", HERE): "denied"}
    (problem,) = outcome.errors("ec2_volume", HERE)
    assert (problem.resource_id, problem.reason.value, problem.operation) == (None, "denied", "DescribeVolumes")
    assert "ec2:DescribeVolumes" in problem.message
    assert "docs/aws-policy.json" in problem.message


def test_a_server_error_is_retried_and_then_fails_its_unit_alone(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeInstances", answered(500, "oops"), region=HERE)
    outcome = read(proxy.url, tmp_path)
    assert outcome.not_complete() == {("aws.ec2_instance", HERE): "failed"}
    assert proxy.calls.count(("DescribeInstances", HERE)) == 3
    receipt = outcome.receipt("ec2_instance", HERE)
    assert [page.status for page in receipt.pages] == [500, 500, 500], "every attempt's body is evidence"
    assert reasons(outcome, "ec2_instance", HERE) == {(None, "not_collected")}


def test_an_error_that_s3_hides_behind_a_good_status_is_retried(proxy: Proxy, tmp_path: Path) -> None:
    hidden = "<Error><Code>InternalError</Code><Message>try again</Message></Error>"
    proxy.fail("GetBucketEncryption", for_bucket("bucket-0", answered(200, hidden)))
    outcome = read(proxy.url, tmp_path, ["s3_bucket_encryption"])
    assert reasons(outcome, "s3_bucket_encryption") == {("arn:aws:s3:::bucket-0", "not_collected")}
    assert proxy.count()["GetBucketEncryption"] == TINY.buckets + 3
    assert {page.status for page in outcome.receipt("s3_bucket_encryption").pages} == {200, 404}


def test_a_refusal_by_something_before_aws_is_a_refusal(proxy: Proxy, tmp_path: Path) -> None:
    for operation in ("DescribeVolumes", "ListKeys"):
        proxy.fail(operation, answered(403, HTML), region=HERE)
    proxy.fail("GetBucketAcl", answered(403, "Forbidden"))
    outcome = read(proxy.url, tmp_path, ["ec2_volume", "kms_key", "s3_bucket_acl"])
    assert reasons(outcome, "ec2_volume", HERE) == {(None, "denied")}
    assert reasons(outcome, "kms_key", HERE) == {(None, "denied")}
    assert {reason for _, reason in reasons(outcome, "s3_bucket_acl")} == {"denied"}


def test_a_server_error_that_passes_is_no_error(proxy: Proxy, tmp_path: Path) -> None:
    attempts = itertools.count()

    def first_time(request: Request, upstream: Callable[[], Response]) -> Response:
        return Response(503, b"busy") if next(attempts) == 0 else upstream()

    proxy.fail("ListKeys", first_time, region=HERE)
    assert read(proxy.url, tmp_path, ["kms_key"]).not_complete() == {}


OTHERS = {
    "DescribeVolumes": "ec2_volume",
    "DescribeDBInstances": "rds_instance",
    "ListKeys": "kms_key",
    "ListDetectors": "guardduty_detector",
    "DescribeLogGroups": "logs_log_group",
    "GetEbsEncryptionByDefault": "ec2_ebs_default_encryption",
    "DescribeConfigurationRecorders": "config_recorder",
    "GetResources": "resource_tag",
}
GLOBAL_OTHERS = {
    "ListBuckets": "s3_bucket",
    "GetAccountAuthorizationDetails": "iam_role",
    "GetAccountPasswordPolicy": "iam_password_policy",
    "GetAccountPublicAccessBlock": "s3_account_public_access_block",
    "GetCredentialReport": "iam_credential_report",
    "DescribeTrails": "cloudtrail_trail",
}


@pytest.mark.parametrize("body", [HTML, "", "{}", "<x/>", "null", '{"Keys": [], "Keys": []}'])
def test_a_good_status_with_another_body_is_never_an_empty_list(proxy: Proxy, tmp_path: Path, body: str) -> None:
    for operation in OTHERS:
        proxy.fail(operation, answered(200, body), region=HERE)
    for operation in GLOBAL_OTHERS:
        proxy.fail(operation, answered(200, body))
    outcome = read(proxy.url, tmp_path, [*OTHERS.values(), *GLOBAL_OTHERS.values()])
    broken = {(f"aws.{s}", HERE) for s in OTHERS.values()} | {(f"aws.{s}", "global") for s in GLOBAL_OTHERS.values()}
    assert set(outcome.not_complete()) == broken
    for stream, scope in broken:
        name = stream.removeprefix("aws.")
        assert {reason for _, reason in reasons(outcome, name, scope)} == {"incomplete"}
        assert outcome.receipt(name, scope).records == 0


def test_a_body_that_is_cut_off_is_never_whole(proxy: Proxy, tmp_path: Path) -> None:
    def half(request: Request, upstream: Callable[[], Response]) -> Response:
        answer = upstream()
        return Response(200, answer.body, answer.headers, cut_at=len(answer.body) // 2)

    proxy.fail("DescribeSecurityGroups", half, region=HERE)
    proxy.fail("DescribeVpcs", changed(lambda body: body[: len(body) // 2]), region=HERE)
    proxy.fail("DescribeLogGroups", changed(lambda body: body[: len(body) // 2]), region=HERE)
    streams = ["ec2_security_group", "ec2_vpc", "logs_log_group"]
    outcome = read(proxy.url, tmp_path, streams)
    assert set(outcome.not_complete()) == {(f"aws.{stream}", HERE) for stream in streams}
    assert all(outcome.receipt(stream, HERE).records == 0 for stream in streams)


def test_a_list_that_is_missing_from_its_answer_is_not_empty(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeVolumes", changed(lambda body: re.sub(rb"<volumeSet>.*</volumeSet>", b"", body)), region=HERE)
    outcome = read(proxy.url, tmp_path, ["ec2_volume"])
    assert reasons(outcome, "ec2_volume", HERE) == {(None, "incomplete")}
    assert "Volumes" in outcome.errors("ec2_volume", HERE)[0].message


def test_pages_that_go_round_in_a_loop_end(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeLogGroups", changed(lambda body: with_token(body, "again")), region=HERE)
    token = b"<nextToken>again</nextToken></DescribeVolumesResponse>"
    proxy.fail("DescribeVolumes", changed(lambda body: body.replace(b"</DescribeVolumesResponse>", token)), region=HERE)
    outcome = read(proxy.url, tmp_path, ["logs_log_group", "ec2_volume"])
    for stream, operation in (("logs_log_group", "DescribeLogGroups"), ("ec2_volume", "DescribeVolumes")):
        assert outcome.outcome(stream, HERE) == "partial"
        assert {reason for _, reason in reasons(outcome, stream, HERE)} == {"incomplete"}
        assert any("loop" in problem.message for problem in outcome.errors(stream, HERE))
        assert proxy.calls.count((operation, HERE)) == 2


def test_a_loop_through_two_pages_ends_too(proxy: Proxy, tmp_path: Path) -> None:
    turn = itertools.cycle(["a", "b"])
    proxy.fail("DescribeLogGroups", changed(lambda body: with_token(body, next(turn))), region=HERE)
    outcome = read(proxy.url, tmp_path, ["logs_log_group"])
    assert outcome.outcome("logs_log_group", HERE) == "partial"
    assert proxy.calls.count(("DescribeLogGroups", HERE)) == 3


def test_a_page_that_comes_again_is_not_a_second_page(proxy: Proxy, tmp_path: Path) -> None:
    first: list[bytes] = []

    def twice(body: bytes) -> bytes:
        first.append(body)
        return with_token(body, "second") if len(first) == 1 else first[0]

    proxy.fail("DescribeLogGroups", changed(twice), region=HERE)
    outcome = read(proxy.url, tmp_path, ["logs_log_group"])
    assert outcome.outcome("logs_log_group", HERE) == "partial"
    assert any("listed twice" in problem.message for problem in outcome.errors("logs_log_group", HERE))


def test_more_pages_without_a_way_to_them_are_missing_pages(proxy: Proxy, tmp_path: Path) -> None:
    more = b"<IsTruncated>true</IsTruncated>"
    proxy.fail(
        "GetAccountAuthorizationDetails",
        changed(lambda body: re.sub(rb"<IsTruncated>false</IsTruncated>", more, body)),
    )
    outcome = read(proxy.url, tmp_path, ["iam_role"])
    assert outcome.outcome("iam_role") == "partial"
    assert outcome.receipt("iam_role").records == TINY.roles
    assert reasons(outcome, "iam_role") == {(None, "incomplete")}


def test_a_later_page_that_fails_keeps_the_earlier_ones(proxy: Proxy, tmp_path: Path) -> None:
    def second_fails(request: Request, upstream: Callable[[], Response]) -> Response:
        if b"nextToken" in request.body:
            return Response(500, b"")
        answer = upstream()
        return Response(200, with_token(answer.body, "two"), answer.headers)

    proxy.fail("DescribeLogGroups", second_fails, region=HERE)
    outcome = read(proxy.url, tmp_path, ["logs_log_group"])
    receipt = outcome.receipt("logs_log_group", HERE)
    assert (receipt.outcome.value, receipt.records) == ("partial", 2)
    assert reasons(outcome, "logs_log_group", HERE) == {(None, "incomplete")}


def test_fewer_users_than_aws_counts_is_incomplete(proxy: Proxy, tmp_path: Path) -> None:
    more = f"<value>{TINY.users + 1}</value>".encode()
    counted = rb"(<key>Users</key>\s*)<value>\d+</value>"
    proxy.fail("GetAccountSummary", changed(lambda body: re.sub(counted, rb"\1" + more, body)))
    outcome = read(proxy.url, tmp_path, ["iam_user", "iam_role"])
    assert reasons(outcome, "iam_user") == {(None, "incomplete")}
    assert outcome.outcome("iam_role") == "complete"


def test_a_denied_summary_costs_the_count_not_the_users(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetAccountSummary", error(403, "AccessDenied"))
    outcome = read(proxy.url, tmp_path, ["account", "iam_user"])
    assert (outcome.outcome("account"), outcome.outcome("iam_user")) == ("denied", "complete")
    assert outcome.receipt("iam_user").declared_total is None


@pytest.mark.parametrize(
    ("operation", "streams"),
    [
        ("GetBucketPolicy", ("s3_bucket_policy", "s3_bucket_policy_status")),
        ("GetBucketPolicyStatus", ("s3_bucket_policy_status",)),
        ("GetBucketAcl", ("s3_bucket_acl",)),
        ("GetBucketEncryption", ("s3_bucket_encryption",)),
        ("GetPublicAccessBlock", ("s3_bucket_public_access_block",)),
        ("GetBucketTagging", ("s3_bucket_tagging",)),
        ("GetBucketVersioning", ("s3_bucket_versioning", "s3_bucket_object_lock")),
        ("GetObjectLockConfiguration", ("s3_bucket_object_lock",)),
    ],
)
def test_one_setting_of_one_bucket_denied(
    proxy: Proxy, tmp_path: Path, operation: str, streams: tuple[str, ...]
) -> None:
    proxy.fail(operation, for_bucket("bucket-0", error(403, "AccessDenied", "Access Denied")))
    bucket = "arn:aws:s3:::bucket-0"
    parts = [
        "s3_bucket",
        "s3_bucket_policy",
        "s3_bucket_policy_status",
        "s3_bucket_acl",
        "s3_bucket_encryption",
        "s3_bucket_public_access_block",
        "s3_bucket_versioning",
        "s3_bucket_object_lock",
        "s3_bucket_tagging",
    ]
    outcome = read(proxy.url, tmp_path, parts)
    assert outcome.not_complete() == {(f"aws.{stream}", "global"): "partial" for stream in streams}
    for stream in parts:
        assert (bucket in outcome.records(stream)) == (stream not in streams)
        assert len(outcome.records(stream)) == TINY.buckets + (stream not in streams)
    for stream in streams:
        assert reasons(outcome, stream) == {(bucket, "denied")}, "a refusal is never an absence"


@pytest.mark.parametrize(
    ("operation", "stream", "code", "reason"),
    [
        ("GetBucketEncryption", "s3_bucket_encryption", "NoSuchBucket", "incomplete"),
        ("GetBucketEncryption", "s3_bucket_encryption", "NoSuchBucketPolicy", "not_collected"),
        ("GetBucketTagging", "s3_bucket_tagging", "NoSuchBucketPolicy", "not_collected"),
        ("GetBucketPolicy", "s3_bucket_policy", "NoSuchTagSet", "not_collected"),
        ("GetBucketAcl", "s3_bucket_acl", "NoSuchEntity", "not_collected"),
        ("GetBucketVersioning", "s3_bucket_versioning", "404", "not_collected"),
    ],
)
def test_only_the_documented_code_proves_an_absence(
    proxy: Proxy, tmp_path: Path, operation: str, stream: str, code: str, reason: str
) -> None:
    proxy.fail(operation, for_bucket("bucket-0", error(404, code)))
    outcome = read(proxy.url, tmp_path, [stream])
    assert reasons(outcome, stream) == {("arn:aws:s3:::bucket-0", reason)}
    assert "arn:aws:s3:::bucket-0" not in outcome.records(stream)


def test_a_404_page_is_not_an_absence(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetAccountPublicAccessBlock", answered(404, HTML))
    proxy.fail("GetAccountPasswordPolicy", answered(404, HTML))
    outcome = read(proxy.url, tmp_path, ["s3_account_public_access_block", "iam_password_policy"])
    assert outcome.outcome("s3_account_public_access_block") == "failed"
    assert outcome.outcome("iam_password_policy") == "failed"


def test_no_password_policy_is_proven_by_its_code(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetAccountPasswordPolicy", error(404, "NoSuchEntity"))
    outcome = read(proxy.url, tmp_path, ["iam_password_policy"])
    assert outcome.records("iam_password_policy") == {ACCOUNT: {"absent": True, "code": "NoSuchEntity"}}
    assert outcome.outcome("iam_password_policy") == "complete"


def test_a_snapshot_that_vanished_costs_only_itself(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeSnapshotAttribute", error(400, "InvalidSnapshot.NotFound"), region=HERE)
    outcome = read(proxy.url, tmp_path, ["ec2_snapshot", "ec2_snapshot_permission"])
    assert outcome.not_complete() == {("aws.ec2_snapshot_permission", HERE): "partial"}
    (gone,) = outcome.records("ec2_snapshot", HERE)
    assert reasons(outcome, "ec2_snapshot_permission", HERE) == {(gone, "incomplete")}


def test_a_denied_key_is_unreadable_in_all_that_hangs_on_it(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeKey", error(400, "AccessDeniedException"), region=HERE)
    streams = ["kms_key", "kms_key_rotation", "kms_key_policy"]
    outcome = read(proxy.url, tmp_path, streams)
    assert set(outcome.not_complete()) == {(f"aws.{stream}", HERE) for stream in streams}
    for stream in streams:
        assert {reason for _, reason in reasons(outcome, stream, HERE)} == {"denied"}
        assert None not in {resource for resource, _ in reasons(outcome, stream, HERE)}


def test_a_denied_trail_status_leaves_the_trail(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetTrailStatus", error(400, "AccessDeniedException"))
    outcome = read(proxy.url, tmp_path, ["cloudtrail_trail", "cloudtrail_trail_status", "cloudtrail_event_selectors"])
    assert outcome.not_complete() == {("aws.cloudtrail_trail_status", "global"): "partial"}


def test_trails_of_a_region_that_fails_may_be_missing(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeTrails", error(400, "AccessDeniedException"), region=THERE)
    streams = ["cloudtrail_trail", "cloudtrail_trail_status", "s3_bucket_lifecycle"]
    outcome = read(proxy.url, tmp_path, streams)
    for stream in streams:
        assert outcome.outcome(stream) == "partial"
        assert (None, "denied") in reasons(outcome, stream)
        assert THERE in outcome.errors(stream)[0].message


def test_throttling_for_ever_is_not_collected_and_bounded(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetBucketAcl", error(503, "SlowDown"))
    outcome = read(proxy.url, tmp_path, ["s3_bucket_acl", "s3_bucket_versioning"])
    assert outcome.not_complete() == {("aws.s3_bucket_acl", "global"): "partial"}
    assert {reason for _, reason in reasons(outcome, "s3_bucket_acl")} == {"not_collected"}
    buckets = TINY.buckets + 1
    assert proxy.count()["GetBucketAcl"] <= 3 * buckets + 3 * len(REGIONS)


def test_throttling_of_many_at_once_is_overcome_one_at_a_time(proxy: Proxy, tmp_path: Path) -> None:
    attempts: dict[str, int] = {}

    def first_three(request: Request, upstream: Callable[[], Response]) -> Response:
        attempts[request.path] = attempts.get(request.path, 0) + 1
        return error(503, "SlowDown")(request, upstream) if attempts[request.path] <= 3 else upstream()

    proxy.fail("GetBucketAcl", first_three)
    outcome = read(proxy.url, tmp_path, ["s3_bucket_acl"])
    assert outcome.not_complete() == {}
    assert len(outcome.records("s3_bucket_acl")) == TINY.buckets + 1


def test_an_endpoint_that_closes_connections_is_given_up(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetKeyPolicy", closing)
    outcome = read(proxy.url, tmp_path, ["kms_key", "kms_key_policy"])
    assert {key[0] for key in outcome.not_complete()} == {"aws.kms_key_policy"}
    assert {reason for _, reason in reasons(outcome, "kms_key_policy", HERE)} == {"not_collected"}


def test_a_policy_that_is_no_json_is_quarantined_alone(proxy: Proxy, tmp_path: Path) -> None:
    twice = '{"Version": "2012-10-17", "Statement": [], "Statement": []}'
    proxy.fail("GetBucketPolicy", for_bucket("bucket-0", answered(200, twice)))
    outcome = read(proxy.url, tmp_path, ["s3_bucket_policy"])
    assert reasons(outcome, "s3_bucket_policy") == {("arn:aws:s3:::bucket-0", "quarantined")}
    assert len(outcome.records("s3_bucket_policy")) == TINY.buckets


def test_a_user_with_a_poisoned_document_is_quarantined_alone(proxy: Proxy, tmp_path: Path) -> None:
    def poison(body: bytes) -> bytes:
        return body.replace(b"%22Effect%22", b"%22Version%22%3A%201%2C%20%22Version%22", 1)

    proxy.fail("GetAccountAuthorizationDetails", changed(poison))
    outcome = read(proxy.url, tmp_path, ["iam_user"])
    user = f"arn:aws:iam::{ACCOUNT}:user/user-0"
    assert reasons(outcome, "iam_user") == {(user, "quarantined")}
    assert len(outcome.records("iam_user")) == TINY.users - 1
    assert outcome.receipt("iam_user").declared_total == TINY.users


def test_a_value_of_another_type_costs_its_page_not_the_run(proxy: Proxy, tmp_path: Path) -> None:
    number = rb"<size>many</size>"
    proxy.fail("DescribeVolumes", changed(lambda body: re.sub(rb"<size>\d+</size>", number, body)), region=HERE)
    outcome = read(proxy.url, tmp_path, ["ec2_volume"])
    assert reasons(outcome, "ec2_volume", HERE) == {(None, "incomplete")}
    assert outcome.outcome("ec2_volume", THERE) == "complete"


def test_a_flag_that_is_missing_is_not_false(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetTrailStatus", answered(200, '{"LatestDeliveryError": ""}'))
    proxy.fail("GetKeyRotationStatus", answered(200, '{"KeyRotationEnabled": "yes"}'), region=HERE)
    outcome = read(proxy.url, tmp_path, ["cloudtrail_trail_status", "kms_key_rotation"])
    assert {reason for _, reason in reasons(outcome, "cloudtrail_trail_status")} == {"incomplete"}
    assert {reason for _, reason in reasons(outcome, "kms_key_rotation", HERE)} == {"incomplete"}


def test_answers_without_their_content_make_their_resource_unreadable(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetBucketPolicyStatus", for_bucket("bucket-0", answered(200, "<PolicyStatus></PolicyStatus>")))
    empty = "<ServerSideEncryptionConfiguration></ServerSideEncryptionConfiguration>"
    proxy.fail("GetBucketEncryption", for_bucket("bucket-0", answered(200, empty)))
    proxy.fail("GetBucketAcl", for_bucket("bucket-0", answered(200, "<AccessControlPolicy></AccessControlPolicy>")))
    proxy.fail("GetEventSelectors", answered(200, '{"TrailARN": "arn"}'))
    proxy.fail("DescribeKey", answered(200, "{}"), region=HERE)
    streams = ["s3_bucket_policy_status", "s3_bucket_encryption", "s3_bucket_acl"]
    others = ["cloudtrail_event_selectors", "kms_key", "kms_key_policy"]
    outcome = read(proxy.url, tmp_path, [*streams, *others])
    for stream in streams:
        assert reasons(outcome, stream) == {("arn:aws:s3:::bucket-0", "incomplete")}
    assert {reason for _, reason in reasons(outcome, "cloudtrail_event_selectors")} == {"incomplete"}
    for stream in ("kms_key", "kms_key_policy"):
        assert {reason for _, reason in reasons(outcome, stream, HERE)} == {"incomplete"}
        assert outcome.outcome(stream, THERE) == "complete"


def test_a_prefix_list_without_its_entries_is_unreadable(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetManagedPrefixListEntries", error(403, "UnauthorizedOperation"), region=HERE)
    outcome = read(proxy.url, tmp_path, ["ec2_prefix_list"])
    ((resource, reason),) = reasons(outcome, "ec2_prefix_list", HERE)
    assert (resource or "").startswith(f"arn:aws:ec2:{HERE}:{ACCOUNT}:prefix-list/pl-")
    assert reason == "denied"
    assert outcome.outcome("ec2_prefix_list", THERE) == "complete"


def test_a_key_policy_that_is_no_json_is_quarantined_alone(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetKeyPolicy", answered(200, '{"Policy": "{\\"a\\": NaN}"}'), region=HERE)
    outcome = read(proxy.url, tmp_path, ["kms_key", "kms_key_policy"])
    assert {reason for _, reason in reasons(outcome, "kms_key_policy", HERE)} == {"quarantined"}
    assert outcome.outcome("kms_key", HERE) == "complete"


def test_a_fault_of_our_own_fails_its_unit_alone(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("a fault, AKIAEXAMPLEEXAMPLE00")

    monkeypatch.setattr(detection, "steady", broken)
    outcome = read(proxy.url, tmp_path, ["logs_log_group", "guardduty_detector"])
    assert outcome.not_complete() == {("aws.logs_log_group", region): "failed" for region in REGIONS}
    (problem,) = outcome.errors("logs_log_group", HERE)
    assert problem.message == "RuntimeError: a fault, ***"


def test_an_operation_that_never_answers_is_given_up_and_the_others_are_not(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetBucketAcl", closing)
    outcome = read(proxy.url, tmp_path, ["s3_bucket_acl", "s3_bucket_tagging"])
    assert outcome.not_complete() == {("aws.s3_bucket_acl", "global"): "partial"}
    assert len(outcome.records("s3_bucket_tagging")) == TINY.buckets + 1
