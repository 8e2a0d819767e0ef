"""`kushim access`. Thin; a password is never an argument (other users see those), and never printed."""

from datetime import datetime
from typing import Any

import click

ROLES = ("admin", "operator", "compliance_manager", "auditor", "viewer")
_form = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="How to print.",
)  # fmt: skip


@click.group()
def access() -> None:
    """Who may read what: grant, revoke, list, log.

    On Postgres only: a DuckDB file has no walls.
    """


@access.command()
@click.argument("login")
@click.option(
    "--role", required=True, type=click.Choice(ROLES), help="What the person is; docs/access.md says what it sees."
)
@click.option("--tenant", required=True, metavar="T", help="Whose data; * (any tenant) for admins and operators only.")
@click.option("--framework", metavar="F", help="For auditors: what is audited, e.g. soc2.")
@click.option(
    "--window", metavar="FROM..TO", help="For auditors: the days that are audited, e.g. 2026-01-01..2026-12-31."
)
@click.option(
    "--control",
    "controls",
    multiple=True,
    metavar="KC-…",
    help="Only the checks of these controls (repeatable; KC-AC-* too).",
)
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The last day (UTC); default 90 days for auditors, else a year.",
)
@click.option(
    "--password",
    metavar="env:NAME|prompt|none",
    help="Where the login's password comes from; without it the login keeps what it has.",
)
def grant(
    login: str,
    role: str,
    tenant: str,
    framework: str | None,
    window: str | None,
    controls: tuple[str, ...],
    expires: datetime | None,
    password: str | None,
) -> None:
    """Give a person's LOGIN access, which ends by itself. The login is made if there is none."""
    from kushim_pipeline.access.grants import grant as give
    from kushim_pipeline.access.roles import Role
    from kushim_pipeline.access.wanted import wanted
    from kushim_pipeline.catalogue.load import load

    asked = wanted(
        login, Role(role), tenant, load(), framework=framework, window=window, controls=controls,
        expires=expires.date() if expires else None,
    )  # fmt: skip
    given, made = give(_settings(), asked, _password(password))
    what = "is made and " if made else ""
    click.echo(f"{login} {what}may read {_told(tenant)} as {role} until {given.expires_at:%Y-%m-%d %H:%M} UTC")
    if made and password is None:
        click.echo(
            "the login has no password: give it one with --password, or let the server ask somebody else", err=True
        )
    if role not in ("admin",):
        click.echo(f"its sessions begin with: SELECT ops.enter('{'TENANT' if tenant == '*' else tenant}')")


@access.command()
@click.argument("login")
@click.option("--tenant", metavar="T", help="Only the access to this tenant.")
@click.option("--framework", metavar="F", help="Only the access for this framework.")
def revoke(login: str, tenant: str | None, framework: str | None) -> None:
    """Take access away from a LOGIN at once: its next statement is refused."""
    from kushim_pipeline.access.grants import revoke as take

    taken = take(_settings(), login, tenant, framework)
    for one in taken.grants:
        click.echo(f"{login} may no longer read {_told(one.tenant_id)} as {one.role.value}")
    if taken.ended:
        click.echo(f"{taken.ended} open sessions were ended")
    if taken.left:
        click.echo(f"{taken.left} open sessions go on, and are refused everything", err=True)


@access.command("list")
@click.option("--tenant", metavar="T", help="Only access to this tenant.")
@click.option("--all", "ended", is_flag=True, help="What expired or was revoked too.")
@_form
def list_(tenant: str | None, ended: bool, form: str) -> None:
    """Show who may read what, until when, and who said so."""
    from kushim_pipeline.access.grants import grants
    from kushim_pipeline.commands.output import show

    found = grants(_settings(), ended=ended, tenant_id=tenant)
    show(found.columns, found.rows, form)


@access.command()
@click.option("--tenant", metavar="T", help="Only entries into this tenant.")
@click.option("--login", metavar="L", help="Only this login's.")
@_form
def log(tenant: str | None, login: str | None, form: str) -> None:
    """Show who entered when, the newest first."""
    from kushim_pipeline.access.grants import entries
    from kushim_pipeline.commands.output import show

    found = entries(_settings(), tenant_id=tenant, login=login)
    show(found.columns, found.rows, form)


def _password(where: str | None) -> Any:
    """The password that `env:NAME` or `prompt` means; None for none."""
    import os

    from pydantic import SecretStr

    from kushim_pipeline.tenants.secret import resolve

    if where in (None, "none"):
        return None
    if where == "prompt":
        return SecretStr(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return resolve(where, os.environ)


def _told(tenant: str) -> str:
    return "any tenant, one at a time," if tenant == "*" else f"tenant {tenant}"


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
