"""`kushim secrets`."""

import click


@click.group()
def secrets() -> None:
    """Keep connections' secrets encrypted: set, rotate, list."""
