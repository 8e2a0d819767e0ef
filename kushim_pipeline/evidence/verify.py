"""Re-hash the evidence and follow the ledger: the proof that nothing was changed since it was acknowledged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from kushim_pipeline.evidence.json_door import BadJson, canonical, decode
from kushim_pipeline.evidence.ledger import GENESIS, Entry, Ledger, LedgerBroken, entry_hash
from kushim_pipeline.evidence.life import LIFE, SHREDDED
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.evidence.store import (
    EvidenceCorrupt,
    EvidenceLocked,
    EvidenceMissing,
    EvidenceShredded,
    EvidenceStore,
)

_GONE = (EvidenceMissing, EvidenceLocked, EvidenceShredded)
"""What may be so because the tenant was shredded; then it is as it should be."""
_UNREADABLE = (*_GONE, EvidenceCorrupt)


@dataclass(frozen=True)
class Broken:
    """One record that does not verify: whose, what is wrong, where it stands, and the digest concerned."""

    tenant_id: str
    what: str
    where: str
    digest: str


@dataclass(frozen=True)
class Verified:
    """One receipt that does verify, with the number of evidence objects that were re-hashed for it.

    `replay_of`: the receipt whose pages were read again for it; None where the vendor was asked.
    """

    tenant_id: str
    stream: str
    scope: str
    objects: int
    replay_of: str | None = None


@dataclass(frozen=True)
class Shredded:
    """A tenant whose keys were destroyed on purpose, as its ledger says: when, by whom, how many receipts are gone."""

    tenant_id: str
    at: datetime
    actor: str
    receipts: int


def verify(store: EvidenceStore, ledger: Ledger, tenant_ids: Sequence[str]) -> Iterator[Broken | Verified | Shredded]:
    """Check every ledger entry of the tenants, and every object that their receipts name.

    Yields a Verified for each whole receipt and a Broken for each fault. What cannot be read because the tenant was
    shredded later, as the ledger says, is no fault: one Shredded stands for all of it. It writes nothing.
    """
    for tenant_id in tenant_ids:
        checked: set[str] = set()
        before: set[str] = set()
        gone: list[Broken] = []
        unread: set[int] = set()
        readable = 0
        shredded: Entry | None = None
        for entry, faults in _followed(ledger, tenant_id):
            yield from faults
            if entry is not None and entry.kind == LIFE and entry.payload.get("state") == SHREDDED:
                shredded = entry
            if entry is None or entry.kind != "receipt":
                continue
            for found in _receipt(store, entry, checked, before):
                if not isinstance(found, _Gone):
                    readable += isinstance(found, Verified) and shredded is None
                    yield found
                elif shredded is None:
                    gone.append(found.broken)
                    unread.add(entry.sequence)
                else:
                    yield found.broken
            before.add(str(entry.payload.get("receipt", "")))
        if shredded is None:
            yield from gone
            continue
        if readable:
            what = f"the ledger says that the tenant was shredded, yet {readable} receipts before can still be read"
            yield Broken(tenant_id, what, f"ledger entry {shredded.sequence} (life)", shredded.hash)
        actor = str(shredded.payload.get("actor", ""))
        yield Shredded(tenant_id, shredded.recorded_at, actor, len(unread))


def verify_chain(ledger: Ledger, chain: str) -> Iterator[Broken]:
    """Follow one chain of entries alone, the audit trail's for instance."""
    for _, faults in _followed(ledger, chain):
        yield from faults


@dataclass(frozen=True)
class _Gone:
    broken: Broken


def _followed(ledger: Ledger, chain: str) -> Iterator[tuple[Entry | None, list[Broken]]]:
    """Every entry with its faults; at last None, with the fault, where a line is no entry."""
    previous, sequence = GENESIS, 0
    try:
        for entry in ledger.entries(chain):
            yield entry, list(_link(entry, previous, sequence))
            previous, sequence = entry.hash, entry.sequence
    except LedgerBroken as error:
        yield None, [Broken(chain, str(error), f"ledger entry {sequence + 1}", previous)]


