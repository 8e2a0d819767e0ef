"""The vault: a tenant's secrets by name, kept encrypted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253 # imported by open_vault only when secrets or sealed evidence are wanted
from pydantic import SecretStr

from kushim_pipeline.tenants.config import TENANT_ID
from kushim_pipeline.vault.envelope import bind, seal
from kushim_pipeline.vault.errors import KeyMissing, SealBroken, VaultError
from kushim_pipeline.vault.table import DATA_KEY, SECRET, VaultTable, in_utc, now
from kushim_pipeline.vault.tenant_keys import SECRETS, TenantKeys

if TYPE_CHECKING:
    from kushim_pipeline.vault.rotation import Rotated

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be told about a secret: everything but its value."""

    tenant_id: str
    name: str
    version: int
    set_at: datetime
    key_id: str
    """The data key that it is encrypted with."""
    wrapped_by: str
    """The key-encryption key that wraps the data key."""


class NoSuchSecret(VaultError):
    """The tenant has no secret of that name."""


class Vault:
    """Secrets of all tenants. Every method names the tenant; no value is in a repr, an error or a log."""

    def __init__(self, keys: TenantKeys) -> None:
        self.keys = keys

    @property
    def table(self) -> VaultTable:
        """The tables behind it."""
        return self.keys.table

    def set(self, tenant_id: str, name: str, value: str | SecretStr) -> int:
        """Keep a new value, durably, then destroy the older ones. Returns the version, which is never used twice.

        White space around the value is dropped, as with environment variables. Raises VaultError for an empty or too
        long value or a name that is none, KeyShredded for a tenant whose keys were destroyed.
        """
        refuse_names(tenant_id, name)
        text = (value.get_secret_value() if isinstance(value, SecretStr) else value).strip()
        plain = text.encode()
        if not plain or len(plain) > MOST_BYTES:
            raise VaultError(f"a secret has 1 to {MOST_BYTES} bytes; {name} of tenant {tenant_id} was not changed")
        mine = (SECRET.c.tenant_id == tenant_id, SECRET.c.name == name)
        for again in (False, True):
            key = self.keys.newest(tenant_id, SECRETS, again=again)
            with self.table.writing(tenant_id) as connection:
                if not self._is_newest(connection, tenant_id, key.key_id):
                    continue  # rotated or destroyed by another process a moment ago
                version = (connection.scalar(sa.select(sa.func.max(SECRET.c.version)).where(*mine)) or 0) + 1
                connection.execute(
                    sa.insert(SECRET).values(
                        tenant_id=tenant_id,
                        name=name,
                        version=version,
                        key_id=key.key_id.hex(),
                        sealed=seal(key, plain, bind(tenant_id, SECRETS, name, version)),
                        set_at=now(),
                    )
                )
            self._destroy(tenant_id, *mine, SECRET.c.version < version)
            return int(version)
        raise KeyMissing(f"the keys of tenant {tenant_id} change at this moment; try again")

    def get(self, tenant_id: str, name: str) -> SecretStr:
        """The secret's value. Raises NoSuchSecret, SealBroken, KeyShredded, KeyMissing, KeyUnavailable."""
        refuse_names(tenant_id, name)
        for attempt in range(3):
            row = self._current(tenant_id, name)
            if row is None:
                raise NoSuchSecret(f"tenant {tenant_id} has no secret {name}")
            try:
                return SecretStr(self.keys.open(tenant_id, SECRETS, name, row.sealed, row.version).decode())
            except KeyMissing:
                # Between the two readings a rotation may have encrypted it anew and destroyed the old key.
                if attempt == 2:
                    raise
            except SealBroken:
                raise SealBroken(
                    f"the secret {name} of tenant {tenant_id} was changed in the database, or moved there from "
                    "another place; set it again, and look who can write to the database"
                ) from None
        raise AssertionError("unreachable")

    def names(self, tenant_id: str | None = None) -> list[SecretInfo]:
        """What may be told of the secrets of a tenant, or of all, by name."""
        current = (
            sa.select(SECRET, DATA_KEY.c.wrapped_by)
            .join(
                DATA_KEY,
                sa.and_(
                    DATA_KEY.c.tenant_id == SECRET.c.tenant_id,
                    DATA_KEY.c.key_id == SECRET.c.key_id,
                ),
                isouter=True,
            )
            .where(SECRET.c.sealed.is_not(None))
            .order_by(SECRET.c.tenant_id, SECRET.c.name, SECRET.c.version)
        )
        if tenant_id is not None:
            current = current.where(SECRET.c.tenant_id == tenant_id)
        with self.table.reading(tenant_id) as connection:
            rows: Sequence[Any] = [] if connection is None else connection.execute(current).all()
        newest = {(row.tenant_id, row.name): row for row in rows}
        return [
            SecretInfo(r.tenant_id, r.name, r.version, in_utc(r.set_at), r.key_id, r.wrapped_by or "")
            for r in newest.values()
        ]

    def delete(self, tenant_id: str, name: str) -> int:
        """Destroy a secret. Returns the version that it had. Raises NoSuchSecret."""
        refuse_names(tenant_id, name)
        row = self._current(tenant_id, name)
        if row is None:
            raise NoSuchSecret(f"tenant {tenant_id} has no secret {name}")
        self._destroy(tenant_id, SECRET.c.tenant_id == tenant_id, SECRET.c.name == name)
        return int(row.version)

    def rotate(self, tenant_id: str) -> int:
        """Give a tenant new data keys. Returns how many secrets were encrypted anew (see rotation.rotate_tenant)."""
        from kushim_pipeline.vault.rotation import rotate_tenant

        return rotate_tenant(self.keys, tenant_id)

    def rotate_key(self, *, retire: bool = False) -> "Rotated":
        """Change the key-encryption key of all tenants (see rotation.rotate_key)."""
        from kushim_pipeline.vault.rotation import rotate_key

        return rotate_key(self.keys, retire=retire)

    def shred(self, tenant_id: str) -> int:
        """Destroy all keys and secrets of a tenant (see TenantKeys.shred). Returns how many keys there were."""
        return self.keys.shred(tenant_id)

    def close(self) -> None:
        """Forget the keys and let go of the database."""
        self.keys.forget()
        self.table.close()

    def _current(self, tenant_id: str, name: str) -> Any:
        wanted = (
            sa.select(SECRET)
            .where(SECRET.c.tenant_id == tenant_id, SECRET.c.name == name, SECRET.c.sealed.is_not(None))
            .order_by(SECRET.c.version.desc())
            .limit(1)
        )
        with self.table.reading(tenant_id) as connection:
            return None if connection is None else connection.execute(wanted).first()

    def _is_newest(self, connection: sa.Connection, tenant_id: str, key_id: bytes) -> bool:
        newest = (
            sa.select(DATA_KEY.c.key_id)
            .where(DATA_KEY.c.tenant_id == tenant_id, DATA_KEY.c.purpose == SECRETS)
            .order_by(DATA_KEY.c.version.desc())
            .limit(1)
        )
        return bool(connection.scalar(newest) == key_id.hex())

    def _destroy(self, tenant_id: str, *which: sa.ColumnElement[bool]) -> None:
        with self.table.writing(tenant_id) as connection:
            done = connection.execute(
                sa.update(SECRET).where(*which, SECRET.c.sealed.is_not(None)).values(sealed=None, destroyed_at=now())
            )
        if done.rowcount:
            self.table.scrub()


def refuse_names(tenant_id: str, name: str) -> None:
    """Raise VaultError for what cannot be a tenant's id or a secret's name."""
    if not TENANT_ID.fullmatch(tenant_id):
        raise VaultError("a tenant id has 1 to 40 small letters, digits and hyphens")
    if not NAME.fullmatch(name):
        raise VaultError(
            "a secret's name has 1 to 128 letters, digits, underscores, dots and hyphens, and begins with a letter "
            "or an underscore"
        )
