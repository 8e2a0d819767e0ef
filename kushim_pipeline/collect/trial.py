"""Try what a connection may read: its real readers over a sample, into nothing, and what that means for the checks.

Nothing is kept: no evidence, no ledger, no count of calls. A sample proves nothing about a population, so only what was
refused or failed counts, never that a list was not read to its end.
"""

import hashlib
from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

from kushim_pipeline.catalogue.model import Check
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import NOT_ON_PLAN
from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import code_version, masking, source_module
from kushim_pipeline.collect.unit import GLOBAL, Unit
from kushim_pipeline.evidence.receipt import ReadError, Reason, Receipt
from kushim_pipeline.evidence.store import EvidenceMissing
from kushim_pipeline.tenants.config import Connection, TenantConfig
from kushim_pipeline.tenants.secret import MissingSecret, Resolver, resolve_all

# Somebody waits for the answer: a vendor that asks for minutes is told of, not waited for.
PATIENCE = Patience(tries=2, longest=20.0, total=20.0, limited=60.0)
# What a reader or the collection itself says where no call failed: there is no page to look for.
_OURS = ("read", "collect", "record")
# What a collection says when its population is not the vendor's count, or is empty without proof: so is a sample's.
_RECONCILE = "reconcile"


class State(StrEnum):
    """What trying a stream came to."""

    READABLE = "readable"
    DENIED = "denied"
    NOT_ON_PLAN = "not on this plan"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


# A unit with several errors is told by the state that comes first here.
_FIRST = (State.DENIED, State.NOT_ON_PLAN, State.UNREACHABLE, State.FAILED, State.READABLE)


@dataclass(frozen=True)
class Tried:
    """One stream of one connection. `scopes`: where it came to this (AWS regions, or `global`). `call` and `said`:
    which call decided it and what happened in words, empty where it is readable; `needs`: the permissions that it
    takes; `checks`: what is UNKNOWN without it."""

    tenant_id: str
    connection_id: str
    source: str
    stream: str
    scopes: tuple[str, ...]
    state: State
    call: str
    said: str
    needs: tuple[str, ...]
    checks: tuple[str, ...]


class Nowhere:
    """An EvidenceStore that forgets: what is put has a digest, and that is all."""

    def put(self, tenant_id: str, data: bytes) -> str:
        """The digest that the bytes have."""
        return hashlib.sha256(data).hexdigest()

    def get(self, tenant_id: str, digest: str) -> bytes:
        """Raises EvidenceMissing."""
        raise EvidenceMissing(f"nothing of tenant {tenant_id} is kept while a connection is tried")

    def holds(self, tenant_id: str, digest: str) -> bool:
        """Never."""
        return False


def try_connection(
    tenant: TenantConfig,
    connection: Connection,
    resolver: Resolver,
    checks: Mapping[str, Check],
    pace: Pace | None = None,
) -> list[Tried]:
    """Try every stream of a connection.

    In: who resolves references to secrets, the catalogue's checks, and how to go about it (default: a sample with
    little patience). Out: one Tried for each stream and state, in the order of the source's streams. Raises nothing
    for what a vendor does, nor for a secret that is missing.
    """
    module = source_module(connection.source)
    planned = module.units(tenant.tenant, connection)
    failure = "the trial ended before this was read"
    secrets: dict[str, SecretStr] = {}
    receipts: dict[Unit, Receipt] = {}
    try:
        secrets = resolve_all(connection.secret_refs(), resolver, tenant.tenant)
    except MissingSecret as error:
        failure = f"{error}; {error.instead}" if error.instead else str(error)
    else:
        collections: dict[Unit, Collection] = {}
        masked = masking(secrets.values())

        def open_collection(unit: Unit) -> Collection:
            version = code_version(connection.source)
            collections[unit] = Collection(unit, Nowhere(), code_version=version, mask=masked)
            return collections[unit]

        def finish(unit: Unit) -> None:
            receipts[unit] = collections[unit].finish()

        try:
            quick = Pace(share=connection.budget_share, sample=True, patience=PATIENCE)
            module.collect(connection, secrets, planned, open_collection, finish, pace or quick)
        except Exception as error:  # noqa: BLE001 # whatever a client raises is what this connection came to
            failure = masked(f"{type(error).__name__}: {error}")
    permissions = _permissions(connection.source)
    failed = _failed(receipts.values())
    found: dict[tuple[str, State], list[tuple[Unit, str, str]]] = {}
    for unit in planned:
        state, call, said = judge(receipts[unit], failed) if unit in receipts else (State.FAILED, "", failure)
        found.setdefault((unit.stream, state), []).append((unit, call, said))
    return [
        Tried(
            tenant.tenant,
            connection.connection_id,
            connection.source,
            stream,
            tuple(unit.scope for unit, _, _ in units),
            state,
            *units[0][1:],
            permissions.get(stream, ()),
            () if state is State.READABLE else unknown_without(stream, checks.values()),
        )
        for (stream, state), units in found.items()
    ]


def judge(receipt: Receipt, failed: frozenset[str] = frozenset()) -> tuple[State, str, str]:
    """What the receipt of a sample says of its stream: the state, and call and words of the error that decides it.

    In: the calls that were answered with a fault of the vendor's own, in another receipt perhaps.
    """
    calls = failed | {page.operation for page in receipt.pages}
    counted = [(state, error) for error in receipt.errors if (state := _state(error, calls)) is not State.READABLE]
    if not counted:
        return State.READABLE, "", ""
    # Of the listing rather than of one resource: without it there are no resources to speak of.
    state, error = min(counted, key=lambda pair: (pair[1].resource_id is not None, _FIRST.index(pair[0])))
    whose = f"{error.resource_id}: " if error.resource_id else ""
    said = error.message.removeprefix(NOT_ON_PLAN) if state is State.NOT_ON_PLAN else error.message
    return state, error.operation, f"{whose}{said}"


def _failed(receipts: Iterable[Receipt]) -> frozenset[str]:
    """The calls made once for all streams and regions that the vendor answered with a fault of its own: their answer is
    kept by one stream, such as AWS's GetCallerIdentity by `aws.account`."""
    pages = [page for receipt in receipts if receipt.scope == GLOBAL for page in receipt.pages]
    return frozenset(page.operation for page in pages if page.status >= 500)


def _state(error: ReadError, calls: Some[str]) -> State:
    """What one error means. `calls`: those that were answered, whatever the answer was."""
    if error.operation == _RECONCILE or (error.reason is Reason.QUARANTINED and error.resource_id is not None):
        return State.READABLE  # a sample is not the whole, and one odd record says nothing about access
    if error.reason is Reason.DENIED:
        return State.NOT_ON_PLAN if error.message.startswith(NOT_ON_PLAN) else State.DENIED
    if error.reason is Reason.NOT_COLLECTED and error.operation not in calls and error.operation not in _OURS:
        return State.UNREACHABLE
    return State.FAILED


def unknown_without(stream: str, checks: Iterable[Check]) -> tuple[str, ...]:
    """The checks that are UNKNOWN where a stream is not read: those that name it, and those that depend on them."""
    every = tuple(checks)
    lost = {check.id for check in every if stream in check.streams}
    while more := {check.id for check in every if check.id not in lost and lost & set(check.depends_on)}:
        lost |= more
    return tuple(sorted(lost))


def _permissions(source: str) -> dict[str, tuple[str, ...]]:
    """Stream -> the permissions that it takes, by the source's own list."""
    return {spec.name: spec.permissions for spec in getattr(source_module(source), "STREAMS", ())}
