"""Sealed bytes: AES-256-GCM with everything that says whose they are bound into the tag.

    4 bytes  KSHV
    1 byte   format, 1
    16 bytes id of the data key
    12 bytes nonce, random
    rest     ciphertext and its tag of 16 bytes

The header is authenticated too, together with the fields that `bind` encodes: a sealed value moved to another tenant,
purpose, name or version does not open. Random nonces are sound for 2^32 messages under one key (NIST SP 800-38D, 8.3);
a data key belongs to one tenant and one purpose.
"""

import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kushim_pipeline.vault.errors import SealBroken

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16
_MAGIC: Final = b"KSHV\x01"
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = len(_MAGIC) + KEY_ID_BYTES + _NONCE_BYTES
OVERHEAD: Final = _HEADER_BYTES + 16
"""How many bytes longer sealed bytes are than plain ones."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key, ready for use. Its repr shows the id alone."""

    key_id: bytes
    cipher: AESGCM = field(repr=False, compare=False)

    @classmethod
    def of(cls, key_id: bytes, raw: bytes) -> "DataKey":
        """In: the id (16 bytes) and the key (32 bytes). Raises ValueError for other lengths."""
        if len(key_id) != KEY_ID_BYTES or len(raw) != KEY_BYTES:
            raise ValueError("a data key has 32 bytes and an id of 16")
        return cls(key_id, AESGCM(raw))


def bind(*fields: str | int) -> bytes:
    """The fields as bytes, each after its length in four bytes: no two lists of fields give the same bytes."""
    out = bytearray()
    for item in fields:
        data = str(item).encode()
        out += len(data).to_bytes(4, "big") + data
    return bytes(out)


def unbind(bound: bytes) -> list[str]:
    """The fields that `bind` was given. Raises ValueError for bytes that it does not make."""
    fields = []
    while bound:
        size = int.from_bytes(bound[:4], "big")
        data, bound = bound[4 : 4 + size], bound[4 + size :]
        if len(data) != size:
            raise ValueError("these are not bound fields")
        fields.append(data.decode())
    return fields


def seal(key: DataKey, plain: bytes, bound: bytes) -> bytes:
    """Encrypt. `bound` is what the value belongs to (see `bind`); the same is needed to open it."""
    nonce = os.urandom(_NONCE_BYTES)
    header = _MAGIC + key.key_id + nonce
    return header + key.cipher.encrypt(nonce, plain, header + bound)


def key_id_of(sealed: bytes) -> bytes:
    """The id of the data key in the header; it proves nothing until the bytes are opened. Raises SealBroken."""
    if len(sealed) < OVERHEAD or not sealed.startswith(_MAGIC):
        raise SealBroken("these bytes are not sealed by this version of Kushim")
    return sealed[len(_MAGIC) : len(_MAGIC) + KEY_ID_BYTES]


def open_sealed(key: DataKey, sealed: bytes, bound: bytes) -> bytes:
    """Decrypt. Raises SealBroken when a bit was changed or the value belongs to something else."""
    if key_id_of(sealed) != key.key_id:
        raise SealBroken("these bytes are sealed with another key")
    header = sealed[:_HEADER_BYTES]
    try:
        return key.cipher.decrypt(header[-_NONCE_BYTES:], sealed[_HEADER_BYTES:], header + bound)
    except InvalidTag:
        raise SealBroken("the sealed bytes were changed, or they belong elsewhere") from None
