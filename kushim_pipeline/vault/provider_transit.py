"""The key-encryption key in HashiCorp Vault's (or OpenBao's) transit engine: it never leaves there.

VAULT_ADDR, VAULT_TOKEN and VAULT_NAMESPACE are Vault's own variables; KUSHIM_VAULT_MOUNT names another mount than
`transit`. Tenant and purpose are bound as associated_data, which the engine takes for its AEAD key types only (API
documentation of the transit engine, "Encrypt data").
"""

import base64
import os
import re
import threading
from collections.abc import Mapping
from typing import Any

from kushim_pipeline.vault.errors import KeyUnavailable, SealBroken, WeakKey
from kushim_pipeline.vault.keys import Wrapped

_AEAD = ("aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305")
_CIPHERTEXT = re.compile(r"vault:v([0-9]+):[A-Za-z0-9+/=]+")


class TransitKeys:
    """The provider `vault:NAME`, NAME being the transit key's. An id is `vault:NAME:vN`, N the key's version."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._name, self._environ = name, environ
        self._mount = environ.get("KUSHIM_VAULT_MOUNT") or "transit"
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def key_id(self) -> str:
        found = self._call("read_key", ("type", "latest_version"), name=self._name)
        if found["type"] not in _AEAD:
            raise WeakKey(
                f"the transit key {self._name} has the type {found['type']}; make one of the type aes256-gcm96, "
                "which authenticates what it encrypts"
            )
        if found.get("exportable"):
            raise WeakKey(f"the transit key {self._name} is exportable; make one that cannot leave Vault")
        return f"vault:{self._name}:v{found['latest_version']}"

    def accepts(self, key_id: str) -> bool:
        return re.fullmatch(rf"vault:{re.escape(self._name)}:v[0-9]+", key_id) is not None

    def wrap(self, data_key: bytes, aad: bytes) -> Wrapped:
        answer = self._call(
            "encrypt_data", ("ciphertext",), name=self._name, plaintext=_text(data_key), associated_data=_text(aad)
        )
        ciphertext = str(answer["ciphertext"])
        found = _CIPHERTEXT.fullmatch(ciphertext)
        if found is None:
            raise KeyUnavailable("Vault answered with something that is no ciphertext of its transit engine")
        return Wrapped(f"vault:{self._name}:v{found[1]}", ciphertext.encode())

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        answer = self._call(
            "decrypt_data",
            ("plaintext",),
            name=self._name,
            ciphertext=wrapped.blob.decode(),
            associated_data=_text(aad),
        )
        return base64.b64decode(answer["plaintext"])

    def renew(self) -> str | None:
        self._call("rotate_key", (), name=self._name)
        return self.key_id

    def check(self) -> None:
        """Ask Vault about the key: one call."""
        _ = self.key_id

    def _call(self, operation: str, wanted: tuple[str, ...], **parameters: Any) -> dict[str, Any]:
        """What an operation answers below `data`, where the wanted keys have to be."""
        import hvac.exceptions  # type: ignore[import-untyped] # it ships no types
        import requests

        try:
            with self._lock:
                if self._client is None:
                    self._client = _client(self._environ)
            answer = getattr(self._client.secrets.transit, operation)(mount_point=self._mount, **parameters)
        except hvac.exceptions.InvalidRequest:
            if operation == "decrypt_data":
                raise SealBroken(
                    "Vault refuses a wrapped data key: it was changed, belongs to another tenant or purpose, or is "
                    "older than the transit key's min_decryption_version"
                ) from None
            raise KeyUnavailable(f"Vault refuses {operation} with the transit key {self._name}") from None
        except hvac.exceptions.VaultError as error:
            raise KeyUnavailable(
                f"Vault answered {type(error).__name__} to {operation} with the transit key {self._name}; "
                f"let the token read, encrypt, decrypt (and rotate) {self._mount}/{self._name}"
            ) from None
        except requests.RequestException as error:
            # Its text may hold the address with a password in it.
            raise KeyUnavailable(f"Vault at VAULT_ADDR could not be asked ({type(error).__name__})") from None
        data = answer.get("data") if isinstance(answer, dict) else None
        if wanted and not (isinstance(data, dict) and all(key in data for key in wanted)):
            raise KeyUnavailable(f"what VAULT_ADDR answered to {operation} is not from Vault's transit engine")
        return data or {}


def _client(environ: Mapping[str, str]) -> Any:
    import hvac

    address, token = environ.get("VAULT_ADDR"), environ.get("VAULT_TOKEN")
    if not address or not token:
        raise KeyUnavailable("KUSHIM_KEYS names a Vault transit key, so VAULT_ADDR and VAULT_TOKEN have to be set")
    authority = environ.get("VAULT_CACERT") or os.environ.get("REQUESTS_CA_BUNDLE") or True
    return hvac.Client(
        url=address, token=token, namespace=environ.get("VAULT_NAMESPACE") or None, verify=authority, timeout=10
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
