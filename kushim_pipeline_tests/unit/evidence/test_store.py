import gzip
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.evidence.store import (
    EvidenceCorrupt,
    EvidenceLocked,
    EvidenceMissing,
    EvidenceShredded,
    FileStore,
    Seals,
)
from kushim_pipeline_tests.unit.evidence.seals import DictSeals

ACME, OTHER = "acme", "other"


@pytest.fixture(params=["plain", "sealed"])
def seals(request: pytest.FixtureRequest) -> Seals | None:
    return DictSeals() if request.param == "sealed" else None


@pytest.fixture
def store(tmp_path: Path, seals: Seals | None) -> FileStore:
    return FileStore(tmp_path, seals)


def only_object(root: Path) -> Path:
    (found,) = [*root.glob("objects/*/*/*.gz"), *root.glob("objects/*/*/*.gz.sealed")]
    return found


def test_bytes_come_back_under_their_sha256(store: FileStore, tmp_path: Path, seals: Seals | None) -> None:
    digest = store.put(ACME, b"what the vendor said")
    assert digest == hashlib.sha256(b"what the vendor said").hexdigest()
    assert store.holds(ACME, digest)
    assert FileStore(tmp_path, seals).get(ACME, digest) == b"what the vendor said"


def test_an_unsealed_object_can_be_checked_with_common_tools(tmp_path: Path) -> None:
    digest = FileStore(tmp_path).put(ACME, b"evidence")
    path = only_object(tmp_path)
    assert path.relative_to(tmp_path).as_posix() == f"objects/acme/{digest[:2]}/{digest[2:]}.gz"
    assert gzip.decompress(path.read_bytes()) == b"evidence"


def test_a_sealed_object_says_nothing(tmp_path: Path) -> None:
    digest = FileStore(tmp_path, DictSeals()).put(ACME, b"evidence")
    path = only_object(tmp_path)
    assert path.relative_to(tmp_path).as_posix() == f"objects/acme/{digest[:2]}/{digest[2:]}.gz.sealed"
    packed = gzip.compress(b"evidence", compresslevel=1)[10:]
    assert packed not in path.read_bytes()
    with pytest.raises(EvidenceLocked, match=digest):
        FileStore(tmp_path).get(ACME, digest)


def test_the_same_bytes_are_one_object_of_a_tenant(store: FileStore, tmp_path: Path, seals: Seals | None) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(partial(store.put, ACME), [b"same"] * 40))
    FileStore(tmp_path, seals).put(ACME, b"same")
    assert len(digests) == 1
    assert only_object(tmp_path)
    assert not list(tmp_path.rglob(".incoming-*"))


def test_tenants_share_nothing(store: FileStore) -> None:
    digest = store.put(ACME, b"same")
    assert not store.holds(OTHER, digest)
    with pytest.raises(EvidenceMissing):
        store.get(OTHER, digest)
    assert store.put(OTHER, b"same") == digest
    assert store.get(OTHER, digest) == b"same"


def test_what_was_never_kept_is_missing(store: FileStore) -> None:
    for tenant, digest in ((ACME, "0" * 64), (ACME, "../../etc/passwd"), ("../acme", "0" * 64), ("", "0" * 64)):
        with pytest.raises(EvidenceMissing):
            store.get(tenant, digest)
    assert not store.holds(ACME, "0" * 64)
    with pytest.raises(EvidenceMissing):
        store.put("../acme", b"x")


