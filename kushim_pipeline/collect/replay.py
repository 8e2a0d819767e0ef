"""Read a unit again from the answers that its last receipt kept: today's reading code, and no vendor.

What was quarantined because an earlier version could not read it is taken in that way. The answers are evidence of the
time at which they came, so the new receipt has the pages of the old one and proves what it says as of the same moment.
"""

import hashlib
import math
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.collect.before import Head, UnitKey, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.http.tape import Tape
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import (
    NO_SECRET,
    SOURCES,
    Stores,
    code_version,
    ledger_entry,
    masking,
    repeating,
    source_module,
)
from kushim_pipeline.collect.standing import Refused, Standing
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.collect.unwritable import EvidenceUnwritable, Watched
from kushim_pipeline.evidence.ledger import Ledger, LedgerMoved
from kushim_pipeline.evidence.receipt import ReadError, Reason, Receipt
from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceMissing, EvidenceShredded
from kushim_pipeline.evidence.verify import read_receipt, write_receipt
from kushim_pipeline.tenants.config import Connection, TenantConfig
from kushim_pipeline.tenants.secret import MissingSecret, Resolver, resolve_all

# How a collection says that an answer or a record holds the connection's own secret.
_REPEATS = ("repeats a secret of this connection", "repeats the token")
_UNREADABLE = (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded, ValueError)
# Nobody is waited for, and a tape that has no answer to one call may have one to the next.
_PATIENCE = Patience(longest=math.inf, total=math.inf, limited=math.inf, give_up_after=2**31, cool_down=0.0)


@dataclass(frozen=True)
class Replayed:
    """What reading a unit again came to. `replay_of`: the receipt whose pages were read; `digest`: of the new receipt,
    None where nothing has changed and none was written; `taken_in`: what was quarantined and is a record now, None for
    the listing itself; `left`: what is quarantined still, or now."""

    unit: Unit
    replay_of: str
    digest: str | None
    receipt: Receipt
    taken_in: tuple[str | None, ...]
    left: tuple[ReadError, ...]


def quarantined(stores: Stores, tenant_id: str, standing: Standing) -> Iterator[tuple[UnitKey, str]]:
    """The units whose last receipt set something aside, with its digest. What cannot be read is passed over."""
    for unit, last in list(standing.units.items()):
        try:
            receipt = read_receipt(stores.evidence, tenant_id, last.digest)
        except _UNREADABLE:
            continue
        if _set_aside(receipt):
            yield unit, last.digest


def replay(
    tenant: TenantConfig, key: UnitKey, digest: str, stores: Stores, resolver: Resolver, standing: Standing
) -> Replayed:
    """Read a unit again from its last receipt, and say so in the ledger if that changed anything.

    In: whose it is, the unit, the digest of its last receipt, where evidence is, who resolves secrets, and how the
    units stand. The secrets are looked for in the records; where one is not at hand, what looks like a secret is masked
    all the same. Raises Refused; what writing evidence raises.
    """
    last = standing.checked(key, digest)
    try:
        original = read_receipt(stores.evidence, tenant.tenant, digest)
    except _UNREADABLE as error:
        raise Refused(f"the receipt cannot be read: {error}") from None
    receipt, missed = read_again(tenant, original, digest, last.before, stores, resolver)
    _refuse_less(original, receipt, missed)
    written = None
    if original.contents_sha256 != receipt.contents_sha256 or _reasons(original) != _reasons(receipt):
        written = write_receipt(stores.evidence, receipt)
        _acknowledge(stores.ledger, key, digest, ledger_entry(receipt, written), standing)
    return Replayed(
        unit=_unit(receipt),
        replay_of=original.replay_of or digest,
        digest=written,
        receipt=receipt,
        taken_in=tuple(sorted(_names(_set_aside(original)) - _names(receipt.errors), key=lambda name: name or "")),
        left=_set_aside(receipt),
    )


