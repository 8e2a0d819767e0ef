"""The commands that work: run, demo, verify. Each returns the process's exit code."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from kushim_pipeline.commands.output import clean, one_line_each, printable
from kushim_pipeline.commands.read import refuse_unknown
from kushim_pipeline.settings import Settings

if TYPE_CHECKING:
    from kushim_pipeline.evidence.verify import Broken


def run(settings: Settings, chosen: Sequence[str], sources: Sequence[str], *, full: bool = False) -> int:
    """Collect (`full`: all anew), judge, publish. 0 when all was done, 1 when a tenant was refused or a part failed."""
    from kushim_pipeline.catalogue.load import HERE
    from kushim_pipeline.catalogue.policy import load_policy, resolve
    from kushim_pipeline.operate.life import notice
    from kushim_pipeline.stores import shared_vault
    from kushim_pipeline.tenants.load import load_tenants, not_active
    from kushim_pipeline.vault.resolver import resolver

    vault = shared_vault(settings)  # refuses weak keys before anything begins
    policy = partial(resolve, load_policy(HERE / "policy.yaml"))
    loaded = load_tenants(settings.tenants, policy=policy, resolver=resolver(os.environ, lambda: vault))
    for problem in loaded.problems:
        if not chosen or problem.tenant is None or problem.tenant in chosen:
            say(str(problem))
    for line in notice(settings, loaded):
        say(line)
    meant = [tenant for tenant in loaded.tenants if not chosen or tenant.tenant in chosen]
    tenants = [tenant for tenant in meant if tenant.state == "active"]
    known = [tenant.tenant for tenant in loaded.tenants]
    refuse_unknown("tenant", chosen, [*known, *loaded.refused])
    _refuse_sources(sources, {connection.source for tenant in tenants for connection in tenant.connections})
    refused = bool(loaded.problems) if not chosen else bool(loaded.refused & set(chosen))
    if chosen:
        for tenant in meant:
            if tenant not in tenants:
                refused = True
                say(not_active(tenant))
    if not meant or (chosen and not tenants):
        say("nothing was run: no tenant file is right" if not meant else "nothing was run")
        return 1

    from kushim_pipeline.defs.run import run_pipeline

    summary = run_pipeline(settings, tenants, sources, say, full=full)
    for message in summary.messages:
        say(message)
    return 0 if summary.ok and not refused else 1


def _refuse_sources(sources: Sequence[str], configured: set[str]) -> None:
    from kushim_pipeline.collect.run import SOURCES

    refuse_unknown("source", sources, SOURCES)
    for source in sources:
        if source not in configured:
            raise click.UsageError(f"no tenant that would run has a connection to {source}")


def demo(settings: Settings) -> int:
    """Start the sandbox, run everything for its tenants, say what was found."""
    from kushim_pipeline.sandbox.demo import run_demo

    return run_demo(settings, lambda line: click.echo(one_line_each(line)))


def verify(settings: Settings, chosen: Sequence[str]) -> int:
    """Re-hash the evidence and follow the ledger. 0 when all of it is whole, 1 with a line for each broken record."""
    from kushim_pipeline.evidence.trail import Trail
    from kushim_pipeline.evidence.verify import Broken, Shredded
    from kushim_pipeline.evidence.verify import verify as verify_evidence
    from kushim_pipeline.stores import open_stores

    stores = open_stores(settings)
    known = stores.ledger.tenants()
    refuse_unknown("tenant", chosen, known)
    if not known:
        raise click.ClickException(
            f"there is no evidence in {settings.evidence}; run `kushim run` or `kushim demo` first"
        )
    total = broken_total = 0
    for tenant in chosen or known:
        receipts = replays = objects = broken = 0
        for found in verify_evidence(stores.evidence, stores.ledger, [tenant]):
            if isinstance(found, Broken):
                broken += 1
                _name(found)
            elif isinstance(found, Shredded):
                when = f"{found.at:%Y-%m-%d} by {found.actor}"
                click.echo(printable(clean(f"SHREDDED {tenant}: {found.receipts} receipts are gone since {when}")))
            else:
                receipts += 1
                replays += found.replay_of is not None
                objects += found.objects
        again = f" ({replays} made from answers that were read again)" if replays else ""
        say(f"{tenant}: {receipts} receipts{again} and {objects} objects whole, {broken} broken")
        total, broken_total = total + receipts, broken_total + broken
    if not chosen:
        for fault in Trail(settings.home).verify():
            broken_total += 1
            _name(fault)
    click.echo(f"{total} receipts verified, {broken_total} broken records")
    return 1 if broken_total else 0


def _name(broken: "Broken") -> None:
    click.echo(printable(clean(f"BROKEN {broken.tenant_id}: {broken.where}: {broken.what} (sha256 {broken.digest})")))


def evidence(settings: Settings, tenant: str, sha256: str, output: str | None) -> None:
    """Write the bytes of one evidence object to a file or to stdout, after their hash was checked."""
    from pathlib import Path

    from kushim_pipeline.evidence.forget import named_digests
    from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceMissing, EvidenceShredded
    from kushim_pipeline.stores import open_stores

    stores = open_stores(settings)
    refuse_unknown("tenant", [tenant], stores.ledger.tenants())
    digest = sha256.lower()
    try:
        data = stores.evidence.get(tenant, digest)
        # Kept by an earlier version for all tenants together, an object is whose receipts name it.
        mine = stores.evidence.is_own(tenant, digest) or digest in named_digests(stores.evidence, stores.ledger, tenant)
    except (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded) as error:
        raise click.ClickException(str(error)) from None
    if not mine:
        raise click.ClickException(f"no evidence object {digest} of tenant {tenant}")
    if output and output != "-":
        Path(output).write_bytes(data)
    else:
        click.echo(data, nl=False)


def trail(settings: Settings, tenant: str | None, form: str) -> None:
    """Show the audit trail: who did what, when."""
    from kushim_pipeline.commands.output import show
    from kushim_pipeline.evidence.trail import Trail

    rows = []
    for entry in Trail(settings.home).entries(tenant):
        details = {key: value for key, value in entry.payload.items() if key not in ("actor", "tenant_id")}
        rows.append(
            (entry.recorded_at, entry.payload.get("actor"), entry.kind, entry.payload.get("tenant_id"), details)
        )
    show(("at", "actor", "action", "tenant_id", "details"), rows, form)


def say(message: str) -> None:
    """A line for the person who watches: on stderr, so that stdout stays for results."""
    click.echo(one_line_each(message), err=True)
