import random
from datetime import timedelta
from pathlib import Path

import pytest

from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.verify import Broken, Verified, verify
from kushim_pipeline_tests.fixtures import AS_OF, Shelf

USERS = Unit("acme", "aws:111122223333", "aws", "111122223333", "aws.iam_user")
BUCKETS = Unit("acme", "aws:111122223333", "aws", "111122223333", "aws.s3_bucket")
OTHERS = Unit("other", "aws:444455556666", "aws", "444455556666", "aws.iam_user")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path)
    for day in range(3):
        for unit in (USERS, BUCKETS, OTHERS):
            shelf.collect(unit, {"a": {"day": day}, "b": {"x": 1}}, at=AS_OF + timedelta(days=day))
    return shelf


def broken(shelf: Shelf, *tenants: str) -> list[Broken]:
    return [found for found in verify(shelf.store, shelf.ledger, tenants) if isinstance(found, Broken)]


def test_whole_evidence_verifies(shelf: Shelf) -> None:
    found = list(verify(shelf.store, shelf.ledger, ["acme", "other"]))
    assert len(found) == 9
    assert all(isinstance(one, Verified) and one.objects == 3 for one in found)


def test_a_changed_byte_in_any_object_is_named(shelf: Shelf) -> None:
    pick = random.Random(7)
    for path in sorted(shelf.root.glob("objects/*/*.gz")):
        whole = path.read_bytes()
        position = pick.randrange(len(whole))
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        found = broken(shelf, "acme", "other")
        assert found, path
        assert {one.digest for one in found} == {path.parent.name + path.stem}
        assert all("aws." in one.where for one in found)
        path.write_bytes(whole)
    assert broken(shelf, "acme", "other") == []


def test_a_missing_object_is_named(shelf: Shelf) -> None:
    path = sorted(shelf.root.glob("objects/*/*.gz"))[0]
    path.unlink()
    (first, *_) = broken(shelf, "acme", "other")
    assert first.digest == path.parent.name + path.stem


@pytest.mark.parametrize("changed", ['"complete"', '"aws.s3_bucket"', '"sequence":4', '"previous":"'])
def test_a_changed_ledger_entry_is_named(shelf: Shelf, changed: str) -> None:
    path = shelf.root / "ledger" / "acme.jsonl"
    text = path.read_text()
    position = text.index(changed, len(text) // 2) + len(changed) - 2
    path.write_text(text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :])
    assert broken(shelf, "acme")
    assert broken(shelf, "other") == []


def test_a_removed_entry_breaks_the_chain(shelf: Shelf) -> None:
    path = shelf.root / "ledger" / "acme.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2] + lines[3:]))
    (found,) = broken(shelf, "acme")
    assert "follow" in found.what
    assert "entry 4" in found.where


def test_a_receipt_of_another_tenant_is_not_taken(shelf: Shelf) -> None:
    foreign = next(iter(shelf.ledger.entries("other")))
    shelf.ledger.append("acme", "receipt", dict(foreign.payload))
    (found,) = broken(shelf, "acme")
    assert "another tenant" in found.what
