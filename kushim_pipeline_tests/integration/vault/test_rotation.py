"""Keys change while others read and write; a change that is cut off goes on where it stopped."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kushim_pipeline.vault import KeyMissing, VaultError, evidence_seals, rotation
from kushim_pipeline.vault.table import DATA_KEY, SECRET
from kushim_pipeline.vault.tenant_keys import EVIDENCE, SECRETS
from kushim_pipeline.vault.vault import Vault
from kushim_pipeline_tests.integration.vault.conftest import Open
from kushim_pipeline_tests.integration.vault.test_vault import rows, value

TENANTS = [f"tenant-{number}" for number in range(7)]


class CutOff(Exception):
    """The process ended here."""


def fill(vault: Vault) -> None:
    for tenant in TENANTS:
        vault.set(tenant, "token", f"value of {tenant}")


def folder(vault: Vault) -> Path:
    found: Path = vault.keys.provider.current.folder  # type: ignore[attr-defined] # of files here
    return found


def all_whole(vault: Vault) -> bool:
    vault.keys.forget()
    return all(value(vault, tenant, "token") == f"value of {tenant}" for tenant in TENANTS)


def test_the_key_changes_and_every_secret_stays(vault: Vault, opened: Open) -> None:
    fill(vault)
    reader = opened()
    before = vault.keys.provider.key_id
    sealed = [row.sealed for row in rows(vault, TENANTS[0])]
    done = vault.rotate_key()
    assert (done.made, done.wrapped, done.retired) == (True, len(TENANTS), ())
    assert done.key_id == vault.keys.provider.key_id != before
    assert {info.wrapped_by for info in vault.names()} == {done.key_id}
    assert [row.sealed for row in rows(vault, TENANTS[0])] == sealed  # no value was touched
    assert all_whole(vault)
    assert all_whole(reader)


def test_a_retired_key_makes_copies_of_the_table_worthless(vault: Vault, opened: Open) -> None:
    fill(vault)
    [copy] = rows(vault, TENANTS[0], DATA_KEY)
    done = vault.rotate_key(retire=True)
    assert len(done.retired) == 1
    assert len(list(folder(vault).iterdir())) == 1
    assert all_whole(vault)
    assert all_whole(opened())
    with vault.table.writing(TENANTS[0]) as connection:
        connection.execute(
            sa.update(DATA_KEY)
            .where(DATA_KEY.c.key_id == copy.key_id)
            .values(wrapped=copy.wrapped, wrapped_by=copy.wrapped_by)
        )
    with pytest.raises(KeyMissing):
        opened().get(TENANTS[0], "token")


@pytest.mark.parametrize("after", range(len(TENANTS)))
def test_cut_off_anywhere_it_goes_on(vault: Vault, opened: Open, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    fill(vault)
    real, calls = rotation.replace_wrapping, 0

    def cut(*arguments: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls > after:
            raise CutOff
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(CutOff):
        patch.setattr(rotation, "replace_wrapping", cut)
        vault.rotate_key()
    assert all_whole(opened())
    done = opened().rotate_key(retire=True)
    assert (done.made, done.wrapped) == (False, len(TENANTS) - after)
    assert len(list(folder(vault).iterdir())) == 1
    assert all_whole(opened())


def test_many_batches(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(vault)
    monkeypatch.setattr(rotation, "BATCH", 2)
    assert vault.rotate_key().wrapped == len(TENANTS)
    assert all_whole(vault)


def test_a_broken_data_key_stops_nobody_else(vault: Vault) -> None:
    fill(vault)
    with vault.table.writing(TENANTS[2]) as connection:
        connection.execute(sa.update(DATA_KEY).where(DATA_KEY.c.tenant_id == TENANTS[2]).values(wrapped=os.urandom(92)))
    with pytest.raises(VaultError, match=f"6 data keys were wrapped anew, 1 could not be: .*{TENANTS[2]}"):
        vault.rotate_key(retire=True)
    assert len(list(folder(vault).iterdir())) == 2  # the old key is still needed, perhaps
    assert vault.shred(TENANTS[2]) == 1
    assert vault.rotate_key().made


def test_a_key_made_during_a_rotation_does_not_need_the_retired_one(
    vault: Vault, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(vault)
    late = opened()
    wrap = late.keys.provider.wrap

    def slow(data_key: bytes, aad: bytes) -> Any:
        wrapped = wrap(data_key, aad)
        if not late_done:
            late_done.append(True)
            vault.rotate_key(retire=True)
        return wrapped

    late_done: list[bool] = []
    monkeypatch.setattr(late.keys.provider, "wrap", slow)
    late.set("late", "token", "x")
    assert late_done
    assert value(opened(), "late", "token") == "x"


def test_a_key_that_was_retired_since_its_row_was_read_is_asked_for_again(
    vault: Vault, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(vault)
    slow = opened()
    unwrap, rotated = slow.keys.provider.unwrap, []

    def late(wrapped: Any, aad: bytes) -> bytes:
        if not rotated:
            rotated.append(vault.rotate_key(retire=True))
        return unwrap(wrapped, aad)

    monkeypatch.setattr(slow.keys.provider, "unwrap", late)
    assert value(slow, TENANTS[0], "token") == f"value of {TENANTS[0]}"
    assert rotated


def test_a_tenants_data_keys_change_and_its_secrets_with_them(vault: Vault, opened: Open) -> None:
    fill(vault)
    tenant = TENANTS[0]
    vault.set(tenant, "second", "another")
    seals = evidence_seals(vault)
    kept = seals.seal(tenant, "ab", b"evidence")
    [before] = {row.key_id for row in rows(vault, tenant)}
    others = rows(vault, TENANTS[1])
    assert vault.rotate(tenant) == 2
    [after] = {row.key_id for row in rows(vault, tenant)}
    assert after != before
    assert rows(vault, TENANTS[1]) == others
    purposes = sorted((row.purpose, row.version) for row in rows(vault, tenant, DATA_KEY))
    assert purposes == [(EVIDENCE, 1), (EVIDENCE, 2), (SECRETS, 2)]
    for each in (vault, opened()):
        assert value(each, tenant, "token") == f"value of {tenant}"
        assert value(each, tenant, "second") == "another"
        assert evidence_seals(each).open(tenant, "ab", kept) == b"evidence"
    assert seals.seal(tenant, "cd", b"new")[5:21] != kept[5:21]  # new evidence has the new key
    assert [info.version for info in vault.names(tenant)] == [1, 1]
    assert vault.rotate(tenant) == 2


@pytest.mark.parametrize("after", range(4))
def test_a_tenants_rotation_goes_on_where_it_was_cut_off(
    vault: Vault, opened: Open, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    names = ["a", "b", "c"]
    for name in names:
        vault.set("acme", name, f"value {name}")
    real, calls = rotation._encrypt_anew, 0

    def cut(*arguments: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > after:
            raise CutOff
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(CutOff):
        patch.setattr(rotation, "_encrypt_anew", cut)
        if after == 3:
            patch.setattr(rotation, "_drop_older", lambda *_: cut())
        vault.rotate("acme")
    assert [value(opened(), "acme", name) for name in names] == [f"value {name}" for name in names]
    assert opened().rotate("acme") == len(names) - after
    assert len(rows(vault, "acme", DATA_KEY)) == 1
    assert [value(opened(), "acme", name) for name in names] == [f"value {name}" for name in names]


def test_nobody_is_turned_away_while_keys_change(vault: Vault, opened: Open) -> None:
    """Readers, a writer and both rotations at once: every reading gives a value that was set, and none fails."""
    fill(vault)
    stop, failures, readings = threading.Event(), [], [0]
    seals = evidence_seals(vault)
    kept = {tenant: seals.seal(tenant, "ab", tenant.encode()) for tenant in TENANTS}

    def read() -> None:
        mine = opened()
        while not stop.is_set():
            for tenant in TENANTS:
                try:
                    assert value(mine, tenant, "token").startswith(f"value of {tenant}")
                    assert evidence_seals(mine).open(tenant, "ab", kept[tenant]) == tenant.encode()
                    readings[0] += 1
                except Exception as error:  # noqa: BLE001 # whatever it is, it is told
                    failures.append(repr(error))
                    return

    def write() -> None:
        mine = opened()
        number = 0
        while not stop.is_set():
            number += 1
            try:
                mine.set(TENANTS[number % 7], "token", f"value of {TENANTS[number % 7]} {number}")
            except Exception as error:  # noqa: BLE001 # whatever it is, it is told
                failures.append(repr(error))
                return

    threads = [threading.Thread(target=read), threading.Thread(target=read), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    for round_ in range(3):
        vault.rotate_key(retire=round_ == 1)
        for tenant in TENANTS[:3]:
            vault.rotate(tenant)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert readings[0] > 0
    with vault.table.reading() as connection:
        assert connection is not None
        count = sa.select(sa.func.count()).where(SECRET.c.sealed.is_not(None))
        assert connection.scalar(count) == len(TENANTS)
