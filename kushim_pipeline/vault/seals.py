"""Evidence at rest: the tenant's keys as the evidence store wants them."""

from dataclasses import dataclass

from kushim_pipeline.vault.tenant_keys import EVIDENCE, TenantKeys


@dataclass(frozen=True, slots=True)
class EvidenceSeals:
    """Seals objects of the evidence store; `name` is an object's digest. Errors are those of TenantKeys."""

    keys: TenantKeys

    def seal(self, tenant_id: str, name: str, plain: bytes) -> bytes:
        """The bytes to keep instead of `plain`."""
        return self.keys.seal(tenant_id, EVIDENCE, name, plain)

    def open(self, tenant_id: str, name: str, sealed: bytes) -> bytes:
        """The bytes that were sealed."""
        return self.keys.open(tenant_id, EVIDENCE, name, sealed)
