"""The bytes that AWS sent are the evidence: kept before they are parsed, whatever is in them."""

import errno
from pathlib import Path

import pytest

from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline_tests.integration.collect.aws.proxy import Proxy, answered, error
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, TENANT, read


class FullDisk(FileStore):
    """A store on a disk that is full after some objects."""

    left = 30

    def put(self, tenant_id: str, data: bytes) -> str:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(self.root))
        return super().put(tenant_id, data)


def test_every_answer_is_kept_as_it_came(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path)
    pages = [page for receipt in outcome.receipts.values() for page in receipt.pages]
    assert {page.sha256 for page in pages} == proxy.bodies
    for page in pages:
        assert len(outcome.store.get(TENANT, page.sha256)) == page.size


def test_every_record_names_a_page_of_its_own_receipt(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path)
    for stream, scope in outcome.receipts:
        name = stream.removeprefix("aws.")
        kept = {page.sha256 for page in outcome.receipt(name, scope).pages}
        assert {line["evidence"] for line in outcome.lines(name, scope)} <= kept


def test_a_body_that_cannot_be_parsed_is_kept_first(proxy: Proxy, tmp_path: Path) -> None:
    body = "<DescribeVolumesResponse><volumeSet><item>"
    proxy.fail("DescribeVolumes", answered(200, body), region="us-east-1")
    outcome = read(proxy.url, tmp_path, ["ec2_volume"])
    (page,) = outcome.receipt("ec2_volume", "us-east-1").pages
    assert outcome.store.get(TENANT, page.sha256) == body.encode()
    assert outcome.outcome("ec2_volume", "us-east-1") == "partial"


def test_a_refusal_is_kept_with_what_was_asked(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetBucketAcl", error(403, "AccessDenied"))
    outcome = read(proxy.url, tmp_path, ["s3_bucket_acl"])
    pages = [page for page in outcome.receipt("s3_bucket_acl").pages if page.operation == "GetBucketAcl"]
    assert {page.status for page in pages} == {403}
    assert {"region": "eu-west-1", "Bucket": "bucket-1"} in [page.parameters for page in pages]


def test_what_a_derived_population_rests_on_is_in_its_receipt(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ["kms_key_rotation", "s3_bucket_policy_status", "ec2_snapshot_permission"])
    assert {page.operation for page in outcome.receipt("kms_key_rotation", "us-east-1").pages} == {
        "ListKeys",
        "DescribeKey",
        "GetKeyRotationStatus",
    }
    assert {page.operation for page in outcome.receipt("s3_bucket_policy_status").pages} == {
        "ListBuckets",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
    }


def test_a_full_disk_ends_the_run(proxy: Proxy, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        read(proxy.url, tmp_path, store=FullDisk(tmp_path))
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename


def test_the_account_is_named_in_its_own_evidence(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ["account"])
    receipt = outcome.receipt("account")
    assert [page.operation for page in receipt.pages] == ["GetCallerIdentity", "GetAccountSummary"]
    assert ACCOUNT.encode() in outcome.store.get(TENANT, receipt.pages[0].sha256)
