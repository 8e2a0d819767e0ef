"""What `kushim secrets …` does. Every change is in the trail, without its value."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kushim_pipeline.commands.output import one_line_each, show
from kushim_pipeline.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from kushim_pipeline.vault.vault import Vault

_LISTED = ("tenant_id", "name", "version", "set_at", "key_id", "wrapped_by")


def set_secret(settings: Settings, tenant: str, name: str, value: Callable[[], str], *, new_keys: bool = False) -> int:
    """Keep a value. Returns its version. Raises VaultError, for names that are none before the value is asked for.

    In: who gives the value when it is wanted; whether a tenant whose keys were destroyed may have new ones.
    """
    from kushim_pipeline.tenants.load import load_tenants
    from kushim_pipeline.vault.vault import refuse_names

    refuse_names(tenant, name)
    with _vault(settings) as vault:
        text = value()
        loaded = load_tenants(settings.tenants, check_secrets=False)
        if tenant not in {config.tenant for config in loaded.tenants} | loaded.refused:
            _say(f"note: no tenant file names {tenant} yet")
        if new_keys and vault.keys.allow_again(tenant):
            _trail(settings, "keys.renewed", tenant)
        folder = _folder_without_keys(vault)
        version = vault.set(tenant, name, text)
        if folder is not None:
            _say(
                f"a key that seals evidence and secrets was made in {folder}: back that folder up, in another place "
                "than the data; without it nobody can read them again"
            )
    _trail(settings, "secret.set", tenant, name=name, version=version)
    return version


def list_secrets(settings: Settings, tenant: str | None, form: str) -> None:
    """Print what may be told of the secrets."""
    with _vault(settings) as vault:
        rows = [[getattr(info, column) for column in _LISTED] for info in vault.names(tenant)]
    show(_LISTED, rows, form)


def delete_secret(settings: Settings, tenant: str, name: str) -> int:
    """Destroy a secret. Returns the version that it had. Raises NoSuchSecret."""
    with _vault(settings) as vault:
        version = vault.delete(tenant, name)
    _trail(settings, "secret.deleted", tenant, name=name, version=version)
    return version


def rotate(settings: Settings, tenant: str | None, *, retire: bool) -> str:
    """Change keys. Returns what was done, in words."""
    with _vault(settings) as vault:
        if tenant is not None:
            count = vault.rotate(tenant)
            _trail(settings, "keys.rotated", tenant, secrets=count)
            return f"tenant {tenant} has new data keys, and {count} secrets are encrypted with them"
        done = vault.rotate_key(retire=retire)
    _trail(settings, "keys.rotated", None, key_id=done.key_id, made=done.made, wrapped=done.wrapped,
           retired=list(done.retired))  # fmt: skip
    retired = f"; {len(done.retired)} older key files are destroyed" if done.retired else ""
    if done.made:
        return f"{done.key_id} is the new key-encryption key, and wraps {done.wrapped} data keys{retired}"
    if done.wrapped:
        return f"{done.key_id} wraps {done.wrapped} more data keys now: an earlier change of keys is finished{retired}"
    return (
        f"{done.key_id} wraps every data key already{retired}; to have another, put it into KUSHIM_KEYS, the old one "
        "into KUSHIM_KEYS_PREVIOUS, and rotate again"
    )


def check(settings: Settings) -> list[str]:
    """Print what is right and what is wrong with keys and references. Returns what is wrong.

    Raises WeakKey, KeyMissing or KeyUnavailable where the keys themselves are not fit for use.
    """
    from kushim_pipeline.evidence.trail import Trail
    from kushim_pipeline.tenants.load import load_tenants
    from kushim_pipeline.tenants.secret import MissingSecret
    from kushim_pipeline.vault.put_back import put_back
    from kushim_pipeline.vault.resolver import resolver

    wrong: list[str] = []
    good = 0
    with _vault(settings) as vault:
        resolved = resolver(os.environ, lambda: vault)
        loaded = load_tenants(settings.tenants, check_secrets=False)
        for tenant in loaded.tenants:
            # An offboarded tenant's secrets are destroyed, as they should be.
            for connection in tenant.connections if tenant.state != "offboarded" else ():
                for field, ref in connection.secret_refs().items():
                    try:
                        resolved(tenant.tenant, ref)
                    except MissingSecret as error:
                        place = f"{tenant.tenant}, {connection.connection_id}, {field}"
                        wrong.append(f"{place}: {error}; {error.instead}")
                    else:
                        good += 1
        wrong += put_back(vault, Trail(settings.home).entries(), [tenant.tenant for tenant in loaded.tenants])
    wrong += [str(problem) for problem in loaded.problems]
    for line in wrong:
        _say(line)
    click.echo(f"the keys are fit for use; {good} references can be read, {len(wrong)} things are wrong")
    return wrong


@contextmanager
def _vault(settings: Settings) -> "Iterator[Vault]":
    from kushim_pipeline.vault import open_vault

    vault = open_vault(settings)
    try:
        yield vault
    finally:
        vault.close()


def _folder_without_keys(vault: "Vault") -> "Path | None":
    """Where a first key file would be made; None where there is one already, or keys are no files."""
    from kushim_pipeline.vault.keys import KeyRing
    from kushim_pipeline.vault.provider_file import FileKeys

    ring = vault.keys.provider
    current = ring.current if isinstance(ring, KeyRing) else ring
    return current.folder if isinstance(current, FileKeys) and not any(current.folder.glob("*.key")) else None


def _trail(settings: Settings, action: str, tenant: str | None, **details: object) -> None:
    from kushim_pipeline.evidence.trail import Trail

    Trail(settings.home).add(action, details, tenant_id=tenant)


def _say(message: str) -> None:
    click.echo(one_line_each(message), err=True)