@pytest.mark.parametrize("data", [b"", b"x", b"evidence " * 50], ids=["empty", "one byte", "text"])
def test_every_changed_byte_is_found(store: FileStore, tmp_path: Path, data: bytes) -> None:
    digest = store.put(ACME, data)
    path = only_object(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with pytest.raises(EvidenceCorrupt, match=digest):
            store.get(ACME, digest)


@given(cut=st.integers(0, 10_000), sealed=st.booleans())
def test_a_truncated_object_is_found(cut: int, sealed: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("store")
    store = FileStore(root, DictSeals() if sealed else None)
    digest = store.put(ACME, bytes(range(256)) * 8)
    path = only_object(root)
    whole = path.read_bytes()
    path.write_bytes(whole[: cut % len(whole)])
    with pytest.raises(EvidenceCorrupt):
        store.get(ACME, digest)


def test_a_sealed_object_opens_in_its_own_place_only(tmp_path: Path) -> None:
    store = FileStore(tmp_path, DictSeals())
    digest, second = store.put(ACME, b"evidence"), store.put(ACME, b"second")
    store.put(OTHER, b"its key exists")
    mine = tmp_path / "objects" / ACME / digest[:2] / f"{digest[2:]}.gz.sealed"
    for place in (
        mine.parents[2] / OTHER / digest[:2] / mine.name,
        mine.parents[1] / second[:2] / f"{second[2:]}.gz.sealed",
    ):
        place.parent.mkdir(exist_ok=True, parents=True)
        place.write_bytes(mine.read_bytes())
    with pytest.raises(EvidenceCorrupt):
        store.get(OTHER, digest)
    with pytest.raises(EvidenceCorrupt):
        store.get(ACME, second)


def test_a_lost_key_is_told_from_a_destroyed_one(tmp_path: Path) -> None:
    seals = DictSeals()
    digest = FileStore(tmp_path, seals).put(ACME, b"evidence")
    key = seals.keys.pop(ACME)
    store = FileStore(tmp_path, seals)
    with pytest.raises(EvidenceLocked):
        store.get(ACME, digest)
    seals.keys[ACME] = key
    assert store.get(ACME, digest) == b"evidence"
    seals.shred(ACME)
    with pytest.raises(EvidenceShredded):
        store.get(ACME, digest)
    for data in (b"evidence", b"more"):
        with pytest.raises(EvidenceShredded):
            store.put(ACME, data)


def test_a_lost_key_leaves_the_object_where_it_is(tmp_path: Path) -> None:
    seals = DictSeals()
    FileStore(tmp_path, seals).put(ACME, b"evidence")
    seals.keys.clear()
    with pytest.raises(EvidenceLocked):
        FileStore(tmp_path, seals).put(ACME, b"evidence")
    assert only_object(tmp_path)


def test_good_bytes_for_a_damaged_object_are_kept_beside_it(
    store: FileStore, tmp_path: Path, seals: Seals | None
) -> None:
    digest = store.put(ACME, b"evidence")
    path = only_object(tmp_path)
    path.write_bytes(b"damaged")
    assert FileStore(tmp_path, seals).put(ACME, b"evidence") == digest
    assert store.get(ACME, digest) == b"evidence"
    assert path.with_suffix(".damaged").read_bytes() == b"damaged"


def test_bytes_that_somebody_else_puts_at_the_same_moment_are_not_taken_for_damage(tmp_path: Path) -> None:
    inner = DictSeals()

    class Overtaken(DictSeals):
        """While these bytes are sealed, another thread keeps the same ones."""

        def seal(self, tenant_id: str, name: str, plain: bytes) -> bytes:
            FileStore(tmp_path, inner).put("acme", b"page")
            return inner.seal(tenant_id, name, plain)

        def open(self, tenant_id: str, name: str, sealed: bytes) -> bytes:
            return inner.open(tenant_id, name, sealed)

    digest = FileStore(tmp_path, Overtaken()).put("acme", b"page")
    assert FileStore(tmp_path, inner).get("acme", digest) == b"page"
    assert list(tmp_path.rglob("*.damaged")) == []


def test_what_a_crash_left_behind_is_no_object(store: FileStore, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"half").hexdigest()
    folder = tmp_path / "objects" / ACME / digest[:2]
    folder.mkdir(parents=True)
    (folder / ".incoming-abc").write_bytes(b"ha")
    assert not store.holds(ACME, digest)
    assert store.put(ACME, b"half") == digest


def test_objects_of_the_layout_before_stay_readable(store: FileStore, tmp_path: Path) -> None:
    data = os.urandom(40)
    digest = hashlib.sha256(data).hexdigest()
    place = tmp_path / "objects" / digest[:2] / f"{digest[2:]}.gz"
    place.parent.mkdir(parents=True)
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
    place.write_bytes(header + gzip.compress(data, compresslevel=1, mtime=0)[10:])
    assert store.get(ACME, digest) == data
    assert store.holds(ACME, digest)
    # Kept again, it is the tenant's own: what is sealed now must not stay readable by the old copy alone.
    assert store.put(ACME, data) == digest
    assert only_object(tmp_path)
