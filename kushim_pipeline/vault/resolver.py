"""Resolve the references of tenant files: `env:NAME` from the environment, `secret:NAME` from the vault."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

from kushim_pipeline.tenants.secret import MissingSecret, Resolver, SecretRef, remember, resolve, shown_name
from kushim_pipeline.vault.errors import VaultError

if TYPE_CHECKING:
    from kushim_pipeline.vault.vault import Vault


def resolver(environ: Mapping[str, str], open_the_vault: Callable[[], "Vault"]) -> Resolver:
    """A resolver for both schemes. The vault is opened when the first `secret:` is met; a tenant has its own names.

    A value that cannot be read (tampered with, its key away, its database away) is as missing as one never set: the
    resolver raises MissingSecret, saying why.
    """

    def resolved(tenant_id: str, ref: SecretRef) -> SecretStr:
        if ref.scheme == "env":
            return resolve(ref, environ)
        from kushim_pipeline.vault.vault import NoSuchSecret

        try:
            return remember(open_the_vault().get(tenant_id, ref.name))
        except NoSuchSecret:
            raise MissingSecret(f"tenant {tenant_id} has no secret {shown_name(ref)}", set_it(tenant_id, ref)) from None
        except VaultError as error:
            text = f"the secret {shown_name(ref)} of tenant {tenant_id} cannot be read: {error}"
            raise MissingSecret(text, "see `kushim secrets check`") from None

    return resolved


def set_it(tenant_id: str, ref: SecretRef) -> str:
    """What to do about a secret that is not there."""
    name = ref.name if shown_name(ref) == ref.name else "NAME"
    return f"set it with `kushim secrets set {name} --tenant {tenant_id}`"
