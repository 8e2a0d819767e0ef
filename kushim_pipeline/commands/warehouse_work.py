"""What the commands of `kushim warehouse` do."""

import os
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click

from kushim_pipeline.commands.output import clean, printable, show
from kushim_pipeline.commands.work import say
from kushim_pipeline.settings import Settings


def migrate(settings: Settings, dry_run: bool, wait_seconds: float) -> None:
    """Bring the warehouse forward, and print a line for each step."""
    from kushim_pipeline.catalogue.load import load
    from kushim_pipeline.operate.migrate import migrate_warehouse
    from kushim_pipeline.warehouse.migrating import Step

    def told(step: Step) -> None:
        tries = f" ({step.tries} tries)" if step.tries > 1 else ""
        click.echo(printable(f"{step.name:<40} {step.seconds:8.2f} s{tries}"))

    done = migrate_warehouse(settings.warehouse_url, load(), told, dry_run=dry_run, wait_seconds=wait_seconds)
    seconds = sum(step.seconds for step in done)
    if not done:
        click.echo("the warehouse is the newest already; there is nothing to do")
    elif dry_run:
        click.echo(f"{len(done)} steps would be applied, in {seconds:.1f} s; all of it was tried and taken back")
    else:
        click.echo(f"{len(done)} steps applied in {seconds:.1f} s")


def check(settings: Settings, form: str, wait_seconds: float) -> int:
    """Print what every rule found. 0 when the warehouse is sound, 1 when it is not."""
    from kushim_pipeline.catalogue.load import load
    from kushim_pipeline.evidence.ledger import Ledger
    from kushim_pipeline.operate.health import check_warehouse

    found = list(check_warehouse(settings.warehouse_url, Ledger(settings.evidence), load(), wait_seconds=wait_seconds))
    words = {True: "ok", False: "BROKEN", None: "not looked at"}
    if form == "table":
        for one in found:
            click.echo(printable(clean(f"{words[one.ok]:<13}  {one.rule:<12}  {one.found}")))
    else:
        show(("rule", "state", "found"), [(one.rule, words[one.ok], one.found) for one in found], form)
    return 1 if any(one.ok is False for one in found) else 0


def copy(settings: Settings, target: str, wait_seconds: float) -> None:
    """Copy the warehouse of the settings into another."""
    from kushim_pipeline.catalogue.load import load
    from kushim_pipeline.evidence.trail import Trail
    from kushim_pipeline.operate.copy import copy_warehouse

    url = target_url(target)
    copied = copy_warehouse(settings.warehouse_url, url, load(), say, wait_seconds=wait_seconds)
    rows = sum(one.rows for one in copied)
    Trail(settings.home).add("warehouse.copy", {"to": url.partition(":")[0], "tables": len(copied), "rows": rows})
    click.echo(f"{len(copied)} tables with {rows:,} rows copied; both sides hold the same")


def export(
    settings: Settings,
    file: str,
    tenant: str,
    framework: str | None,
    window: tuple[date, date] | None,
    wait_seconds: float,
) -> None:
    """Write one tenant's rows to a file."""
    from kushim_pipeline.catalogue.load import load
    from kushim_pipeline.evidence.trail import Trail
    from kushim_pipeline.operate.export import export as export_tenant

    made = export_tenant(
        settings.warehouse_url, load(), Trail(settings.home), tenant, Path.cwd() / Path(file).expanduser(), say,
        framework=framework, window=window, wait_seconds=wait_seconds,
    )  # fmt: skip
    click.echo(printable(clean(f"{file}: {made.rows:,} rows of {tenant} as of {made.as_of:%Y-%m-%d %H:%M} UTC")))
    click.echo(f"digest {made.digest}")


def target_url(given: str) -> str:
    """The URL that `--to` means. Raises UsageError, which repeats nothing of it, for what cannot be meant."""
    if given.startswith("env:"):
        url = os.environ.get(given.removeprefix("env:"), "")
        if not url:
            raise click.UsageError(f"the environment variable of --to {printable(given)} is not set")
    else:
        url = given
        if _has_password(url):
            raise click.UsageError(
                "a password in an argument can be read by everybody on this machine, and this one should be changed: "
                "put the URL into an environment variable and write --to env:NAME"
            )
    if not url.startswith(("duckdb:///", "postgresql+psycopg2://")):
        raise click.UsageError("--to is env:NAME, or a URL that begins with duckdb:/// or postgresql+psycopg2://")
    return url


def _has_password(url: str) -> bool:
    rest = url.partition("://")[2]
    if ":" in rest.rpartition("@")[0]:
        return True
    try:
        query = urlsplit(url).query
    except ValueError:
        return True  # not even the host can be told from the rest
    return any("pass" in name.lower() for name in parse_qs(query))
