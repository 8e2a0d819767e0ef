"""Whose account is read, with which credentials, in which regions."""

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from kushim_pipeline.collect.aws.streams import STREAMS
from kushim_pipeline_tests.integration.collect.aws.builder import REGIONS, TINY, Place
from kushim_pipeline_tests.integration.collect.aws.proxy import Proxy, Request, Response, changed, error
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, SECRETS, Outcome, read

OTHER = "210987654321"
UNITS = sum(1 if spec.scope == "global" else len(REGIONS) for spec in STREAMS)


def only(outcome: Outcome) -> str:
    """The one error that every unit has."""
    messages = {error.message for receipt in outcome.receipts.values() for error in receipt.errors}
    (message,) = messages
    return message


def test_another_account_is_never_read(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, account_id=OTHER)
    assert len(outcome.receipts) == UNITS
    assert {receipt.outcome.value for receipt in outcome.receipts.values()} == {"denied"}
    assert ACCOUNT in only(outcome)
    assert OTHER in only(outcome)
    assert proxy.count() == {"GetCallerIdentity": 1}


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch", "AccessDenied"])
def test_refused_credentials_deny_everything(proxy: Proxy, tmp_path: Path, code: str) -> None:
    proxy.fail("GetCallerIdentity", error(403, code))
    outcome = read(proxy.url, tmp_path)
    assert {receipt.outcome.value for receipt in outcome.receipts.values()} == {"denied"}
    assert code in only(outcome)


