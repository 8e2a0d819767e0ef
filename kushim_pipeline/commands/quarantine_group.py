"""`kushim quarantine`. Thin."""

from typing import Any

import click


@click.command()
@click.option("--tenant", "tenants", multiple=True, metavar="T", help="Only this tenant (repeatable).")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
              help="How to print.")  # fmt: skip
def quarantine(tenants: tuple[str, ...], form: str) -> None:
    """Show what was seen and could not be taken in, why, and in which answer it stands.

    These resources are UNKNOWN (quarantined) until they can be read; all others stand. `kushim evidence` prints the
    answer.
    """
    from kushim_pipeline.commands import quarantine_work

    quarantine_work.quarantine(_settings(), tenants, form)


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
