"""`kushim tenants`."""

import click


@click.group()
def tenants() -> None:
    """A tenant's life: add, pause, resume, offboard."""