def test_no_credentials_at_all_deny_everything(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    outcome = read(proxy.url, tmp_path / "evidence", secrets={})
    assert {receipt.outcome.value for receipt in outcome.receipts.values()} == {"denied"}
    assert "no usable credentials" in only(outcome)
    assert proxy.calls == []


def test_without_keys_the_default_chain_is_used(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFROMTHEENVIRONMT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-the-environment")
    assert read(proxy.url, tmp_path, ["region"], secrets={}).not_complete() == {}
    assert "AKIAFROMTHEENVIRONMT" in proxy.requests[0].headers["authorization"]


def test_the_environment_does_not_touch_a_tenants_keys(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody-else")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFROMTHEENVIRONMT")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert read(proxy.url, tmp_path, ["region"]).not_complete() == {}
    assert {"AKIAEXAMPLEEXAMPLE00" in request.headers["authorization"] for request in proxy.requests} == {True}


def test_a_session_token_is_sent(proxy: Proxy, tmp_path: Path) -> None:
    read(proxy.url, tmp_path, ["region"], secrets={**SECRETS, "session_token": SecretStr("a-session-token")})
    assert {request.headers.get("x-amz-security-token") for request in proxy.requests} == {"a-session-token"}


def test_a_role_is_assumed_and_its_account_read(proxy: Proxy, account: str, tmp_path: Path) -> None:
    role = f"arn:aws:iam::{OTHER}:role/kushim-read"
    given = Place(account).client("sts").assume_role(RoleArn=role, RoleSessionName="build")["Credentials"]
    there = Place(account, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    if "in-the-other-account" not in [b["Name"] for b in there.client("s3").list_buckets()["Buckets"]]:
        there.client("s3").create_bucket(Bucket="in-the-other-account")
    streams = ["account", "s3_bucket", "iam_user"]
    outcome = read(proxy.url, tmp_path, streams, account_id=OTHER, role_arn=role, external_id="our-tenant")
    assert outcome.not_complete() == {}
    assert list(outcome.records("s3_bucket")) == ["arn:aws:s3:::in-the-other-account"]
    assert list(outcome.records("account")) == [OTHER]
    assert proxy.count()["AssumeRole"] == 1
    (asked,) = [request for request in proxy.requests if request.operation == "AssumeRole"]
    assert b"ExternalId=our-tenant" in asked.body
    pages = [page for receipt in outcome.receipts.values() for page in receipt.pages]
    assert "AssumeRole" not in {page.operation for page in pages}, "its answer holds secrets"


def test_a_role_that_may_not_be_assumed_denies_everything(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("AssumeRole", error(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"))
    outcome = read(proxy.url, tmp_path, role_arn=f"arn:aws:iam::{ACCOUNT}:role/kushim-read")
    assert {receipt.outcome.value for receipt in outcome.receipts.values()} == {"denied"}
    assert "sts:AssumeRole" in only(outcome)
    assert proxy.count()["GetCallerIdentity"] == 0


def test_an_endpoint_where_nobody_listens_fails_everything_at_once(account: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{probe.getsockname()[1]}"
    outcome = read(closed, tmp_path)
    assert len(outcome.receipts) == UNITS
    assert {receipt.outcome.value for receipt in outcome.receipts.values()} == {"failed"}
    assert "could not be reached" in only(outcome)


def test_a_region_without_an_endpoint_fails_alone(proxy: Proxy, tmp_path: Path) -> None:
    def closing(request: Request, upstream: Callable[[], Response]) -> Response:
        raise ConnectionAbortedError("the proxy closes the connection")

    streams = ["ec2_vpc", "ec2_volume", "rds_instance", "kms_key", "logs_log_group"]
    for operation in ("DescribeVpcs", "DescribeVolumes", "DescribeDBInstances", "ListKeys", "DescribeLogGroups"):
        proxy.fail(operation, closing, region="eu-west-1")
    outcome = read(proxy.url, tmp_path, streams)
    assert outcome.not_complete() == {(f"aws.{stream}", "eu-west-1"): "failed" for stream in streams}


def test_a_region_that_is_not_enabled_is_proven_empty(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, regions=["us-east-1", "me-south-1"])
    assert outcome.not_complete() == {}
    assert outcome.records("region")[f"{ACCOUNT}/me-south-1"]["OptInStatus"] == "not-opted-in"
    receipt = outcome.receipt("ec2_instance", "me-south-1")
    assert (receipt.records, receipt.outcome.value) == (0, "complete")
    assert "not-opted-in" in (receipt.empty_proven_by or "")
    assert [page.operation for page in receipt.pages] == ["DescribeRegions"], "with the page that proves it"
    assert "me-south-1" not in {region for _, region in proxy.calls}
    assert len(outcome.records("cloudtrail_trail")) == TINY.trails


def test_a_region_that_aws_does_not_name_is_not_empty(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ["region", "ec2_vpc"], regions=["us-east-1", "us-east-9"])
    assert outcome.not_complete() == {("aws.region", "global"): "partial", ("aws.ec2_vpc", "us-east-9"): "failed"}
    assert "correct regions" in outcome.errors("ec2_vpc", "us-east-9")[0].message


def test_when_regions_cannot_be_listed_each_is_tried(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeRegions", error(403, "UnauthorizedOperation"))
    outcome = read(proxy.url, tmp_path, ["region", "ec2_vpc", "cloudtrail_trail"])
    assert outcome.not_complete() == {("aws.region", "global"): "denied"}


def test_a_list_of_regions_that_is_cut_proves_nothing(proxy: Proxy, tmp_path: Path) -> None:
    item = rb"<item>(?:(?!</item>).)*</item>"
    proxy.fail("DescribeRegions", changed(lambda body: re.sub(item, b"", body)))
    outcome = read(proxy.url, tmp_path, ["region", "ec2_vpc"])
    assert outcome.not_complete() == {("aws.region", "global"): "partial"}
    assert outcome.receipt("ec2_vpc", "eu-west-1").records > 0


def test_keys_and_secrets_stand_in_no_receipt_and_no_object(proxy: Proxy, tmp_path: Path) -> None:
    leak = f"{SECRETS['access_key_id'].get_secret_value()} Credential=AKIAEXAMPLEEXAMPLE00/20261123/x"
    proxy.fail("DescribeVpcs", error(403, "SignatureDoesNotMatch", leak))
    secrets = {**SECRETS, "session_token": SecretStr("the-session-token-of-it")}
    outcome = read(proxy.url, tmp_path, secrets=secrets)
    assert outcome.outcome("ec2_vpc", "us-east-1") == "denied"
    texts = "".join(receipt.model_dump_json() for receipt in outcome.receipts.values())
    for secret in secrets.values():
        assert secret.get_secret_value() not in texts