def _link(entry: Entry, previous: str, sequence: int) -> Iterator[Broken]:
    where = f"ledger entry {entry.sequence} ({entry.kind})"
    if entry_hash(entry) != entry.hash:
        yield Broken(entry.tenant_id, "the entry's content does not give its hash", where, entry.hash)
    if entry.previous != previous or entry.sequence != sequence + 1:
        yield Broken(entry.tenant_id, "the entry does not follow from the one before it", where, entry.hash)


def _receipt(
    store: EvidenceStore, entry: Entry, checked: set[str], before: set[str]
) -> Iterator[Broken | Verified | _Gone]:
    """Check one receipt. In: the objects that were found whole so far, which are added to; the receipts before it."""
    digest = str(entry.payload.get("receipt", ""))
    stream, scope = str(entry.payload.get("stream")), str(entry.payload.get("scope"))
    where = f"{stream} ({scope}) of ledger entry {entry.sequence}"
    try:
        receipt = read_receipt(store, entry.tenant_id, digest)
    except (*_UNREADABLE, ValueError) as error:
        yield _fault(entry, f"receipt: {error}", where, digest, error)
        return
    whole = True
    named = receipt.objects
    if (receipt.tenant_id, receipt.stream, receipt.scope) != (entry.tenant_id, stream, scope):
        whole = False
        yield Broken(entry.tenant_id, "the receipt is of another tenant, stream or scope than its entry", where, digest)
    for what in _replay_faults(store, entry, receipt, before):
        whole = False
        yield Broken(entry.tenant_id, what, where, digest)
    for kind, sha256 in named:
        if sha256 in checked:
            continue
        try:
            store.get(entry.tenant_id, sha256)
        except _UNREADABLE as error:
            whole = False
            yield _fault(entry, f"{kind}: {error}", where, sha256, error)
        else:
            checked.add(sha256)
    if whole:
        yield Verified(entry.tenant_id, receipt.stream, receipt.scope, len(named) + 1, receipt.replay_of)


def _replay_faults(store: EvidenceStore, entry: Entry, receipt: Receipt, before: set[str]) -> Iterator[str]:
    """What is wrong with a receipt that says that it was made from another one's pages: they must be that one's."""
    named = receipt.replay_of
    if entry.payload.get("replay_of") != named:
        yield "the entry and the receipt do not name the same receipt as the one that was read again"
    if named is None:
        return
    if named not in before:
        yield f"it says that {named} was read again, of which the ledger knows nothing before"
        return
    try:
        original = read_receipt(store, entry.tenant_id, named)
    except (*_UNREADABLE, ValueError):
        return  # told where it stands in the ledger
    ours, theirs = (
        (each.connection_id, each.stream, each.scope, each.pages, each.base) for each in (receipt, original)
    )
    if ours != theirs:
        yield f"its pages are not those of {named}, which it says was read again"
    elif receipt.proven_at is None or receipt.proven_at > (original.proven_at or original.finished_at):
        yield f"it says that it is fresher than {named}, whose pages it has"


def _fault(entry: Entry, what: str, where: str, digest: str, error: Exception) -> Broken | _Gone:
    broken = Broken(entry.tenant_id, what, where, digest)
    return _Gone(broken) if isinstance(error, _GONE) else broken


def write_receipt(store: EvidenceStore, receipt: Receipt) -> str:
    """Keep a receipt in its canonical form and return its digest."""
    return store.put(receipt.tenant_id, canonical(receipt.model_dump(mode="json")))


def read_receipt(store: EvidenceStore, tenant_id: str, digest: str) -> Receipt:
    """Return the receipt of a tenant and digest. Raises what the store's `get` does, or ValueError if it is none."""
    try:
        return Receipt.model_validate(decode(store.get(tenant_id, digest)))
    except (BadJson, ValidationError) as error:
        raise ValueError(f"object {digest} is not a receipt: {type(error).__name__}") from None
