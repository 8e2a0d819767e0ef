"""Data keys: one (newest) for each tenant and purpose, wrapped in the table, unwrapped once in a process's memory.

Never written unwrapped, never logged. A cached key is asked for in the table again after a minute, so that a tenant
whose keys were destroyed by another process cannot be read for longer.
"""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # noqa: TID253 # imported by open_vault only when secrets or sealed evidence are wanted

from kushim_pipeline.vault.envelope import KEY_BYTES, KEY_ID_BYTES, DataKey, bind, key_id_of, open_sealed, seal
from kushim_pipeline.vault.errors import KeyMissing, KeyShredded, SealBroken
from kushim_pipeline.vault.keys import KeyProvider, Wrapped
from kushim_pipeline.vault.table import DATA_KEY, SECRET, SHREDDED, VaultTable, now

SECRETS = "secrets"
EVIDENCE = "evidence"
PURPOSES = (SECRETS, EVIDENCE)
CACHED_SECONDS = 60.0


@dataclass(slots=True)
class _Held:
    key: DataKey
    until: float


class TenantKeys:
    """Seal and open for a tenant and a purpose."""

    def __init__(self, table: VaultTable, provider: KeyProvider, clock: Callable[[], float] = time.monotonic) -> None:
        """In: the tables, the key-encryption keys, and a clock in seconds (for how long a key is believed)."""
        self.table, self.provider, self._clock = table, provider, clock
        self._newest: dict[tuple[str, str], _Held] = {}
        self._by_id: dict[tuple[str, str, bytes], _Held] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def seal(self, tenant_id: str, purpose: str, name: str, plain: bytes, version: int = 0) -> bytes:
        """Encrypt with the tenant's newest key of that purpose, making one at the first use.

        `name` and `version` say what the value is; the same are needed to open it. Raises KeyShredded, KeyMissing,
        KeyUnavailable, VaultUnreachable.
        """
        return seal(self.newest(tenant_id, purpose), plain, bind(tenant_id, purpose, name, version))

    def open(self, tenant_id: str, purpose: str, name: str, sealed: bytes, version: int = 0) -> bytes:
        """Decrypt. Raises SealBroken for changed or misplaced bytes, and KeyShredded, KeyMissing, KeyUnavailable."""
        key = self._known(tenant_id, purpose, key_id_of(sealed))
        return open_sealed(key, sealed, bind(tenant_id, purpose, name, version))

    def newest(self, tenant_id: str, purpose: str, *, again: bool = False) -> DataKey:
        """The key that seals now. `again`: do not believe the cache."""
        held = self._newest.get((tenant_id, purpose))
        if held is not None and not again and held.until > self._clock():
            return held.key
        with self._locks[tenant_id]:
            row = self._newest_row(tenant_id, purpose) or self._begin(tenant_id, purpose)
            key = self._unwrapped(row)
            self._newest[tenant_id, purpose] = _Held(key, self._clock() + CACHED_SECONDS)
            return key

    def add(self, tenant_id: str, purpose: str) -> None:
        """Make a new data key, which seals from now on; the older ones still open."""
        with self._locks[tenant_id]:
            before = self._newest_row(tenant_id, purpose)
            self._begin(tenant_id, purpose, before.version + 1 if before else 1)
            self._newest.pop((tenant_id, purpose), None)

    def shred(self, tenant_id: str) -> int:
        """Destroy all keys and secrets of a tenant: overwritten, then deleted. Returns how many keys there were.

        What they had encrypted cannot be opened any more (KeyShredded), and no new key is made for the tenant before
        `allow_again`. Doing it twice does no harm.
        """
        with self.table.writing(tenant_id) as connection:
            if not connection.execute(
                sa.update(SHREDDED).where(SHREDDED.c.tenant_id == tenant_id).values(shredded_at=now(), renewed_at=None)
            ).rowcount:
                connection.execute(sa.insert(SHREDDED).values(tenant_id=tenant_id, shredded_at=now()))
            mine = DATA_KEY.c.tenant_id == tenant_id
            sizes = connection.execute(sa.select(DATA_KEY.c.key_id, sa.func.length(DATA_KEY.c.wrapped)).where(mine))
            for key_id, size in list(sizes):
                connection.execute(
                    sa.update(DATA_KEY).where(mine, DATA_KEY.c.key_id == key_id).values(wrapped=os.urandom(size))
                )
            gone = connection.execute(sa.delete(DATA_KEY).where(mine)).rowcount
            connection.execute(sa.delete(SECRET).where(SECRET.c.tenant_id == tenant_id))
        self.forget(tenant_id)
        self.table.scrub()
        return int(gone)

    def allow_again(self, tenant_id: str) -> bool:
        """Say explicitly that a shredded tenant may have new keys. False when it was not shredded."""
        with self.table.writing(tenant_id) as connection:
            done = connection.execute(
                sa.update(SHREDDED).where(SHREDDED.c.tenant_id == tenant_id).values(renewed_at=now())
            )
            return bool(done.rowcount)

    def shredded_at(self, tenant_id: str) -> datetime | None:
        """When the tenant's keys were destroyed, or None."""
        with self.table.reading(tenant_id) as connection:
            if connection is None:
                return None
            found: datetime | None = connection.scalar(
                sa.select(SHREDDED.c.shredded_at).where(SHREDDED.c.tenant_id == tenant_id)
            )
            return found

    def refuse_shredded(self, tenant_id: str) -> None:
        """Raise KeyShredded when the tenant's keys were destroyed."""
        shredded = self.shredded_at(tenant_id)
        if shredded is not None:
            raise KeyShredded(
                f"the keys of tenant {tenant_id} were destroyed on {shredded:%Y-%m-%d}: "
                "what was encrypted with them cannot be read any more, by anybody"
            )

    def forget(self, tenant_id: str | None = None) -> None:
        """Drop the unwrapped keys of a tenant, or of all, from memory."""
        self._newest = {at: held for at, held in self._newest.items() if tenant_id not in (None, at[0])}
        self._by_id = {at: held for at, held in self._by_id.items() if tenant_id not in (None, at[0])}

    def _known(self, tenant_id: str, purpose: str, key_id: bytes) -> DataKey:
        at = (tenant_id, purpose, key_id)
        held = self._by_id.get(at)
        if held is not None and held.until > self._clock():
            return held.key
        with self._locks[tenant_id]:
            held = self._by_id.get(at)
            if held is not None and held.until > self._clock():
                return held.key
            row = self._row(tenant_id, purpose, DATA_KEY.c.key_id == key_id.hex())
            if row is None:
                self._by_id.pop(at, None)
                self.refuse_shredded(tenant_id)
                raise KeyMissing(
                    f"the table has no data key {key_id.hex()} for tenant {tenant_id}; restore the table from its "
                    "backup, or look whether KUSHIM_HOME and KUSHIM_WAREHOUSE_URL are those that wrote this"
                )
            return self._unwrapped(row)

    def _newest_row(self, tenant_id: str, purpose: str) -> Any:
        return self._row(tenant_id, purpose, sa.true())

    def _row(self, tenant_id: str, purpose: str, which: sa.ColumnElement[bool]) -> Any:
        wanted = (
            sa.select(DATA_KEY)
            .where(DATA_KEY.c.tenant_id == tenant_id, DATA_KEY.c.purpose == purpose, which)
            .order_by(DATA_KEY.c.version.desc())
            .limit(1)
        )
        with self.table.reading(tenant_id) as connection:
            return None if connection is None else connection.execute(wanted).first()

    def _unwrapped(self, row: Any) -> DataKey:
        """The key of a row; unwrapped by the provider only the first time, believed anew each time it is found."""
        key_id = bytes.fromhex(row.key_id)
        at = (row.tenant_id, row.purpose, key_id)
        held = self._by_id.get(at)
        if held is None:
            raw = self._unwrap(row)
            if len(raw) != KEY_BYTES:
                raise SealBroken(f"a data key of tenant {row.tenant_id} does not have {KEY_BYTES} bytes")
            held = _Held(DataKey.of(key_id, raw), 0.0)
        held.until = self._clock() + CACHED_SECONDS
        self._by_id[at] = held
        return held.key

    def _unwrap(self, row: Any) -> bytes:
        try:
            return self.provider.unwrap(Wrapped(row.wrapped_by, row.wrapped), wrap_aad(row))
        except KeyMissing:
            # Between the two a rotation may have wrapped it anew and retired the old key.
            again = self._row(row.tenant_id, row.purpose, DATA_KEY.c.key_id == row.key_id)
            if again is None or again.wrapped_by == row.wrapped_by:
                raise
            return self.provider.unwrap(Wrapped(again.wrapped_by, again.wrapped), wrap_aad(again))

    def _begin(self, tenant_id: str, purpose: str, version: int = 1) -> Any:
        """Make a data key and return its row, or the row of whoever was quicker. Raises KeyShredded."""
        if purpose not in PURPOSES:
            raise ValueError(f"no purpose {purpose}; there are {', '.join(PURPOSES)}")
        raw, key_id = os.urandom(KEY_BYTES), os.urandom(KEY_ID_BYTES)
        # Before the transaction: a provider may be a service far away.
        wrapped = self.provider.wrap(raw, bind("kushim data key", tenant_id, purpose, key_id.hex()))
        with self.table.writing(tenant_id) as connection:
            shredded = connection.execute(
                sa.select(SHREDDED).where(SHREDDED.c.tenant_id == tenant_id, SHREDDED.c.renewed_at.is_(None))
            ).first()
            if shredded is not None:
                raise KeyShredded(
                    f"the keys of tenant {tenant_id} were destroyed on {shredded.shredded_at:%Y-%m-%d}, so no new one "
                    f"is made; if the tenant really begins anew, say `kushim secrets set … --tenant {tenant_id} "
                    "--new-keys`"
                )
            mine = (DATA_KEY.c.tenant_id == tenant_id, DATA_KEY.c.purpose == purpose)
            there = connection.execute(sa.select(DATA_KEY).where(*mine, DATA_KEY.c.version >= version)).first()
            if there is None:
                connection.execute(
                    sa.insert(DATA_KEY).values(
                        tenant_id=tenant_id,
                        purpose=purpose,
                        version=version,
                        key_id=key_id.hex(),
                        wrapped_by=wrapped.key_id,
                        wrapped=wrapped.blob,
                        created_at=now(),
                    )
                )
                there = connection.execute(sa.select(DATA_KEY).where(*mine, DATA_KEY.c.version == version)).one()
        if there.key_id == key_id.hex() and self.provider.key_id != wrapped.key_id:
            # A rotation ended meanwhile, which did not see this row: it must not need the retired key.
            wrapped = self.provider.wrap(raw, wrap_aad(there))
            replace_wrapping(self.table, there, wrapped)
        return there


def wrap_aad(row: Any) -> bytes:
    """What a data key's wrapping is bound to: whose it is, what for, and which."""
    return bind("kushim data key", row.tenant_id, row.purpose, row.key_id)


def replace_wrapping(table: VaultTable, row: Any, wrapped: Wrapped) -> bool:
    """Give a data key another wrapping, unless its row has changed since it was read. True when done."""
    with table.writing(row.tenant_id) as connection:
        done = connection.execute(
            sa.update(DATA_KEY)
            .where(
                DATA_KEY.c.tenant_id == row.tenant_id,
                DATA_KEY.c.key_id == row.key_id,
                DATA_KEY.c.wrapped_by == row.wrapped_by,
                DATA_KEY.c.wrapped == row.wrapped,
            )
            .values(wrapped_by=wrapped.key_id, wrapped=wrapped.blob)
        )
    return bool(done.rowcount)
