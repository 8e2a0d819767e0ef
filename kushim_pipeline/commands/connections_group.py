"""`kushim connections`. Thin; what is tried is tried in collect/trial.py."""

import sys
from typing import Any

import click


@click.group()
def connections() -> None:
    """The connections to vendors: what each may read."""


@connections.command()
@click.option("--tenant", "tenants", multiple=True, metavar="T", help="Only this tenant (repeatable).")
@click.option("--source", "sources", multiple=True, metavar="S", help="Only this source (repeatable).")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
              help="How to print.")  # fmt: skip
def test(tenants: tuple[str, ...], sources: tuple[str, ...], form: str) -> None:
    """Try what every stream may read, one page of each, and say what is UNKNOWN without it. Nothing is kept.

    The exit code is 0 when everything can be read, 1 when something cannot or a tenant file was refused, 2 when a
    tenant or source is not known.
    """
    from kushim_pipeline.commands import connections_work

    sys.exit(connections_work.test(_settings(), tenants, sources, form))


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
