"""Change keys while everybody goes on reading and writing.

Two keys may be changed: the key-encryption key (data keys are wrapped anew, no value is touched), and a tenant's data
keys (its secrets are encrypted anew; new evidence gets the new key, what is kept already keeps the old one). Both are
done in small steps, each of which leaves everything readable: cut off anywhere, calling again goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa  # noqa: TID253 # imported by open_vault only when secrets or sealed evidence are wanted

from kushim_pipeline.vault.envelope import bind, seal
from kushim_pipeline.vault.errors import KeyMissing, SealBroken, VaultError
from kushim_pipeline.vault.keys import KeyRing, Wrapped
from kushim_pipeline.vault.table import DATA_KEY, SECRET
from kushim_pipeline.vault.tenant_keys import EVIDENCE, PURPOSES, SECRETS, TenantKeys, replace_wrapping, wrap_aad

BATCH = 100


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of the key-encryption key did."""

    key_id: str
    """The id of the key that wraps now."""
    made: bool
    """Whether it is new. False: an earlier rotation was finished, or the key's owner has to make one."""
    wrapped: int
    """How many data keys were wrapped anew."""
    retired: tuple[str, ...] = ()
    """The older keys that were destroyed."""


def rotate_key(keys: TenantKeys, *, retire: bool = False) -> Rotated:
    """Make a new key-encryption key and wrap every data key with it; or finish a rotation that was cut off.

    `retire`: destroy the older key files afterwards, which makes copies of the table from before worthless. Raises
    VaultError where this login cannot see all tenants' keys, or, after all others were done, for a data key that
    cannot be unwrapped.
    """
    provider = keys.provider
    unfinished = bool(_wrapped_by_others(keys, provider.key_id, limit=1))
    made = not unfinished and provider.renew() is not None
    current = provider.key_id
    wrapped, after = 0, ("", "", 0)
    broken: list[str] = []
    while rows := _wrapped_by_others(keys, current, after=after):
        for row in rows:
            after = (row.tenant_id, row.purpose, row.version)
            try:
                raw = provider.unwrap(Wrapped(row.wrapped_by, row.wrapped), wrap_aad(row))
            except (KeyMissing, SealBroken) as error:
                broken.append(f"the {row.purpose} key of tenant {row.tenant_id}: {error}")
                continue
            wrapped += replace_wrapping(keys.table, row, provider.wrap(raw, wrap_aad(row)))
    keys.table.scrub()
    if broken:
        raise VaultError(f"{wrapped} data keys were wrapped anew, {len(broken)} could not be: {'; '.join(broken[:3])}")
    return Rotated(current, made, wrapped, _retire(keys, current) if retire else ())


def rotate_tenant(keys: TenantKeys, tenant_id: str) -> int:
    """Give a tenant new data keys and encrypt its secrets with them. Returns how many secrets that were.

    The old key of the secrets is destroyed at the end; a rotation that was cut off is finished first and is the one
    that counts. Raises KeyMissing for a tenant that has no key yet, KeyShredded for one whose keys were destroyed.
    """
    purposes = _purposes(keys, tenant_id)
    if not purposes:
        keys.refuse_shredded(tenant_id)
        raise KeyMissing(f"tenant {tenant_id} has no keys yet, so there is nothing to rotate")
    if purposes.get(SECRETS, 0) <= 1:  # else an earlier rotation was cut off
        for purpose in purposes:
            keys.add(tenant_id, purpose)
    if SECRETS not in purposes:
        return 0
    key = keys.newest(tenant_id, SECRETS, again=True)
    done = 0
    while rows := _sealed_by_others(keys, tenant_id, key.key_id.hex()):
        for row in rows:
            done += _encrypt_anew(keys, row)
    _drop_older(keys, tenant_id)
    keys.forget(tenant_id)
    keys.table.scrub()
    return done


