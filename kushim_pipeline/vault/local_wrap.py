"""Wrap data keys with a key-encryption key that this process holds itself (key file, environment)."""

import hashlib

from kushim_pipeline.vault.envelope import DataKey, open_sealed, seal
from kushim_pipeline.vault.errors import SealBroken


def fingerprint(raw: bytes) -> str:
    """A short name for a key, 16 hex characters: of a random key it tells nothing that could be used."""
    return hashlib.sha256(b"kushim key-encryption key" + raw).hexdigest()[:16]


def wrap_with(raw: bytes, data_key: bytes, aad: bytes) -> bytes:
    """The data key sealed with the key-encryption key `raw`, bound to `aad`."""
    return seal(_key(raw), data_key, aad)


def unwrap_with(raw: bytes, blob: bytes, aad: bytes) -> bytes:
    """The data key. Raises SealBroken."""
    try:
        return open_sealed(_key(raw), blob, aad)
    except SealBroken:
        raise SealBroken("a wrapped data key was changed, or it belongs to another tenant or purpose") from None


def _key(raw: bytes) -> DataKey:
    return DataKey.of(bytes.fromhex(fingerprint(raw)) * 2, raw)
