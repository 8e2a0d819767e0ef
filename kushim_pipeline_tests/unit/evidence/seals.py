"""Seals of a test's own, so that the store is tried by itself: AES-256-GCM with a key a tenant, held in a dict."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceShredded


class DictSeals:
    """Keys can be lost (`keys.pop`) and destroyed on purpose (`destroyed.add`)."""

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}
        self.destroyed: set[str] = set()

    def seal(self, tenant_id: str, name: str, plain: bytes) -> bytes:
        self.keys.setdefault(tenant_id, os.urandom(32))
        nonce = os.urandom(12)
        return nonce + self._key(tenant_id).encrypt(nonce, plain, f"{tenant_id}|{name}".encode())

    def open(self, tenant_id: str, name: str, sealed: bytes) -> bytes:
        try:
            return self._key(tenant_id).decrypt(sealed[:12], sealed[12:], f"{tenant_id}|{name}".encode())
        except (InvalidTag, ValueError):
            raise EvidenceCorrupt(f"evidence object {name} is not what was sealed for {tenant_id}") from None

    def shred(self, tenant_id: str) -> None:
        self.keys.pop(tenant_id, None)
        self.destroyed.add(tenant_id)

    def _key(self, tenant_id: str) -> AESGCM:
        if tenant_id in self.destroyed:
            raise EvidenceShredded(f"the key of {tenant_id} was destroyed")
        if tenant_id not in self.keys:
            raise EvidenceLocked(f"the key of {tenant_id} is missing")
        return AESGCM(self.keys[tenant_id])
