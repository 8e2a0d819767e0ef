"""`kushim tenants`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

_format = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="How to print.",
)  # fmt: skip
_day = click.DateTime(["%Y-%m-%d"])


@click.group()
def tenants() -> None:
    """A tenant's life: add, pause, resume, offboard, shred.

    A tenant's file is the truth: these commands edit its lines `state` and `retain_until`, nothing else in it. Who did
    what is in the audit trail.
    """


@tenants.command("list")
@_format
def list_(form: str) -> None:
    """Show all tenants, also those whose file is gone, with their state."""
    from kushim_pipeline.commands.output import show
    from kushim_pipeline.operate.life import recorded, standing_of
    from kushim_pipeline.tenants.load import load_tenants

    settings = _settings()
    loaded = load_tenants(settings.tenants, check_secrets=False)
    files = {tenant.tenant: tenant for tenant in loaded.tenants}
    rows = []
    for tenant_id in sorted({*files, *loaded.refused, *recorded(settings)}):
        tenant, standing = files.get(tenant_id), standing_of(settings, loaded, tenant_id)
        state = standing.state if standing else None
        problem = next((str(problem) for problem in loaded.problems if problem.tenant == tenant_id), None)
        rows.append((tenant_id, tenant.name if tenant else None, "refused" if problem else state,
                     standing.retain_until if standing else None,
                     len(tenant.connections) if tenant else None, problem))  # fmt: skip
    show(("tenant_id", "name", "state", "retain_until", "connections", "problem"), rows, form)


@tenants.command()
@click.argument("tenant")
@click.option("--name", required=True, metavar="NAME", help="What the organisation is called.")
@click.option("--framework", "frameworks", multiple=True, metavar="F", help="A framework to judge by (repeatable).")
def add(tenant: str, name: str, frameworks: tuple[str, ...]) -> None:
    """Write the file of a new tenant; its connections are for you to fill in."""
    from kushim_pipeline.operate.life import begin

    with _refusals():
        path = begin(_settings(), tenant, name, frameworks or ("soc2",))
    click.echo(f"{path} is written; now name its accounts in it (docs/tenants.md), then: kushim run --tenant {tenant}")


@tenants.command()
@click.argument("tenant")
def pause(tenant: str) -> None:
    """Stop collecting; verdicts grow stale, and nothing is lost."""
    _change(tenant, "paused", "is not collected any more; its verdicts turn UNKNOWN as they grow stale")


@tenants.command()
@click.argument("tenant")
def resume(tenant: str) -> None:
    """Collect again. An offboarded tenant needs its secrets and access grants anew."""
    _change(tenant, "active", "is collected again from the next run on")


@tenants.command()
@click.argument("tenant")
@click.option("--retain-until", type=_day, metavar="DATE", help="The last day on which its evidence is needed.")
def offboard(tenant: str, retain_until: datetime | None) -> None:
    """End a tenant's verdicts; destroy its secrets, revoke the access to it.

    The evidence stays, for ever or until the end of the day --retain-until; see `kushim tenants shred`.
    """
    until = retain_until.date() if retain_until else None
    _change(tenant, "offboarded", "is offboarded: no collection, no secrets, no access; its evidence stays", until)


@tenants.command()
@click.argument("tenant", required=False)
@click.option("--due", "all_due", is_flag=True, help="All offboarded tenants whose retain_until has passed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def shred(tenant: str | None, all_due: bool, yes: bool) -> None:
    """Forget an offboarded tenant for ever: destroy its keys, delete its rows.

    Before its retain_until has passed this is refused. Its ledger stays, and still verifies.
    """
    from kushim_pipeline.operate.life import today
    from kushim_pipeline.operate.shred import due, why_not
    from kushim_pipeline.operate.shred import shred as forget
    from kushim_pipeline.tenants.load import load_tenants

    if (tenant is None) != all_due:
        raise click.UsageError("name a tenant, or say --due")
    settings = _settings()
    loaded = load_tenants(settings.tenants, check_secrets=False)
    if tenant is not None and (reason := why_not(settings, loaded, tenant, today())):
        raise click.ClickException(f"tenant {tenant} was not shredded: {reason}")
    chosen = [tenant] if tenant else due(settings, loaded, today())
    if not chosen:
        click.echo("no tenant is due", err=True)
    for name in chosen:
        if not yes and click.prompt(f"Type {name} to destroy its evidence for ever", err=True) != name:
            raise click.ClickException(f"that is not {name}; nothing was destroyed")
        with _refusals():
            forget(settings, loaded, name, today(), lambda line: click.echo(line, err=True))
        click.echo(f"tenant {name} is shredded; its file may be removed")


@tenants.command()
@click.argument("tenant")
@_format
def history(tenant: str, form: str) -> None:
    """Show a tenant's states since when, from its ledger."""
    from kushim_pipeline.commands.output import show
    from kushim_pipeline.evidence.ledger import Ledger
    from kushim_pipeline.evidence.life import lives

    found = reversed(list(lives(Ledger(_settings().evidence), tenant)))
    columns = ("state", "before", "retain_until", "by", "actor")
    rows = [(entry.recorded_at, *(entry.payload.get(column) for column in columns)) for entry in found]
    show(("at", *columns), rows, form)


def _change(tenant: str, state: str, said: str, retain_until: Any = None) -> None:
    from kushim_pipeline.operate.life import change

    with _refusals():
        done = change(_settings(), tenant, state, retain_until)
    click.echo(f"tenant {tenant} {said}" if done else f"tenant {tenant} is {state} already; nothing was changed")


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell a refusal in a sentence: exit code 2 for an unknown tenant, 1 for what must not be done."""
    from kushim_pipeline.operate.life import LifeRefused, UnknownTenant
    from kushim_pipeline.tenants.edit import EditRefused

    try:
        yield
    except UnknownTenant as error:
        raise click.UsageError(str(error)) from None
    except (LifeRefused, EditRefused) as error:
        raise click.ClickException(str(error)) from None


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
