"""`kushim warehouse`. A URL that holds a password is no argument: other users see those."""

import sys
from datetime import datetime
from typing import Any

import click

_wait = click.option("--wait", "wait_seconds", type=click.FloatRange(min=0), default=60.0, show_default=True,
                     metavar="SECONDS", help="How long to wait for another writer and for locks.")  # fmt: skip
_day = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def warehouse() -> None:
    """The warehouse: migrate, check, copy, export."""


@warehouse.command()
@click.option("--dry-run", is_flag=True, help="Do all of it, say how long it took, and take it back.")
@_wait
def migrate(dry_run: bool, wait_seconds: float) -> None:
    """Bring the schema, the fact tables and the marts forward, while readers go on reading.

    On Postgres this needs a login that is a member of kushim_owner; afterwards a member of kushim_loader is enough.
    """
    from kushim_pipeline.commands import warehouse_work

    warehouse_work.migrate(_settings(), dry_run, wait_seconds)


@warehouse.command()
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
              help="How to print.")  # fmt: skip
@_wait
def check(form: str, wait_seconds: float) -> None:
    """Say whether the warehouse is sound, a line for each rule; the exit code is 1 when it is not."""
    from kushim_pipeline.commands import warehouse_work

    sys.exit(warehouse_work.check(_settings(), form, wait_seconds))


@warehouse.command()
@click.option("--to", "target", required=True, metavar="URL", help="A new warehouse: env:NAME, or a URL (no password).")
@_wait
def copy(target: str, wait_seconds: float) -> None:
    """Copy the whole warehouse into a new one, from either engine to either, and prove that nothing was lost."""
    from kushim_pipeline.commands import warehouse_work

    warehouse_work.copy(_settings(), target, wait_seconds)


@warehouse.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--tenant", required=True, metavar="T", help="Whose rows.")
@click.option("--framework", metavar="F", help="Only what this framework's criteria need, e.g. soc2.")
@click.option("--from", "first", type=_day, metavar="DATE", help="The first day of the audit window (UTC).")
@click.option("--to", "last", type=_day, metavar="DATE", help="The last day of the audit window (UTC).")
@_wait
def export(
    file: str, tenant: str, framework: str | None, first: datetime | None, last: datetime | None, wait_seconds: float
) -> None:
    """Write one tenant's rows to a new DuckDB FILE, for an auditor."""
    from kushim_pipeline.commands import warehouse_work

    if (first is None) != (last is None):
        raise click.UsageError("a window has two ends: give --from and --to")
    window = (first.date(), last.date()) if first and last else None
    warehouse_work.export(_settings(), file, tenant, framework, window, wait_seconds)


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
