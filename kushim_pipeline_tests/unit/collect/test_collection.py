from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.evidence.store import FileStore

UNIT = Unit("acme", "aws:111122223333", "aws", "111122223333", "aws.s3_bucket")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


@pytest.fixture
def collection(store: FileStore) -> Collection:
    return Collection(UNIT, store, code_version="1", mask=str)


def records(store: FileStore, digest: str | None) -> dict[str, dict[str, object]]:
    assert digest
    return {line["id"]: line for line in map(orjson.loads, store.get(UNIT.tenant_id, digest).splitlines())}


def test_pages_and_records_are_kept(collection: Collection, store: FileStore) -> None:
    seen = datetime(2026, 5, 1, 12, tzinfo=UTC)
    page = collection.keep(b"<xml/>", operation="ListBuckets", parameters={"MaxBuckets": 10}, status=200)
    collection.record("arn:b", {"Name": "b"}, evidence=page, observed_at=seen)
    collection.record("arn:a", {"Name": "a"}, evidence=page)
    receipt = collection.finish()
    assert store.get(UNIT.tenant_id, page) == b"<xml/>"
    assert (receipt.outcome, receipt.records, receipt.pages[0].parameters) == (Outcome.COMPLETE, 2, {"MaxBuckets": 10})
    kept = records(store, receipt.records_sha256)
    assert list(kept) == ["arn:a", "arn:b"]
    assert kept["arn:b"]["body"] == {"Name": "b"}
    assert kept["arn:b"]["evidence"] == page
    assert kept["arn:b"]["observed_at"] == "2026-05-01T12:00:00+00:00"


def test_an_empty_list_needs_a_proof(collection: Collection) -> None:
    receipt = collection.finish()
    assert receipt.outcome is Outcome.PARTIAL
    assert [error.reason for error in receipt.errors] == [Reason.INCOMPLETE]
    assert not receipt.lists_all


def test_a_proven_empty_list_is_complete(store: FileStore) -> None:
    for prove in (lambda c: c.empty_is_proven("lists all or is denied"), lambda c: c.declare(0, "Summary")):
        collection = Collection(UNIT, store, code_version="1", mask=str)
        prove(collection)
        assert collection.finish().outcome is Outcome.COMPLETE


@pytest.mark.parametrize(("declared", "outcome"), [(2, Outcome.COMPLETE), (1, Outcome.PARTIAL), (3, Outcome.PARTIAL)])
def test_the_vendors_own_count_must_agree(collection: Collection, declared: int, outcome: Outcome) -> None:
    for name in "ab":
        collection.record(name, {}, evidence="e")
    collection.declare(declared, "Summary")
    receipt = collection.finish()
    assert (receipt.outcome, receipt.declared_total) == (outcome, declared)


def test_a_resource_that_was_seen_but_not_read_counts_as_seen(collection: Collection) -> None:
    collection.record("a", {}, evidence="e")
    collection.unreadable("b", Reason.DENIED, "GetBucketPolicy", "AccessDenied")
    collection.declare(2, "Summary")
    receipt = collection.finish()
    assert receipt.outcome is Outcome.PARTIAL
    assert receipt.lists_all
    assert receipt.error == "GetBucketPolicy: AccessDenied"


def test_a_resource_listed_twice_means_the_list_moved(collection: Collection) -> None:
    for _ in range(2):
        collection.record("a", {"same": True}, evidence="e")
    receipt = collection.finish()
    assert (receipt.outcome, receipt.records, receipt.lists_all) == (Outcome.PARTIAL, 1, False)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [(Reason.DENIED, Outcome.DENIED), (Reason.NOT_COLLECTED, Outcome.FAILED), (Reason.INCOMPLETE, Outcome.PARTIAL)],
)
def test_how_an_unread_listing_ends(collection: Collection, reason: Reason, outcome: Outcome) -> None:
    collection.empty_is_proven("would be")
    collection.problem(reason, "ListBuckets", "no")
    assert collection.finish().outcome is outcome


def test_a_denied_second_page_is_no_denial_of_the_first(collection: Collection) -> None:
    collection.record("a", {}, evidence="e")
    collection.problem(Reason.DENIED, "ListBuckets", "no")
    assert collection.finish().outcome is Outcome.PARTIAL


