"""Reading an account again from the answers that were kept, with AWS gone."""

from pathlib import Path

import pytest

from kushim_pipeline.collect.before import Head
from kushim_pipeline.collect.replay import Replayed, read_again, replay
from kushim_pipeline.collect.run import Stores, collect_source, ledger_entry
from kushim_pipeline.collect.standing import Standing
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Outcome, ReadError, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.secret import from_environment
from kushim_pipeline_tests.integration.collect.aws.builder import REGIONS
from kushim_pipeline_tests.integration.collect.aws.proxy import serve
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, TENANT

Kept = tuple[TenantConfig, Stores, list[Receipt]]
SECRETS = {"KEY": "AKIAEXAMPLEEXAMPLE00", "SECRET": "example-secret-key-of-the-tenant"}
MADE = (
    "records", "records_sha256", "contents_sha256", "declared_total", "empty_proven_by", "outcome", "base", "gone",
    "population", "cursor", "marks_sha256", "pages",
)  # fmt: skip


def tenant(url: str) -> TenantConfig:
    connection = {
        "source": "aws", "account_id": ACCOUNT, "regions": REGIONS, "endpoint_url": url,
        "access_key_id": "env:KEY", "secret_access_key": "env:SECRET",
    }  # fmt: skip
    return TenantConfig.model_validate({"tenant": TENANT, "name": "Acme", "connections": [connection]})


@pytest.fixture(scope="module")
def kept(account: str, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder: Path = tmp_path_factory.mktemp("evidence")
    stores = Stores(FileStore(folder), Ledger(folder))
    proxy, stop = serve(account)
    there = tenant(proxy.url)
    try:
        receipts = collect_source(there, "aws", stores, SECRETS)
    finally:
        stop()
    return there, stores, receipts


def test_every_receipt_of_the_account_is_made_again_from_its_pages_alone(kept: Kept) -> None:
    there, stores, receipts = kept
    # One region of each stream: making the clients is what takes time.
    for receipt in {receipt.stream: receipt for receipt in receipts}.values():
        digest = write_receipt(stores.evidence, receipt)
        again, missed = read_again(there, receipt, digest, Head(), stores, from_environment({}))
        where = f"{receipt.stream} {receipt.scope} {again.error}"
        assert {name: getattr(again, name) for name in MADE} == {name: getattr(receipt, name) for name in MADE}, where
        assert sorted(map(repr, again.errors)) == sorted(map(repr, receipt.errors)), where
        assert missed == [], where


def replayed(kept: Kept, receipt: Receipt) -> Replayed:
    """Write a receipt as the last one of its unit, and read it again."""
    there, stores, _ = kept
    digest = write_receipt(stores.evidence, receipt)
    stores.ledger.append(TENANT, "receipt", ledger_entry(receipt, digest))
    unit = (receipt.connection_id, receipt.stream, receipt.scope)
    return replay(there, unit, digest, stores, from_environment({}), Standing(stores.ledger, TENANT))


def test_a_policy_that_an_older_reader_set_aside_is_taken_in_and_a_poisonous_one_is_not(kept: Kept) -> None:
    _, stores, receipts = kept
    (today,) = [receipt for receipt in receipts if receipt.stream == "aws.s3_bucket_policy"]
    page = next(page for page in today.pages if page.operation == "GetBucketPolicy" and page.status == 200)
    arn = f"arn:aws:s3:::{page.parameters['Bucket']}"
    error = ReadError(resource_id=arn, reason=Reason.QUARANTINED, operation="GetBucketPolicy", message="odd")
    told = {"errors": (error,), "outcome": Outcome.PARTIAL, "records_sha256": None, "contents_sha256": "0" * 64}
    found = replayed(kept, today.model_copy(update=told))
    assert (found.taken_in, found.left, found.receipt.records_sha256) == ((arn,), (), today.records_sha256)

    body = stores.evidence.get(TENANT, page.sha256).strip().removesuffix(b"}") + b',"Version":"2008-10-17"}'
    poisoned = page.model_copy(update={"sha256": stores.evidence.put(TENANT, body), "size": len(body)})
    pages = tuple(poisoned if each is page else each for each in today.pages)
    found = replayed(kept, today.model_copy(update={**told, "pages": pages, "collection_id": "poisoned"}))
    assert found.taken_in == ()
    assert [(each.resource_id, each.operation) for each in found.left] == [(arn, "GetBucketPolicy")]
    assert found.receipt.records == today.records - 1
