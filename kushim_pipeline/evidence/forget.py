"""What no key protects: evidence that was kept before it was sealed. It is deleted when its tenant is forgotten."""

from collections.abc import Iterator

from kushim_pipeline.evidence.ledger import Ledger, LedgerBroken
from kushim_pipeline.evidence.store import (
    PLAIN,
    SEALED,
    EvidenceCorrupt,
    EvidenceLocked,
    EvidenceMissing,
    EvidenceShredded,
    FileStore,
)
from kushim_pipeline.evidence.verify import read_receipt


def forget_unsealed(store: FileStore, ledger: Ledger, tenant_id: str) -> int:
    """Delete a tenant's unsealed objects. Out: how many files. Sealed ones stay: their key is what is destroyed.

    Objects that an earlier version kept for all tenants together go, unless another tenant's receipts name them.
    Call it while the tenant's receipts can still be read.
    """
    own = store.root / tenant_id
    gone = [path for path in own.rglob("*") if path.is_file() and not path.name.endswith(SEALED)]
    shared = {path.parent.name + path.name.removesuffix(PLAIN): path for path in store.root.glob(f"??/*{PLAIN}")}
    if shared:
        mine = shared.keys() & set(named_digests(store, ledger, tenant_id))
        others = (
            digest for other in ledger.tenants() if other != tenant_id for digest in named_digests(store, ledger, other)
        )
        gone += [shared[digest] for digest in mine - set(others)]
    for path in gone:
        path.unlink()
    return len(gone)


def named_digests(store: FileStore, ledger: Ledger, tenant_id: str) -> Iterator[str]:
    """Every digest that a tenant's receipts name, and the receipts' own, as far as they can be read."""
    try:
        for entry in ledger.entries(tenant_id):
            if entry.kind != "receipt":
                continue
            digest = str(entry.payload.get("receipt", ""))
            yield digest
            try:
                receipt = read_receipt(store, tenant_id, digest)
            except (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded, ValueError):
                continue
            yield from (digest for _, digest in receipt.objects)
    except LedgerBroken:
        return
