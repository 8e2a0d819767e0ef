"""Find secrets whose rows were put back to an older state.

Inside the table, an older value cannot stand for a newer one. Whoever can write to the database can still put the whole
row back as it was; the trail, which is kept elsewhere, remembers the version.
"""

from collections.abc import Iterable, Sequence

from kushim_pipeline.evidence.ledger import Entry
from kushim_pipeline.vault.vault import Vault


def put_back(vault: Vault, trail: Iterable[Entry], tenants: Sequence[str]) -> list[str]:
    """What the trail of acts and the table say differently, in words, for the tenants given."""
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for entry in trail:
        tenant, name = entry.payload.get("tenant_id"), entry.payload.get("name")
        if entry.kind in ("secret.set", "secret.deleted") and isinstance(tenant, str) and isinstance(name, str):
            last[tenant, name] = (entry.kind, int(entry.payload.get("version", 0)))
    found = []
    for tenant in tenants:
        if not any(whose == tenant for whose, _ in last):
            continue
        for info in vault.names(tenant):
            kind, version = last.get((tenant, info.name), ("", 0))
            if info.version < version or (kind == "secret.deleted" and info.version == version):
                found.append(
                    f"the secret {info.name} of tenant {tenant} is version {info.version}, but the trail says that "
                    f"version {version} was {'set' if kind == 'secret.set' else 'deleted'} later: an older row was put "
                    "back; set it again, and look who can write to the database"
                )
    return found
