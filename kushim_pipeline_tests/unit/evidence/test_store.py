import gzip
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceMissing, FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


def only_object(root: Path) -> Path:
    (found,) = root.glob("objects/*/*.gz")
    return found


def test_bytes_come_back_under_their_sha256(store: FileStore, tmp_path: Path) -> None:
    digest = store.put(b"what the vendor said")
    assert digest == hashlib.sha256(b"what the vendor said").hexdigest()
    assert digest in store
    assert FileStore(tmp_path).get(digest) == b"what the vendor said"


def test_an_object_can_be_checked_with_common_tools(store: FileStore, tmp_path: Path) -> None:
    digest = store.put(b"evidence")
    path = only_object(tmp_path)
    assert path.parent.name + path.stem == digest
    assert gzip.decompress(path.read_bytes()) == b"evidence"


def test_the_same_bytes_are_one_object(store: FileStore, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(store.put, [b"same"] * 40))
    FileStore(tmp_path).put(b"same")
    assert len(digests) == 1
    assert only_object(tmp_path)
    assert not list(tmp_path.rglob(".incoming-*"))


def test_what_was_never_kept_is_missing(store: FileStore) -> None:
    with pytest.raises(EvidenceMissing):
        store.get("0" * 64)
    with pytest.raises(EvidenceMissing):
        store.get("../../etc/passwd")
    assert "0" * 64 not in store


@pytest.mark.parametrize("data", [b"", b"x", b"evidence " * 50], ids=["empty", "one byte", "text"])
def test_every_changed_byte_is_found(store: FileStore, tmp_path: Path, data: bytes) -> None:
    digest = store.put(data)
    path = only_object(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with pytest.raises(EvidenceCorrupt, match=digest):
            store.get(digest)


@given(cut=st.integers(0, 10_000))
def test_a_truncated_object_is_found(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("store")
    store = FileStore(root)
    digest = store.put(bytes(range(256)) * 8)
    path = only_object(root)
    whole = path.read_bytes()
    path.write_bytes(whole[: cut % len(whole)])
    with pytest.raises(EvidenceCorrupt):
        store.get(digest)


def test_good_bytes_for_a_damaged_object_are_kept_beside_it(store: FileStore, tmp_path: Path) -> None:
    digest = store.put(b"evidence")
    path = only_object(tmp_path)
    path.write_bytes(b"damaged")
    assert FileStore(tmp_path).put(b"evidence") == digest
    assert store.get(digest) == b"evidence"
    assert path.with_suffix(".damaged").read_bytes() == b"damaged"


def test_what_a_crash_left_behind_is_no_object(store: FileStore, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"half").hexdigest()
    folder = tmp_path / "objects" / digest[:2]
    folder.mkdir(parents=True)
    (folder / ".incoming-abc").write_bytes(b"ha")
    assert digest not in store
    assert store.put(b"half") == digest
