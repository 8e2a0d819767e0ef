"""`kushim access`."""

import click


@click.group()
def access() -> None:
    """Who may read what: grant, revoke, list."""
