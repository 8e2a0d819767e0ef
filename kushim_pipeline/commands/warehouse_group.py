"""`kushim warehouse`."""

import click


@click.group()
def warehouse() -> None:
    """The warehouse: migrate, check, copy, export."""
