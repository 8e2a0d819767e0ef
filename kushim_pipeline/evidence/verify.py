"""Re-hash the evidence and follow the ledger: the proof that nothing was changed since it was acknowledged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from kushim_pipeline.evidence.json_door import BadJson, canonical, decode
from kushim_pipeline.evidence.ledger import GENESIS, Entry, Ledger, LedgerBroken, entry_hash
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceMissing, EvidenceStore


@dataclass(frozen=True)
class Broken:
    """One record that does not verify: whose, what is wrong, where it stands, and the digest concerned."""

    tenant_id: str
    what: str
    where: str
    digest: str


@dataclass(frozen=True)
class Verified:
    """One receipt that does verify, with the number of evidence objects that were re-hashed for it."""

    tenant_id: str
    stream: str
    scope: str
    objects: int


def verify(store: EvidenceStore, ledger: Ledger, tenant_ids: Sequence[str]) -> Iterator[Broken | Verified]:
    """Check every ledger entry of the tenants, and every object that their receipts name.

    Yields a Verified for each whole receipt and a Broken for each fault. Reads everything; writes nothing.
    """
    for tenant_id in tenant_ids:
        checked: set[str] = set()
        previous, sequence = GENESIS, 0
        try:
            for entry in ledger.entries(tenant_id):
                yield from _link(entry, previous, sequence)
                previous, sequence = entry.hash, entry.sequence
                if entry.kind == "receipt":
                    yield from _receipt(store, entry, checked)
        except LedgerBroken as error:
            yield Broken(tenant_id, str(error), f"ledger entry {sequence + 1}", previous)


def _link(entry: Entry, previous: str, sequence: int) -> Iterator[Broken]:
    where = f"ledger entry {entry.sequence} ({entry.kind})"
    if entry_hash(entry) != entry.hash:
        yield Broken(entry.tenant_id, "the entry's content does not give its hash", where, entry.hash)
    if entry.previous != previous or entry.sequence != sequence + 1:
        yield Broken(entry.tenant_id, "the entry does not follow from the one before it", where, entry.hash)


def _receipt(store: EvidenceStore, entry: Entry, checked: set[str]) -> Iterator[Broken | Verified]:
    digest = str(entry.payload.get("receipt", ""))
    stream, scope = str(entry.payload.get("stream")), str(entry.payload.get("scope"))
    where = f"{stream} ({scope}) of ledger entry {entry.sequence}"
    try:
        receipt = read_receipt(store, digest)
    except (EvidenceMissing, EvidenceCorrupt, ValueError) as error:
        yield Broken(entry.tenant_id, f"receipt: {error}", where, digest)
        return
    whole = True
    named = [("page", page.sha256) for page in receipt.pages]
    if receipt.records_sha256:
        named.append(("records", receipt.records_sha256))
    if (receipt.tenant_id, receipt.stream, receipt.scope) != (entry.tenant_id, stream, scope):
        whole = False
        yield Broken(entry.tenant_id, "the receipt is of another tenant, stream or scope than its entry", where, digest)
    for kind, sha256 in named:
        if sha256 in checked:
            continue
        try:
            store.get(sha256)
        except (EvidenceMissing, EvidenceCorrupt) as error:
            whole = False
            yield Broken(entry.tenant_id, f"{kind}: {error}", where, sha256)
        else:
            checked.add(sha256)
    if whole:
        yield Verified(entry.tenant_id, receipt.stream, receipt.scope, len(named) + 1)


def write_receipt(store: EvidenceStore, receipt: Receipt) -> str:
    """Keep a receipt in its canonical form and return its digest."""
    return store.put(canonical(receipt.model_dump(mode="json")))


def read_receipt(store: EvidenceStore, digest: str) -> Receipt:
    """Return the receipt of a digest. Raises EvidenceMissing, EvidenceCorrupt, or ValueError if it is no receipt."""
    try:
        return Receipt.model_validate(decode(store.get(digest)))
    except (BadJson, ValidationError) as error:
        raise ValueError(f"object {digest} is not a receipt: {type(error).__name__}") from None
