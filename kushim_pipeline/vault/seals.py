"""Evidence at rest: the tenant's keys as the evidence store wants them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceShredded
from kushim_pipeline.vault.errors import KeyShredded, SealBroken, VaultError
from kushim_pipeline.vault.tenant_keys import EVIDENCE, TenantKeys


@dataclass(frozen=True, slots=True)
class EvidenceSeals:
    """Seals objects of the evidence store; `name` is an object's digest (see evidence.store.Seals)."""

    keys: TenantKeys

    def seal(self, tenant_id: str, name: str, plain: bytes) -> bytes:
        """The bytes to keep instead of `plain`. Raises EvidenceLocked, EvidenceShredded."""
        with _in_the_stores_words():
            return self.keys.seal(tenant_id, EVIDENCE, name, plain)

    def open(self, tenant_id: str, name: str, sealed: bytes) -> bytes:
        """The bytes that were sealed. Raises EvidenceCorrupt, EvidenceLocked, EvidenceShredded."""
        with _in_the_stores_words():
            return self.keys.open(tenant_id, EVIDENCE, name, sealed)


@contextmanager
def _in_the_stores_words() -> Iterator[None]:
    try:
        yield
    except SealBroken as error:
        raise EvidenceCorrupt(str(error)) from None
    except KeyShredded as error:
        raise EvidenceShredded(str(error)) from None
    except VaultError as error:
        raise EvidenceLocked(str(error)) from None