def _retire(keys: TenantKeys, current: str) -> tuple[str, ...]:
    from kushim_pipeline.vault.provider_file import FileKeys

    ring = keys.provider
    provider = ring.current if isinstance(ring, KeyRing) else ring
    if not isinstance(provider, FileKeys):
        raise VaultError("only key files can be retired here; other keys are retired where they are kept")
    if _wrapped_by_others(keys, current, limit=1):
        raise VaultError("some data keys are still wrapped by an older key, so none was retired; rotate again")
    older = tuple(provider.older())
    for key_id in older:
        provider.retire(key_id)
    return older


def _wrapped_by_others(
    keys: TenantKeys, current: str, *, after: tuple[str, str, int] = ("", "", 0), limit: int | None = None
) -> Sequence[Any]:
    place = sa.tuple_(DATA_KEY.c.tenant_id, DATA_KEY.c.purpose, DATA_KEY.c.version)
    wanted = (
        sa.select(DATA_KEY)
        .where(DATA_KEY.c.wrapped_by != current, place > sa.tuple_(*map(sa.literal, after)))
        .order_by(DATA_KEY.c.tenant_id, DATA_KEY.c.purpose, DATA_KEY.c.version)
        .limit(limit or BATCH)
    )
    with keys.table.reading() as connection:
        return [] if connection is None else connection.execute(wanted).all()


def _purposes(keys: TenantKeys, tenant_id: str) -> dict[str, int]:
    """Purpose -> how many keys the tenant has for it."""
    wanted = (
        sa.select(DATA_KEY.c.purpose, sa.func.count())
        .where(DATA_KEY.c.tenant_id == tenant_id, DATA_KEY.c.purpose.in_(PURPOSES))
        .group_by(DATA_KEY.c.purpose)
    )
    with keys.table.reading(tenant_id) as connection:
        rows = [] if connection is None else connection.execute(wanted).all()
    found = {str(purpose): int(count) for purpose, count in rows}
    return {purpose: found[purpose] for purpose in (EVIDENCE, SECRETS) if purpose in found}


def _sealed_by_others(keys: TenantKeys, tenant_id: str, key_id: str) -> Sequence[Any]:
    wanted = (
        sa.select(SECRET)
        .where(SECRET.c.tenant_id == tenant_id, SECRET.c.sealed.is_not(None), SECRET.c.key_id != key_id)
        .limit(BATCH)
    )
    with keys.table.reading(tenant_id) as connection:
        return [] if connection is None else connection.execute(wanted).all()


def _encrypt_anew(keys: TenantKeys, row: Any) -> int:
    """One secret, unless it was overwritten or deleted since its row was read."""
    plain = keys.open(row.tenant_id, SECRETS, row.name, row.sealed, row.version)
    key = keys.newest(row.tenant_id, SECRETS)
    with keys.table.writing(row.tenant_id) as connection:
        done = connection.execute(
            sa.update(SECRET)
            .where(
                SECRET.c.tenant_id == row.tenant_id,
                SECRET.c.name == row.name,
                SECRET.c.version == row.version,
                SECRET.c.sealed == row.sealed,
            )
            .values(
                sealed=seal(key, plain, bind(row.tenant_id, SECRETS, row.name, row.version)), key_id=key.key_id.hex()
            )
        )
    return int(done.rowcount)


def _drop_older(keys: TenantKeys, tenant_id: str) -> None:
    """Destroy the older keys of the tenant's secrets, unless a secret is encrypted with one after all."""
    mine = (DATA_KEY.c.tenant_id == tenant_id, DATA_KEY.c.purpose == SECRETS)
    with keys.table.writing(tenant_id) as connection:
        newest = sa.select(sa.func.max(DATA_KEY.c.version)).where(*mine).scalar_subquery()
        used = sa.select(SECRET.c.key_id).where(SECRET.c.tenant_id == tenant_id, SECRET.c.sealed.is_not(None))
        connection.execute(
            sa.delete(DATA_KEY).where(*mine, DATA_KEY.c.version < newest, DATA_KEY.c.key_id.not_in(used))
        )
