import random
from datetime import timedelta
from pathlib import Path

import pytest

from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.life import last_life, shredded_at
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import Broken, Shredded, Verified, read_receipt, verify, verify_chain
from kushim_pipeline_tests.fixtures import AS_OF, Shelf
from kushim_pipeline_tests.unit.evidence.seals import DictSeals

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
    for path in sorted(shelf.root.glob("objects/*/*/*.gz")):
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
    path = sorted(shelf.root.glob("objects/*/*/*.gz"))[0]
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
    shelf.store.put("acme", shelf.store.get("other", str(foreign.payload["receipt"])))
    for page in read_receipt(shelf.store, "other", str(foreign.payload["receipt"])).pages:
        shelf.store.put("acme", shelf.store.get("other", page.sha256))
    shelf.ledger.append("acme", "receipt", dict(foreign.payload))
    assert "another tenant" in broken(shelf, "acme")[0].what


def shred(shelf: Shelf, seals: DictSeals, tenant_id: str) -> None:
    seals.shred(tenant_id)
    shelf.ledger.append(tenant_id, "life", {"state": "shredded", "actor": "ada"})


def sealed_shelf(root: Path) -> tuple[Shelf, DictSeals]:
    seals = DictSeals()
    shelf = Shelf(root)
    shelf.store = FileStore(root, seals)
    for unit in (USERS, BUCKETS, OTHERS):
        shelf.collect(unit, {"a": {"day": 1}}, at=AS_OF)
    return shelf, seals


def test_sealed_evidence_verifies_and_a_flipped_byte_is_named(tmp_path: Path) -> None:
    shelf, _ = sealed_shelf(tmp_path)
    assert broken(shelf, "acme", "other") == []
    paths = sorted(tmp_path.glob("objects/acme/*/*.gz.sealed"))
    assert len(paths) == 6
    for path in paths:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert {one.digest for one in broken(shelf, "acme", "other")} == {path.parent.name + path.name.split(".")[0]}
        path.write_bytes(whole)


def test_an_object_moved_to_another_tenant_is_named(tmp_path: Path) -> None:
    shelf, _ = sealed_shelf(tmp_path)
    (foreign, *_) = sorted(tmp_path.glob("objects/other/*/*.gz.sealed"))
    (mine, *_) = sorted(tmp_path.glob("objects/acme/*/*.gz.sealed"))
    mine.write_bytes(foreign.read_bytes())
    (found, *_) = broken(shelf, "acme", "other")
    assert found.tenant_id == "acme"
    assert found.digest == mine.parent.name + mine.name.split(".")[0]


def test_a_lost_key_is_broken_and_a_shredded_tenant_is_not(tmp_path: Path) -> None:
    shelf, seals = sealed_shelf(tmp_path)
    key = seals.keys.pop("acme")
    locked = broken(shelf, "acme")
    assert len(locked) == 2
    assert all("the key of acme is missing" in one.what for one in locked)
    seals.keys["acme"] = key
    shred(shelf, seals, "acme")
    (shredded,) = verify(shelf.store, shelf.ledger, ["acme"])
    assert isinstance(shredded, Shredded)
    assert (shredded.actor, shredded.receipts) == ("ada", 2)
    assert broken(shelf, "acme", "other") == []


def test_shredding_that_the_ledger_does_not_know_of_is_broken(tmp_path: Path) -> None:
    shelf, seals = sealed_shelf(tmp_path)
    seals.shred("acme")
    assert len(broken(shelf, "acme")) == 2


def test_a_shredded_tenant_that_can_still_be_read_is_broken(tmp_path: Path) -> None:
    shelf, _ = sealed_shelf(tmp_path)
    shelf.ledger.append("acme", "life", {"state": "shredded", "actor": "ada"})
    (found,) = broken(shelf, "acme")
    assert "2 receipts" in found.what


def test_what_comes_after_shredding_is_no_part_of_it(tmp_path: Path) -> None:
    shelf, seals = sealed_shelf(tmp_path)
    entry = next(iter(shelf.ledger.entries("acme")))
    shred(shelf, seals, "acme")
    shelf.ledger.append("acme", "receipt", dict(entry.payload))
    (found,) = broken(shelf, "acme")
    assert "entry 4" in found.where


def test_the_last_state_is_found_from_the_end(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert last_life(ledger, "acme") is None
    ledger.append("acme", "plan", {"kind": "life", "text": '"kind":"life"'})
    assert last_life(ledger, "acme") is None
    ledger.append("acme", "life", {"state": "active"})
    ledger.append("acme", "life", {"state": "paused"})
    ledger.append("acme", "plan", {"kind": "life"})
    assert last_life(ledger, "acme") == {"state": "paused"}
    assert shredded_at(ledger, "acme") == 0
    ledger.append("acme", "life", {"state": "shredded"})
    assert shredded_at(ledger, "acme") == 5


def test_a_chain_is_followed_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append("trail", "tenant.pause", {"number": number})
    assert list(verify_chain(ledger, "trail")) == []
    path = ledger.path("trail")
    path.write_text(path.read_text().replace('"number":1', '"number":7'))
    (found,) = verify_chain(ledger, "trail")
    assert "entry 2" in found.where
