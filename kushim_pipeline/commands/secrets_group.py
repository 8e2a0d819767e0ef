"""`kushim secrets`. A value is never an argument (other users see those), and never printed."""

import sys
from typing import Any

import click

_tenant = click.option("--tenant", required=True, metavar="T", help="Whose secret it is.")


@click.group()
def secrets() -> None:
    """Keep connections' secrets encrypted: set, list, delete, rotate, check."""


@secrets.command("set")
@click.argument("name")
@_tenant
@click.option("--from-env", metavar="VAR", help="Take the value from this environment variable.")
@click.option("--new-keys", is_flag=True, help="Let a tenant whose keys were destroyed have new ones.")
def set_(name: str, tenant: str, from_env: str | None, new_keys: bool) -> None:
    """Set the secret that `secret:NAME` in the tenant's file means.

    The value comes from standard input, or is asked for without being shown. The one before is destroyed.
    """
    from kushim_pipeline.commands import secrets_work

    version = secrets_work.set_secret(_settings(), tenant, name, lambda: _value(name, from_env), new_keys=new_keys)
    click.echo(f"{name} of tenant {tenant} is set (version {version}); write secret:{name} in the tenant's file")


@secrets.command("list")
@click.option("--tenant", metavar="T", help="Only this tenant's.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
              help="How to print.")  # fmt: skip
def list_(tenant: str | None, form: str) -> None:
    """Show names, versions, times and keys of the secrets; never a value."""
    from kushim_pipeline.commands import secrets_work

    secrets_work.list_secrets(_settings(), tenant, form)


@secrets.command()
@click.argument("name")
@_tenant
def delete(name: str, tenant: str) -> None:
    """Destroy a secret."""
    from kushim_pipeline.commands import secrets_work

    version = secrets_work.delete_secret(_settings(), tenant, name)
    click.echo(f"{name} of tenant {tenant} is destroyed (it was version {version})")


@secrets.command()
@click.option("--tenant", metavar="T", help="Give this tenant new data keys, and encrypt its secrets with them.")
@click.option("--retire-old", is_flag=True, help="Destroy the older key files when nothing needs them any more.")
def rotate(tenant: str | None, retire_old: bool) -> None:
    """Change the key-encryption key, or with --tenant one tenant's data keys, while everything runs on.

    A rotation that was cut off is finished by the next one.
    """
    if tenant is not None and retire_old:
        raise click.UsageError("--retire-old is about the key files of all tenants; leave --tenant out")
    from kushim_pipeline.commands import secrets_work

    click.echo(secrets_work.rotate(_settings(), tenant, retire=retire_old))


@secrets.command()
def check() -> None:
    """Look whether the keys are fit for use and every reference of the tenant files can be read.

    Exit code 1 when something is wrong. Nothing is sent to a vendor.
    """
    from kushim_pipeline.commands import secrets_work

    wrong = secrets_work.check(_settings())
    sys.exit(1 if wrong else 0)


def _value(name: str, from_env: str | None) -> str:
    import os

    if from_env is not None:
        value = os.environ.get(from_env, "")
        if not value.strip():
            raise click.UsageError("the environment variable that --from-env names is not set")
        return value
    if sys.stdin.isatty():
        return str(click.prompt(f"value of {name}", hide_input=True, confirmation_prompt=True))
    try:
        # One more than is allowed, so that too much is refused and not cut off.
        return sys.stdin.buffer.read(65_537).decode()
    except UnicodeDecodeError:
        raise click.UsageError("the value on standard input is not UTF-8") from None


def _settings() -> Any:
    from kushim_pipeline.settings import Settings

    return Settings.read()
