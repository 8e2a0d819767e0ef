"""The stores as commands open them: sealed with keys of the vault, and broken in every way that keys can be."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kushim_pipeline import stores
from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceShredded, FileStore
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import VaultSeals, open_stores, shared_vault


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("KUSHIM_KEYS", "KUSHIM_KEYS_PREVIOUS"):
        monkeypatch.delenv(name, raising=False)
    return Settings.read({"KUSHIM_HOME": str(tmp_path / "home")})


def forget_keys() -> None:
    """As another process would begin: with nothing in memory."""
    stores._vault.cache_clear()


def sealed(settings: Settings, tenant_id: str) -> list[Path]:
    return sorted(settings.evidence.glob(f"objects/{tenant_id}/*/*.gz.sealed"))


def test_evidence_is_sealed_without_being_asked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_stores(settings).evidence
    assert not settings.home.exists(), "nothing is made before the first object"
    with ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(lambda number: store.put("acme", b"canary %d" % number), range(8)))
    said = capsys.readouterr().err
    assert said.count("back that folder up") == 1
    assert str(settings.home / "keys") in said
    forget_keys()
    again = open_stores(settings).evidence
    assert [again.get("acme", digest) for digest in digests] == [b"canary %d" % number for number in range(8)]
    again.put("acme", b"more")
    assert capsys.readouterr().err == ""
    assert len(sealed(settings, "acme")) == 9


def test_tenants_have_keys_of_their_own(settings: Settings) -> None:
    store = open_stores(settings).evidence
    digest = store.put("acme", b"evidence")
    store.put("other", b"evidence")
    (mine,), (theirs,) = sealed(settings, "acme"), sealed(settings, "other")
    theirs.write_bytes(mine.read_bytes())
    with pytest.raises(EvidenceLocked, match="other"):
        store.get("other", digest)
    data = bytearray(mine.read_bytes())
    data[-1] ^= 1
    mine.write_bytes(data)
    with pytest.raises(EvidenceCorrupt, match=digest):
        store.get("acme", digest)


@pytest.mark.parametrize("lost", ["keys", "vault.sqlite"])
def test_a_lost_key_is_told(settings: Settings, lost: str) -> None:
    digest = open_stores(settings).evidence.put("acme", b"evidence")
    forget_keys()
    if lost == "keys":
        shutil.rmtree(settings.home / "keys")
    else:
        for path in settings.home.glob("vault.sqlite*"):
            path.unlink()
    with pytest.raises(EvidenceLocked, match="backup"):
        open_stores(settings).evidence.get("acme", digest)


def test_a_shredded_tenant_is_told(settings: Settings) -> None:
    store = open_stores(settings).evidence
    digest, other = store.put("acme", b"evidence"), store.put("other", b"evidence")
    shared_vault(settings).shred("acme")
    with pytest.raises(EvidenceShredded):
        store.get("acme", digest)
    with pytest.raises(EvidenceShredded):
        open_stores(settings).evidence.put("acme", b"new")
    assert store.get("other", other) == b"evidence"


def test_evidence_from_before_sealing_is_read_and_sealed_when_it_comes_again(settings: Settings) -> None:
    digest = FileStore(settings.evidence).put("acme", b"evidence")
    store = open_stores(settings).evidence
    assert store.get("acme", digest) == b"evidence"
    store.put("acme", b"evidence")
    assert len(sealed(settings, "acme")) == 1


def test_who_is_told_of_a_first_key_can_be_chosen(settings: Settings) -> None:
    said: list[str] = []
    VaultSeals(settings, said.append).seal("acme", "0" * 64, b"x")
    VaultSeals(settings, said.append).seal("acme", "0" * 64, b"x")
    assert len(said) == 1
