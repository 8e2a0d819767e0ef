"""What `kushim quarantine replay` does: choose the receipts, read them again, say what came out and what to do."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import click

from kushim_pipeline.collect.before import UnitKey
from kushim_pipeline.collect.replay import Replayed, quarantined
from kushim_pipeline.collect.replay import replay as replay_unit
from kushim_pipeline.collect.run import Stores, expected_units
from kushim_pipeline.collect.standing import Refused, Standing
from kushim_pipeline.commands.output import show
from kushim_pipeline.commands.read import refuse_unknown
from kushim_pipeline.commands.work import say
from kushim_pipeline.settings import Settings
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.secret import Resolver

COLUMNS = (
    "tenant_id", "connection_id", "stream", "scope", "resource_id", "replay", "reason", "replay_of", "receipt_sha256",
)  # fmt: skip
_SHORTEST = 8
Row = tuple[object, ...]


@dataclass(frozen=True)
class Wanted:
    """Which receipts: one by its digest or a beginning of it, or all that the rest leaves."""

    receipt: str | None
    tenants: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()

    def holds(self, unit: UnitKey) -> bool:
        """Whether a unit is meant by connection and stream."""
        connection, stream, _ = unit
        return connection in (self.connections or (connection,)) and stream in (self.streams or (stream,))


def replay(settings: Settings, wanted: Wanted, form: str, *, judge: bool) -> int:
    """Read the receipts again; print a row for each record that was in quarantine or is now.

    Out: 0, or 1 where a receipt could not be replayed or its records not be judged. Raises UsageError for a tenant or a
    receipt that is not known.
    """
    from kushim_pipeline.stores import open_stores

    stores = open_stores(settings)
    tenants = _tenants(settings, wanted)
    resolver = _resolver(settings)
    rows: list[Row] = []
    written = refused = 0
    standing = {tenant: Standing(stores.ledger, tenant) for tenant in tenants}
    for tenant, unit, digest in _chosen(stores, tenants, standing, wanted):
        try:
            found = replay_unit(tenant, unit, digest, stores, resolver, standing[tenant.tenant])
        except Refused as why:
            refused += 1
            rows.append((tenant.tenant, *unit, None, "refused", str(why), digest, None))
            continue
        if found.digest is not None:
            written += 1
            _remember(settings, found)
        rows += _rows(found)
    show(COLUMNS, rows, form)
    _tell(rows)
    if written and judge:
        from kushim_pipeline.defs.run import judge_pipeline

        summary = judge_pipeline(settings, say)
        for message in summary.messages:
            say(message)
        return 0 if summary.ok and not refused else 1
    if written:
        say("the next `kushim run` judges them")
    return 1 if refused else 0


def _chosen(
    stores: Stores, tenants: dict[str, TenantConfig], standing: dict[str, Standing], wanted: Wanted
) -> Iterator[tuple[TenantConfig, UnitKey, str]]:
    """The receipts that are meant. Raises UsageError."""
    if wanted.receipt is None:
        for tenant_id, tenant in tenants.items():
            # What is not read any more is nobody's quarantine.
            expected = {(unit.connection_id, unit.stream, unit.scope) for unit in expected_units(tenant)}
            for unit, digest in quarantined(stores, tenant_id, standing[tenant_id]):
                if unit in expected and wanted.holds(unit):
                    yield tenant, unit, digest
        return
    begins = wanted.receipt.lower()
    if len(begins) < _SHORTEST:
        raise click.UsageError(f"name at least {_SHORTEST} characters of the receipt's SHA-256")
    found = {
        (tenant_id, (str(said["connection_id"]), str(said["stream"]), str(said["scope"])), str(said["receipt"]))
        for tenant_id in tenants
        for entry in stores.ledger.entries(tenant_id)
        if entry.kind == "receipt" and str((said := entry.payload)["receipt"]).startswith(begins)
    }
    if len(found) != 1:
        what = "several receipts begin" if found else "no receipt begins"
        raise click.UsageError(f"{what} with {begins}; `kushim quarantine` names them")
    ((tenant_id, unit, digest),) = found
    yield tenants[tenant_id], unit, digest


def _rows(found: Replayed) -> list[Row]:
    unit = (found.unit.tenant_id, found.unit.connection_id, found.unit.stream, found.unit.scope)
    ends = (found.replay_of, found.digest)
    return [
        *((*unit, name, "taken in", None, *ends) for name in found.taken_in),
        *((*unit, error.resource_id, "still quarantined", f"{error.operation}: {error.message}", *ends)
          for error in found.left),
    ]  # fmt: skip


def _tell(rows: list[Row]) -> None:
    counted = {word: sum(row[5] == word for row in rows) for word in ("taken in", "still quarantined", "refused")}
    if not rows:
        say("nothing is in quarantine that was set aside by a collection")
        return
    say(
        f"{counted['taken in']} taken in, {counted['still quarantined']} still quarantined, "
        f"{counted['refused']} receipts not replayed"
    )
    if counted["still quarantined"]:
        say("what stays there is to be mended at the vendor, or by a version of Kushim that can read it")


def _remember(settings: Settings, found: Replayed) -> None:
    """Who replayed what belongs into the audit trail."""
    from kushim_pipeline.evidence.trail import Trail

    details = {
        "connection_id": found.unit.connection_id,
        "stream": found.unit.stream,
        "scope": found.unit.scope,
        "replay_of": found.replay_of,
        "receipt": found.digest,
        "taken_in": len(found.taken_in),
        "left": len(found.left),
    }
    Trail(settings.home).add("quarantine.replay", details, tenant_id=found.unit.tenant_id)


def _tenants(settings: Settings, wanted: Wanted) -> dict[str, TenantConfig]:
    """The tenants that may be read again, by their ids."""
    from kushim_pipeline.tenants.load import load_tenants, not_active

    loaded = load_tenants(settings.tenants, check_secrets=False)
    refuse_unknown("tenant", wanted.tenants, [*(tenant.tenant for tenant in loaded.tenants), *loaded.refused])
    for problem in loaded.problems:
        if not wanted.tenants or problem.tenant is None or problem.tenant in wanted.tenants:
            say(str(problem))
    meant = [tenant for tenant in loaded.tenants if not wanted.tenants or tenant.tenant in wanted.tenants]
    for tenant in meant:
        if tenant.state != "active":
            say(not_active(tenant))
    return {tenant.tenant: tenant for tenant in meant if tenant.state == "active"}


def _resolver(settings: Settings) -> Resolver:
    """Who resolves references to secrets, which are looked for in what is taken in. The vault is only read."""
    from kushim_pipeline.vault import open_vault
    from kushim_pipeline.vault.resolver import resolver

    return resolver(os.environ, partial(open_vault, settings))
