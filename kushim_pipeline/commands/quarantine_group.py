"""`kushim quarantine`. Thin."""

import sys
from typing import Any

import click

_tenants = click.option("--tenant", "tenants", multiple=True, metavar="T", help="Only this tenant (repeatable).")
_format = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="How to print.",
)  # fmt: skip


@click.group(invoke_without_command=True)
@_tenants
@_format
@click.pass_context
def quarantine(context: click.Context, tenants: tuple[str, ...], form: str) -> None:
    """Show what was seen and could not be taken in, why, and in which answer it stands.

    These resources are UNKNOWN (quarantined) until they can be read; all others stand. `kushim evidence` prints the
    answer, `kushim quarantine replay` reads it again.
    """
    from kushim_pipeline.commands import quarantine_work

    if context.invoked_subcommand is None:
        quarantine_work.quarantine(_settings(), tenants, form)
    elif tenants or form != "table":
        raise click.UsageError(f"write the options after the command: kushim quarantine {context.invoked_subcommand} …")


@quarantine.command()
@click.argument("receipt", required=False)
@_tenants
@click.option("--connection", "connections", multiple=True, metavar="C", help="Only this connection (repeatable).")
@click.option("--stream", "streams", multiple=True, metavar="S", help="Only this stream (repeatable).")
@click.option("--judge/--no-judge", default=True, show_default=True, help="Judge at once what was taken in.")
@_format
def replay(
    receipt: str | None,
    tenants: tuple[str, ...],
    connections: tuple[str, ...],
    streams: tuple[str, ...],
    judge: bool,
    form: str,
) -> None:
    """Read quarantined records again, from the answers that were kept, with this version of Kushim.

    No vendor is asked and no secret is needed. RECEIPT is the receipt's SHA-256 or its beginning; without one, all last
    receipts that set something aside are read again. What can be read now is taken in and judged, as of the time at
    which it was collected: a replay makes nothing fresher. Whatever stays in quarantine is shown with its reason.

    The exit code is 0 whether or not records stay in quarantine, 1 when a receipt could not be replayed.
    """
    from kushim_pipeline.commands import replay_work

    wanted = replay_work.Wanted(receipt, tenants, connections, streams)
    sys.exit(replay_work.replay(_settings(), wanted, form, judge=judge))


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
