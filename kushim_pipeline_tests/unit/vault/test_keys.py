"""KUSHIM_KEYS chooses who holds the keys; KUSHIM_KEYS_PREVIOUS who may still unwrap."""

import base64
import os
from pathlib import Path

import pytest

from kushim_pipeline.vault.errors import KeyMissing, VaultError, WeakKey
from kushim_pipeline.vault.keys import KeyRing, Wrapped, key_ring
from kushim_pipeline.vault.provider_env import EnvKeys
from kushim_pipeline.vault.provider_file import FileKeys

FIRST, SECOND = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


def ring(home: Path, **environ: str) -> KeyRing:
    return key_ring(environ, home, lambda: True)


def test_without_a_word_the_keys_are_files_in_the_data_folder(tmp_path: Path) -> None:
    found = ring(tmp_path).current
    assert isinstance(found, FileKeys)
    assert found.folder == tmp_path / "keys"
    named = ring(tmp_path, KUSHIM_KEYS=f"file:{tmp_path / 'other'}").current
    assert isinstance(named, FileKeys)
    assert named.folder == tmp_path / "other"


def test_a_key_of_the_environment_wraps_and_its_predecessor_unwraps(tmp_path: Path) -> None:
    old = ring(tmp_path, KUSHIM_KEYS="env:K", K=FIRST)
    wrapped = old.wrap(b"d" * 32, b"a")
    new = ring(tmp_path, KUSHIM_KEYS="env:K", K=SECOND, K_PREVIOUS=FIRST)
    assert new.key_id != old.key_id
    assert new.unwrap(wrapped, b"a") == b"d" * 32
    assert new.wrap(b"d" * 32, b"a").key_id == new.key_id
    assert new.renew() is None  # its owner sets another one
    with pytest.raises(KeyMissing, match="not among those"):
        ring(tmp_path, KUSHIM_KEYS="env:K", K=SECOND).unwrap(wrapped, b"a")


def test_moving_from_files_to_the_environment(tmp_path: Path) -> None:
    wrapped = ring(tmp_path).wrap(b"d" * 32, b"a")
    moved = ring(tmp_path, KUSHIM_KEYS="env:K", K=FIRST, KUSHIM_KEYS_PREVIOUS=f"file:{tmp_path / 'keys'}")
    assert moved.unwrap(wrapped, b"a") == b"d" * 32
    assert moved.key_id.startswith("env:")


def test_a_row_that_names_a_strangers_key_is_refused(tmp_path: Path) -> None:
    for stranger in ("awskms:arn:aws:kms:us-east-1:666666666666:key/x", "vault:theirs:v1", "env:0", ""):
        with pytest.raises(KeyMissing):
            ring(tmp_path, KUSHIM_KEYS="env:K", K=FIRST).unwrap(Wrapped(stranger, b"x"), b"a")


@pytest.mark.parametrize(
    "text",
    ["", "file", "file:", "env:", "nonsense:x", "awskms:", "vault:", FIRST, f"env:{FIRST}"],
    ids=["unset", "file", "file:", "env:", "nonsense", "awskms:", "vault:", "a key itself", "env: and a key"],
)
def test_what_is_no_provider_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    if not text:
        assert isinstance(ring(tmp_path, KUSHIM_KEYS=text).current, FileKeys)  # empty counts as unset
        return
    with pytest.raises(VaultError, match="KUSHIM_KEYS is one of") as caught:
        ring(tmp_path, KUSHIM_KEYS=text)
    assert FIRST not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("", KeyMissing, "which is not set"),
        ("not base64!", WeakKey, "is not base64 of 32 random bytes"),
        ("c2hvcnQ=", WeakKey, "it has 40 bits"),
        (base64.b64encode(bytes(32)).decode(), WeakKey, "all its bytes are equal"),
        (base64.b64encode(b"a passphrase of exactly 32 chars").decode(), WeakKey, "somebody typed"),
        (os.urandom(32).hex(), WeakKey, "384 bits"),
    ],
    ids=["unset", "no base64", "short", "equal bytes", "typed", "hexadecimal"],
)
def test_a_weak_or_missing_variable_is_refused(value: str, error: type[Exception], message: str) -> None:
    keys = EnvKeys("KUSHIM_MASTER", {"KUSHIM_MASTER": value})
    with pytest.raises(error, match=message) as caught:
        keys.check()
    assert "KUSHIM_MASTER" in str(caught.value)
    assert not value or value not in str(caught.value)


def test_a_weak_previous_key_is_refused_too() -> None:
    with pytest.raises(WeakKey, match="K_PREVIOUS"):
        EnvKeys("K", {"K": FIRST, "K_PREVIOUS": "AAAA"}).check()