def read_again(
    tenant: TenantConfig, original: Receipt, digest: str, head: Head, stores: Stores, resolver: Resolver
) -> tuple[Receipt, list[str]]:
    """The receipt that today's reading code makes of another one's pages, and the calls that it asked in vain.

    In: the receipt and its digest, and what the ledger said of the unit before it. Nothing is written but records.
    Raises Refused where the pages cannot be read again.
    """
    connection, unit = _place(tenant, original)
    module = source_module(unit.source)
    masked, repeats = _watching(tenant, connection, resolver)
    tape = Tape(original.pages, partial(stores.evidence.get, tenant.tenant), masked)
    store = Watched(_Kept(stores, {page.sha256 for page in original.pages}))
    moment = original.as_of or original.started_at
    collection = Collection(
        unit,
        store,
        code_version=code_version(unit.source),
        mask=masked,
        repeats=repeats,
        head=head,
        before=partial(load_before, stores.evidence, tenant.tenant, Head(original.base)),
        as_of=moment,
    )
    clock = _Clock(moment.timestamp())
    pace = Pace(
        share=1.0,
        patience=_PATIENCE,
        clockwork=Clockwork(wait=clock.wait, now=clock.now, chance=lambda: 0.0),
        as_of=moment.timestamp(),
        tape=tape,
    )
    # What stands for the secrets goes nowhere, and no answer holds it.
    placeholders = {name: SecretStr(uuid.uuid4().hex) for name in connection.secret_refs()}
    try:
        module.collect(connection, placeholders, [unit], lambda _: collection, lambda _: None, pace)
    except Exception as error:  # noqa: BLE001 # as in a collection: whatever it is ends in the receipt
        collection.problem(Reason.NOT_COLLECTED, "collect", f"{type(error).__name__}: {error}")
    if tape.broken is not None:
        raise Refused(f"an answer that the receipt names cannot be read: {tape.broken}")
    if store.refused:
        raise EvidenceUnwritable(f"evidence cannot be written: {store.refused}") from store.refused
    receipt = collection.finish()
    proven = original.proven_at or original.started_at
    told = {
        "pages": original.pages,
        "replay_of": original.replay_of or digest,
        "proven_at": min(proven, receipt.proven_at or proven),
    }
    return receipt.model_copy(update=told), tape.missed


def _acknowledge(ledger: Ledger, key: UnitKey, digest: str, payload: Mapping[str, Any], standing: Standing) -> None:
    """Write the new receipt into the ledger, unless another reading of the unit came between. Raises Refused."""
    while True:
        standing.checked(key, digest)
        with suppress(LedgerMoved):
            ledger.append(standing.tenant_id, "receipt", payload, after=standing.sequence)
            return


def _place(tenant: TenantConfig, receipt: Receipt) -> tuple[Connection, Unit]:
    """The connection that a receipt is of, and the unit, as today's configuration and code have them."""
    if receipt.source not in SOURCES:
        raise Refused(f"the source {receipt.source} is not read by this version")
    for connection in tenant.connections:
        if connection.connection_id == receipt.connection_id:
            unit = _unit(receipt)
            if unit not in source_module(receipt.source).units(tenant.tenant, connection):
                raise Refused(f"{receipt.stream} ({receipt.scope}) is not read any more")
            return connection, unit
    raise Refused(f"the tenant file has no connection {receipt.connection_id} any more")


def _watching(
    tenant: TenantConfig, connection: Connection, resolver: Resolver
) -> tuple[Callable[[str], str], Callable[[bytes], bool]]:
    """What masks secrets in a text, and what says whether bytes hold one."""
    secrets: dict[str, SecretStr] = {}
    for name, reference in connection.secret_refs().items():
        with suppress(MissingSecret):
            secrets |= resolve_all({name: reference}, resolver, tenant.tenant)
    return masking(secrets.values()), repeating(secret for name, secret in secrets.items() if name not in NO_SECRET)


def _refuse_less(original: Receipt, receipt: Receipt, missed: list[str]) -> None:
    """Refuse a reading that knows less than the one before, because it had no answers."""
    said = [error.message for error in original.errors if error.reason is Reason.QUARANTINED]
    if any(words in message for message in said for words in _REPEATS):
        raise Refused(
            "an answer or a record of it repeats the connection's own secret and was not kept: take the secret out at "
            "the vendor, make a new one, and run `kushim run`"
        )
    if receipt.base != original.base:
        raise Refused("today's reading does not build on what this receipt built on: run `kushim run`")
    if missed and not _names(receipt.errors) <= _names(original.errors):
        raise Refused(f"today's reading asks for what this receipt holds no answer to ({missed[0]}): run `kushim run`")


def _set_aside(receipt: Receipt) -> tuple[ReadError, ...]:
    return tuple(error for error in receipt.errors if error.reason is Reason.QUARANTINED)


def _names(errors: tuple[ReadError, ...]) -> set[str | None]:
    return {error.resource_id for error in errors}


def _reasons(receipt: Receipt) -> set[tuple[str | None, Reason]]:
    return {(error.resource_id, error.reason) for error in receipt.errors}


def _unit(receipt: Receipt) -> Unit:
    return Unit(
        receipt.tenant_id,
        receipt.connection_id,
        receipt.source,
        receipt.account_id,
        receipt.stream,
        receipt.scope,
    )


class _Kept:
    """An EvidenceStore that does not keep once more what it holds already."""

    def __init__(self, stores: Stores, known: set[str]) -> None:
        self._store = stores.evidence
        self._known = known

    def put(self, tenant_id: str, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        return digest if digest in self._known else self._store.put(tenant_id, data)

    def get(self, tenant_id: str, digest: str) -> bytes:
        return self._store.get(tenant_id, digest)

    def holds(self, tenant_id: str, digest: str) -> bool:
        return self._store.holds(tenant_id, digest)


class _Clock:
    """A clock that begins when the answers came, and on which waiting costs nothing."""

    def __init__(self, start: float) -> None:
        self._at = start
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._at

    def wait(self, seconds: float) -> None:
        with self._lock:
            self._at += seconds
