"""Key-encryption keys: who holds them is chosen by KUSHIM_KEYS, and what they wrap are the tenants' data keys.

`file:/folder` (default: KUSHIM_HOME/keys), `env:NAME`, `awskms:KEY`, `vault:NAME`. KUSHIM_KEYS_PREVIOUS lists, with
commas, others that may still unwrap: moving from one to another is naming the old one there and rotating.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kushim_pipeline.vault.errors import KeyMissing, VaultError

KEYS = "KUSHIM_KEYS"
KEYS_PREVIOUS = "KUSHIM_KEYS_PREVIOUS"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key, encrypted by the key-encryption key that `key_id` names."""

    key_id: str
    blob: bytes = field(repr=False)


class KeyProvider(Protocol):
    """Who holds key-encryption keys."""

    @property
    def key_id(self) -> str:
        """The id of the key that wraps now."""

    def accepts(self, key_id: str) -> bool:
        """Whether this provider is one that may unwrap what that key wrapped."""

    def wrap(self, data_key: bytes, aad: bytes) -> Wrapped:
        """Encrypt a data key with the current key, bound to `aad`. Raises KeyUnavailable."""

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        """The data key. Raises KeyMissing, KeyUnavailable, SealBroken."""

    def renew(self) -> str | None:
        """Make a new current key and return its id; None where only its owner can (environment, AWS KMS)."""

    def check(self) -> None:
        """Raise WeakKey or KeyUnavailable when the keys are not fit for use."""


class KeyRing:
    """The provider that wraps, and others that may still unwrap: itself a KeyProvider.

    Which of them unwraps is decided by what the operator configured, never by the stored row alone: a row that names
    a stranger's key is refused.
    """

    def __init__(self, current: KeyProvider, previous: Sequence[KeyProvider] = ()) -> None:
        self.current, self.previous = current, tuple(previous)

    @property
    def key_id(self) -> str:
        return self.current.key_id

    def accepts(self, key_id: str) -> bool:
        return any(provider.accepts(key_id) for provider in (self.current, *self.previous))

    def wrap(self, data_key: bytes, aad: bytes) -> Wrapped:
        return self.current.wrap(data_key, aad)

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        for provider in (self.current, *self.previous):
            if provider.accepts(wrapped.key_id):
                return provider.unwrap(wrapped, aad)
        raise KeyMissing(
            f"the key-encryption key {wrapped.key_id} is not among those of {KEYS} and {KEYS_PREVIOUS}; "
            "put it back from its backup, or name in them where it is"
        )

    def renew(self) -> str | None:
        return self.current.renew()

    def check(self) -> None:
        for provider in (self.current, *self.previous):
            provider.check()


def key_ring(environ: Mapping[str, str], home: Path, may_begin: Callable[[], bool]) -> KeyRing:
    """The providers that the environment names.

    In: the environment, KUSHIM_HOME, and whether a first key may be made (see FileKeys). Raises VaultError for a name
    that is not understood.
    """
    current = provider(environ.get(KEYS) or f"file:{home / 'keys'}", environ, may_begin)
    previous = [text.strip() for text in environ.get(KEYS_PREVIOUS, "").split(",")]
    return KeyRing(current, [provider(text, environ, _never) for text in previous if text])


def provider(text: str, environ: Mapping[str, str], may_begin: Callable[[], bool]) -> KeyProvider:
    """The provider of one `scheme:name`. Raises VaultError; the text is not repeated, it may be a key."""
    scheme, _, name = text.partition(":")
    if name and scheme == "file":
        from kushim_pipeline.vault.provider_file import FileKeys

        return FileKeys(Path.cwd() / Path(name).expanduser(), may_begin)
    if scheme == "env" and _VARIABLE.fullmatch(name):
        from kushim_pipeline.vault.provider_env import EnvKeys

        return EnvKeys(name, environ)
    if name and scheme == "awskms":
        from kushim_pipeline.vault.provider_aws import AwsKmsKeys

        return AwsKmsKeys(name)
    if name and scheme == "vault":
        from kushim_pipeline.vault.provider_transit import TransitKeys

        return TransitKeys(name, environ)
    raise VaultError(f"{KEYS} is one of file:/folder, env:NAME, awskms:KEY, vault:NAME; see docs/secrets.md")


def _never() -> bool:
    return False