@pytest.mark.parametrize("poison", ["x\0y", "\ud800", float("nan"), {1: 2}, {"deep": "\0"}])
def test_a_poisonous_record_is_quarantined_alone(collection: Collection, store: FileStore, poison: object) -> None:
    collection.record("good", {"a": 1}, evidence="e")
    collection.record("bad", {"a": poison}, evidence="e")
    receipt = collection.finish()
    if isinstance(poison, float):  # written as null by every JSON encoder: nothing that could pass
        assert records(store, receipt.records_sha256)["bad"]["body"] == {"a": None}
        return
    assert list(records(store, receipt.records_sha256)) == ["good"]
    assert [(error.resource_id, error.reason) for error in receipt.errors] == [("bad", Reason.QUARANTINED)]
    assert receipt.lists_all


def test_a_record_without_an_id_leaves_the_list_unproven(collection: Collection) -> None:
    collection.record("", {"a": 1}, evidence="e")
    collection.record("x" * 5_000, {"a": 1}, evidence="e")
    assert not collection.finish().lists_all


def test_an_exception_of_the_reader_is_a_failed_receipt(collection: Collection) -> None:
    with collection:
        raise ConnectionResetError("peer went away")
    receipt = collection.finish()
    assert receipt.outcome is Outcome.FAILED
    assert receipt.error == "read: ConnectionResetError: peer went away"


def test_an_interrupt_is_not_swallowed(collection: Collection) -> None:
    with pytest.raises(KeyboardInterrupt), collection:
        raise KeyboardInterrupt


def test_messages_are_masked_and_cleaned(store: FileStore) -> None:
    from pydantic import SecretStr

    collection = Collection(UNIT, store, code_version="1", mask=masking([SecretStr("s3cr3t-value")]))
    collection.problem(
        Reason.DENIED, "Get", "GET /?api_key=abcdef&x=1 s3cr3t-value \x1b[31mred\n Authorization: Bearer zzz.yyy"
    )
    collection.keep(b"x", operation="Get", parameters={"url": "?token=s3cr3t-value"}, status=403)
    text = collection.finish().model_dump_json()
    for secret in ("s3cr3t-value", "abcdef", "zzz.yyy", "\\u001b"):
        assert secret not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it needs an API token: of a super administrator", None),
        ("it needs an API token: of an administrator, no other", None),
        ("the credential: the one of the role", None),
        ("Invalid token: hunter2 is wrong", "Invalid token: *** is wrong"),
        ("password: hunter is wrong", "password: *** is wrong"),
        ("password=of course", "password=*** course"),
        ("password: offer", "password: ***"),
        ('{"password": "of-my-own", "x": 1}', '{"password": "***", "x": 1}'),
        ("{'token': 'abc'}", "{'token': '***'}"),
        ("Authorization: SSWS 00abc is not right", "Authorization: SSWS *** is not right"),
        ("Authorization: Bearer of.jwt.x failed", "Authorization: Bearer *** failed"),
        ("authorization: bearer no", "authorization: bearer ***"),
        ("?token=a&x=1", "?token=***&x=1"),
        ("?apiKey=a api_key=b API-KEY=c", "?apiKey=*** api_key=*** API-KEY=***"),
        ("secret=a", "secret=***"),
        ("Signature=a", "Signature=***"),
        ("credential=a", "credential=***"),
        ("\u017fecret=a to\u212aen=b", "\u017fecret=*** to\u212aen=***"),
        ("a" + "KIA0123456789AB", "***"),
        ("A" + "SIA0123456789AB", "***"),
        *((f"g{kind}_0123456789", "***") for kind in ("hp", "ho", "hu", "hs", "hr", "ithub_pat")),
        ("xox" + "b-1-a", "***"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_a_sentence_is_not(text: str, shown: str | None) -> None:
    assert masking([])(text) == (text if shown is None else shown)


def test_contents_are_equal_on_a_day_without_change(store: FileStore) -> None:
    def contents(page: bytes, **bodies: int) -> str:
        collection = Collection(UNIT, store, code_version="1", mask=str)
        digest = collection.keep(page, operation="List", parameters={}, status=200)
        for name, body in bodies.items():
            collection.record(name, {"v": body}, evidence=digest)
        return collection.finish().contents_sha256

    assert contents(b"request 1", a=1, b=2) == contents(b"request 2", b=2, a=1)
    assert contents(b"request 1", a=1) != contents(b"request 1", a=2)
    assert contents(b"request 1", a=1) != contents(b"request 1", a=1, b=1)
