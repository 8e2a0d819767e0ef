"""The key-encryption key in an environment variable: base64 of 32 random bytes, for containers with a secret store."""

import base64
import binascii
from collections.abc import Mapping

from kushim_pipeline.vault.errors import KeyMissing, WeakKey
from kushim_pipeline.vault.keys import Wrapped
from kushim_pipeline.vault.local_wrap import fingerprint, unwrap_with, wrap_with
from kushim_pipeline.vault.weak import MAKE_ONE, refuse_weak


class EnvKeys:
    """The provider `env:NAME`. The variable NAME_PREVIOUS may hold older keys, with commas between them."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        """In: the variable's name, and the environment. Nothing is read until a key is wanted."""
        self._name, self._environ = name, environ

    @property
    def key_id(self) -> str:
        return next(iter(self._keys()))

    def accepts(self, key_id: str) -> bool:
        return key_id in self._keys()

    def wrap(self, data_key: bytes, aad: bytes) -> Wrapped:
        key_id, raw = next(iter(self._keys().items()))
        return Wrapped(key_id, wrap_with(raw, data_key, aad))

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        raw = self._keys().get(wrapped.key_id)
        if raw is None:
            raise KeyMissing(f"the key {wrapped.key_id} is neither in {self._name} nor in {self._name}_PREVIOUS")
        return unwrap_with(raw, wrapped.blob, aad)

    def renew(self) -> str | None:
        return None

    def check(self) -> None:
        self._keys()

    def _keys(self) -> dict[str, bytes]:
        """Id -> key, the current one first. Raises WeakKey, KeyMissing."""
        current = self._environ.get(self._name, "").strip()
        if not current:
            raise KeyMissing(f"KUSHIM_KEYS names the environment variable {self._name}, which is not set; {MAKE_ONE}")
        previous = self._environ.get(f"{self._name}_PREVIOUS", "").split(",")
        keys = {}
        for text, where in [(current, self._name), *((text, f"{self._name}_PREVIOUS") for text in previous)]:
            if text.strip():
                raw = _decode(text.strip(), where)
                keys[f"env:{fingerprint(raw)}"] = raw
        return keys


def _decode(text: str, where: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise WeakKey(f"the environment variable {where} is not base64 of 32 random bytes; {MAKE_ONE}") from None
    refuse_weak(raw, f"the environment variable {where}", text)
    return raw
