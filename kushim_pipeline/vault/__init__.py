"""The vault: secrets and evidence keys, encrypted with keys that a leak of the table does not hold.

A key-encryption key (keys.py: file, environment, AWS KMS, Vault transit) wraps a data key for each tenant and purpose
(tenant_keys.py); data keys seal values (envelope.py); the rows are in SQLite or Postgres (table.py).
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kushim_pipeline.settings import Settings
from kushim_pipeline.vault.errors import (
    KeyMissing,
    KeyShredded,
    KeyUnavailable,
    SealBroken,
    VaultError,
    VaultUnreachable,
    WeakKey,
)

if TYPE_CHECKING:
    from kushim_pipeline.vault.seals import EvidenceSeals
    from kushim_pipeline.vault.vault import Vault

__all__ = [
    "KeyMissing",
    "KeyShredded",
    "KeyUnavailable",
    "SealBroken",
    "VaultError",
    "VaultUnreachable",
    "WeakKey",
    "evidence_seals",
    "open_vault",
]


def open_vault(settings: Settings, environ: Mapping[str, str] | None = None) -> "Vault":
    """The vault of a data folder (or of its Postgres warehouse), with the keys that KUSHIM_KEYS names.

    Raises WeakKey, KeyMissing or KeyUnavailable when the keys are not fit for use. Nothing is made before the first
    value is sealed. `environ` is the process's unless given. Close it, or use it for as long as the process runs.
    """
    from kushim_pipeline.vault.keys import key_ring
    from kushim_pipeline.vault.table import postgres_table, sqlite_table
    from kushim_pipeline.vault.tenant_keys import TenantKeys
    from kushim_pipeline.vault.vault import Vault

    if settings.warehouse_url.startswith("postgresql"):
        table = postgres_table(settings.warehouse_url)
    else:
        table = sqlite_table(settings.home / "vault.sqlite")
    keys = key_ring(os.environ if environ is None else environ, settings.home, table.has_no_key)
    keys.check()
    return Vault(TenantKeys(table, keys))


def evidence_seals(vault: "Vault") -> "EvidenceSeals":
    """What the evidence store seals its objects with; has `seal(tenant_id, name, plain)` and `open(…, sealed)`."""
    from kushim_pipeline.vault.seals import EvidenceSeals

    return EvidenceSeals(vault.keys)
