"""Guessable keys are refused, random ones are not."""

import base64
import hashlib
import os

import pytest

from kushim_pipeline.vault.errors import WeakKey
from kushim_pipeline.vault.weak import refuse_weak

WEAK = {
    "too short": os.urandom(16),
    "too long": os.urandom(33),
    "empty": b"",
    "zeros": bytes(32),
    "all equal": b"\xa7" * 32,
    "a count": bytes(range(32)),
    "a count down": bytes(range(255, 223, -1)),
    "a count by 7": bytes(n * 7 % 256 for n in range(32)),
    "a passphrase": b"correct horse battery staple 123",
    "a padded passphrase": b"hunter2".ljust(32, b"\0"),
    "hex of half a key": os.urandom(16).hex().encode(),
    "sha256 of password": hashlib.sha256(b"password").digest(),
    "sha256 of Changeme with a newline": hashlib.sha256(b"changeme\n").digest(),
    "md5 hex of secret": hashlib.md5(b"secret", usedforsecurity=False).hexdigest().encode(),
    "a key of the standards": bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
    "a short key twice": os.urandom(16) * 2,
    "eleven bytes again and again": (os.urandom(11) * 3)[:32],
    "few different bytes": bytes(b % 8 * 31 for b in os.urandom(32)),
    "nearly all ones": b"\xff" * 20 + os.urandom(12),
}


@pytest.mark.parametrize("raw", WEAK.values(), ids=WEAK)
def test_a_weak_key_is_refused(raw: bytes) -> None:
    with pytest.raises(WeakKey, match="the key-encryption key in the drawer is refused") as caught:
        refuse_weak(raw, "the drawer")
    assert "os.urandom(32)" in str(caught.value)
    if raw:
        assert raw.hex() not in str(caught.value)
        assert raw.decode("latin-1") not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "ThisIsTheVeryLongPassphraseOfOurCompany1234=",
        "MyKushimMasterKey0000000000000000000000000A=",
        "aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkkk=",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFG=",
        "SuperSecretValue9f8A7b6C5d4E3f2G1h0I9j8K7l6=",
    ],
)
def test_a_passphrase_that_happens_to_be_base64_is_refused(text: str) -> None:
    raw = base64.b64decode(text)
    assert len(raw) == 32
    with pytest.raises(WeakKey):
        refuse_weak(raw, "the drawer", text)


def test_random_keys_are_accepted() -> None:
    refused = 0
    for _ in range(3000):
        raw = os.urandom(32)
        try:
            refuse_weak(raw, "the drawer", base64.b64encode(raw).decode())
        except WeakKey:
            refused += 1
    # Chance refuses less than one in a hundred thousand.
    assert refused <= 1
