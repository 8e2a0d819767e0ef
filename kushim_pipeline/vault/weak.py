"""Refuse key-encryption keys that are guessable.

Chance would refuse a random key about once in a million for the loosest rule here; whoever is hit makes another.
"""

import hashlib
import re
from functools import cache

from kushim_pipeline.vault.envelope import KEY_BYTES
from kushim_pipeline.vault.errors import WeakKey

MAKE_ONE = "make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"

_COMMON = (
    "", "0", "1", "123456", "12345678", "123456789", "admin", "administrator", "changeit", "changeme", "default",
    "demo", "dev", "development", "example", "foobar", "key", "kushim", "letmein", "master", "masterkey", "mysecret",
    "p@ssw0rd", "passphrase", "passw0rd", "password", "prod", "production", "qwerty", "root", "secret", "secretkey",
    "test", "testing", "vault",
)  # fmt: skip
# Keys that stand in standards and manuals: NIST SP 800-38A F.5, and FIPS 197 C.3 (bytes 0 to 31, a run anyway).
_PUBLISHED = ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",)
_WORDS = re.compile(
    r"password|passw0rd|passphrase|secret|changeme|kushim|example|default|masterkey|testkey|insecure", re.IGNORECASE
)


def refuse_weak(raw: bytes, where: str, text: str = "") -> None:
    """Raise WeakKey, saying where the key stands, for one that must not be used.

    In: the key, where it was found (in words), and the text that it was written as, if it was.
    """
    reason = _weakness(raw, text)
    if reason:
        raise WeakKey(f"the key-encryption key in {where} is refused: {reason}; {MAKE_ONE}")


def _weakness(raw: bytes, text: str) -> str:
    if len(raw) != KEY_BYTES:
        return f"it has {len(raw) * 8} bits, and {KEY_BYTES * 8} are needed"
    if len(set(raw)) == 1:
        return "all its bytes are equal"
    if all(0x20 <= byte < 0x7F or byte in b"\t\r\n\0" for byte in raw):
        return "it is a text that somebody typed, not random bytes"
    if raw.hex() in _PUBLISHED or raw in _derived():
        return "it is a known example, or made from a common password"
    steps = {(after - before) % 256 for before, after in zip(raw, raw[1:], strict=False)}
    if len(steps) == 1:
        return "its bytes are a plain count"
    if any(raw == (raw[:period] * KEY_BYTES)[:KEY_BYTES] for period in range(1, KEY_BYTES // 2 + 1)):
        return "it repeats a shorter one"
    ones = int.from_bytes(raw, "big").bit_count()
    if len(set(raw)) < 18 or not 72 <= ones <= 184:
        return "its bytes are not random"
    return _typed(text.strip().rstrip("="))


def _typed(text: str) -> str:
    """A passphrase may happen to be base64 of 32 bytes; then its letters give it away."""
    if not text:
        return ""
    lower, upper = sum(map(str.islower, text)), sum(map(str.isupper, text))
    if _WORDS.search(text) or min(lower, upper) == 0 or max(lower, upper) >= 34:
        return "it reads like a passphrase, not like random bytes"
    return ""


@cache
def _derived() -> frozenset[bytes]:
    """What a common password gives by the usual single hash: never enough for a key."""
    return frozenset(
        made
        for word in _COMMON
        for variant in {word, word.capitalize(), word.upper(), f"{word}\n"}
        for made in (
            hashlib.sha256(variant.encode()).digest(),
            hashlib.md5(variant.encode(), usedforsecurity=False).hexdigest().encode(),
            hashlib.sha512(variant.encode()).digest()[:KEY_BYTES],
        )
    )
