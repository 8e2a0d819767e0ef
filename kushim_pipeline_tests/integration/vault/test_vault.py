"""Secrets by name: kept encrypted, one version at a time, and refused when somebody moved or changed a row."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kushim_pipeline.vault import KeyMissing, KeyShredded, SealBroken, VaultError, evidence_seals
from kushim_pipeline.vault.keys import KeyRing, Wrapped
from kushim_pipeline.vault.table import DATA_KEY, SECRET
from kushim_pipeline.vault.tenant_keys import CACHED_SECONDS, EVIDENCE, SECRETS, TenantKeys
from kushim_pipeline.vault.vault import NoSuchSecret, Vault
from kushim_pipeline_tests.integration.vault.conftest import Open


def value(vault: Vault, tenant: str, name: str) -> str:
    return vault.get(tenant, name).get_secret_value()


def rows(vault: Vault, tenant: str, table: sa.Table = SECRET) -> list[Any]:
    with vault.table.reading(tenant) as connection:
        assert connection is not None
        return list(connection.execute(sa.select(table).where(table.c.tenant_id == tenant)).all())


def change(vault: Vault, tenant: str, statement: sa.Update | sa.Insert | sa.Delete) -> None:
    """What somebody who can write to the database does."""
    with vault.table.writing(tenant) as connection:
        connection.execute(statement)


def test_a_secret_comes_back(vault: Vault, opened: Open) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    assert vault.set("acme", "token", " hunter2\n") == 1
    assert value(vault, "acme", "token") == value(opened(), "acme", "token") == "hunter2"
    [info] = vault.names("acme")
    assert (info.tenant_id, info.name, info.version) == ("acme", "token", 1)
    assert before < info.set_at <= datetime.now(UTC)
    assert info.wrapped_by == vault.keys.provider.key_id
    assert "hunter2" not in repr(info) + repr(vault.get("acme", "token"))


@pytest.mark.parametrize("text", ["ünïcödé ☃", 'with "quotes" and\na newline', "x" * 65_536])
def test_values_of_all_kinds(vault: Vault, text: str) -> None:
    vault.set("acme", "token", text)
    assert value(vault, "acme", "token") == text


@pytest.mark.parametrize("text", ["", " \n", "x" * 65_537, "é" * 40_000])
def test_what_is_no_value_is_refused(vault: Vault, text: str) -> None:
    with pytest.raises(VaultError, match="1 to 65536 bytes"):
        vault.set("acme", "token", text)
    assert vault.names() == []


@pytest.mark.parametrize("name", ["", "1a", "a b", "a/b", "a'b", "-a", "x" * 129, "a\n"])
def test_what_is_no_name_is_refused(vault: Vault, name: str) -> None:
    for act in (
        lambda: vault.set("acme", name, "x"),
        lambda: vault.get("acme", name),
        lambda: vault.delete("acme", name),
    ):
        with pytest.raises(VaultError, match="a secret's name has"):
            act()


@pytest.mark.parametrize("tenant", ["", "Acme", "a_b", "x" * 41, "a;b"])
def test_what_is_no_tenant_is_refused(vault: Vault, tenant: str) -> None:
    with pytest.raises(VaultError, match="a tenant id has"):
        vault.set(tenant, "token", "x")


def test_names_belong_to_one_tenant(vault: Vault) -> None:
    vault.set("acme", "token", "of acme")
    vault.set("beta", "token", "of beta")
    assert value(vault, "acme", "token") == "of acme"
    assert [info.tenant_id for info in vault.names("beta")] == ["beta"]
    assert [info.tenant_id for info in vault.names()] == ["acme", "beta"]
    with pytest.raises(NoSuchSecret, match="tenant gamma has no secret token"):
        vault.get("gamma", "token")


def test_an_overwritten_value_is_destroyed(vault: Vault) -> None:
    vault.set("acme", "token", "old")
    [old] = rows(vault, "acme")
    assert vault.set("acme", "token", "new") == 2
    assert value(vault, "acme", "token") == "new"
    kept = {row.version: row for row in rows(vault, "acme")}
    assert kept[1].sealed is None
    assert kept[1].destroyed_at is not None
    assert kept[2].sealed not in (None, old.sealed)


def test_a_deleted_secret_is_gone_and_its_version_is_not_used_again(vault: Vault) -> None:
    vault.set("acme", "token", "old")
    assert vault.delete("acme", "token") == 1
    assert vault.names("acme") == []
    for act in (vault.get, vault.delete):
        with pytest.raises(NoSuchSecret):
            act("acme", "token")
    assert all(row.sealed is None for row in rows(vault, "acme"))
    assert vault.set("acme", "token", "new") == 2


def test_a_cut_off_set_leaves_the_newer_value_in_force(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.set("acme", "token", "old")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Vault, "_destroy", cut)
        vault.set("acme", "token", "new")
    assert value(vault, "acme", "token") == "new"
    assert len(vault.names("acme")) == 1
    vault.set("acme", "token", "newest")
    assert sum(row.sealed is not None for row in rows(vault, "acme")) == 1


def test_another_tenants_row_is_refused(vault: Vault) -> None:
    vault.set("acme", "token", "of acme")
    vault.set("beta", "token", "of beta")
    [beta] = rows(vault, "beta")
    change(
        vault,
        "acme",
        sa.update(SECRET).where(SECRET.c.tenant_id == "acme").values(sealed=beta.sealed, key_id=beta.key_id),
    )
    with pytest.raises((SealBroken, KeyMissing)):
        vault.get("acme", "token")


def test_another_tenants_row_is_refused_even_with_its_key(vault: Vault) -> None:
    vault.set("acme", "token", "of acme")
    vault.set("beta", "token", "of beta")
    [beta], [key] = rows(vault, "beta"), rows(vault, "beta", DATA_KEY)
    for statement in (
        sa.delete(DATA_KEY).where(DATA_KEY.c.tenant_id == "beta"),
        sa.update(DATA_KEY)
        .where(DATA_KEY.c.tenant_id == "acme")
        .values(key_id=key.key_id, wrapped=key.wrapped, wrapped_by=key.wrapped_by),
        sa.update(SECRET).where(SECRET.c.tenant_id == "acme").values(sealed=beta.sealed, key_id=beta.key_id),
    ):
        with vault.table.writing() as connection:
            connection.execute(statement)
    vault.keys.forget()
    with pytest.raises(SealBroken):
        vault.get("acme", "token")
    # Nor is anything new sealed with a key that is another tenant's.
    with pytest.raises(SealBroken):
        vault.set("acme", "another", "x")


def test_another_names_row_is_refused(vault: Vault) -> None:
    vault.set("acme", "read-only", "weak")
    vault.set("acme", "admin", "strong")
    strong = next(row.sealed for row in rows(vault, "acme") if row.name == "admin")
    change(vault, "acme", sa.update(SECRET).where(SECRET.c.name == "read-only").values(sealed=strong))
    with pytest.raises(SealBroken, match="the secret read-only of tenant acme was changed in the database"):
        vault.get("acme", "read-only")


def test_an_older_version_over_a_newer_one_is_refused(vault: Vault) -> None:
    vault.set("acme", "token", "old")
    [old] = rows(vault, "acme")
    vault.set("acme", "token", "new")
    change(vault, "acme", sa.update(SECRET).where(SECRET.c.version == 2).values(sealed=old.sealed, key_id=old.key_id))
    with pytest.raises(SealBroken):
        vault.get("acme", "token")
    # Its own row brought back to life does not win against the newer one either.
    vault.set("acme", "token", "newer")
    change(vault, "acme", sa.update(SECRET).where(SECRET.c.version == 1).values(sealed=old.sealed, destroyed_at=None))
    assert value(vault, "acme", "token") == "newer"


def test_a_changed_bit_is_refused(vault: Vault) -> None:
    vault.set("acme", "token", "read-only")
    [row] = rows(vault, "acme")
    changed = row.sealed[:-20] + bytes([row.sealed[-20] ^ 1]) + row.sealed[-19:]
    change(vault, "acme", sa.update(SECRET).values(sealed=changed))
    with pytest.raises(SealBroken):
        vault.get("acme", "token")
    [key] = rows(vault, "acme", DATA_KEY)
    change(vault, "acme", sa.update(DATA_KEY).values(wrapped=key.wrapped[:-1] + bytes([key.wrapped[-1] ^ 1])))
    vault.keys.forget()
    with pytest.raises(SealBroken):
        vault.set("acme", "token", "read-only")


def test_a_data_key_serves_one_purpose_only(vault: Vault) -> None:
    sealed = vault.keys.seal("acme", EVIDENCE, "abc", b"plain")
    assert vault.keys.open("acme", EVIDENCE, "abc", sealed) == b"plain"
    vault.set("acme", "abc", "x")
    for purpose, tenant, name in ((SECRETS, "acme", "abc"), (EVIDENCE, "acme", "abd"), (EVIDENCE, "beta", "abc")):
        with pytest.raises((SealBroken, KeyMissing)):
            vault.keys.open(tenant, purpose, name, sealed)
    with pytest.raises(ValueError, match="no purpose"):
        vault.keys.seal("acme", "other", "abc", b"plain")


class Counting(KeyRing):
    """The ring of a vault, counting how often it unwraps."""

    unwrapped = 0

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        self.unwrapped += 1
        return super().unwrap(wrapped, aad)


def test_a_data_key_is_unwrapped_once_in_a_process(vault: Vault) -> None:
    now = [0.0]
    assert isinstance(vault.keys.provider, KeyRing)
    ring = Counting(vault.keys.provider.current)
    keys = TenantKeys(vault.table, ring, lambda: now[0])
    sealed = [keys.seal("acme", EVIDENCE, "a", b"x") for _ in range(5)]
    threads = [threading.Thread(target=keys.open, args=("acme", EVIDENCE, "a", each)) for each in sealed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now[0] += CACHED_SECONDS * 3
    assert keys.open("acme", EVIDENCE, "a", sealed[0]) == b"x"
    assert ring.unwrapped == 1


def test_a_shredded_tenant_cannot_be_read_nor_written(vault: Vault, opened: Open) -> None:
    seals = evidence_seals(vault)
    vault.set("acme", "token", "hunter2")
    vault.set("beta", "token", "stays")
    sealed = seals.seal("acme", "ab", b"evidence")
    assert vault.shred("acme") == 2
    for each in (vault, opened()):
        with pytest.raises(NoSuchSecret):
            each.get("acme", "token")
        with pytest.raises(KeyShredded, match="the keys of tenant acme were destroyed on"):
            evidence_seals(each).open("acme", "ab", sealed)
        for act in (
            lambda e=each: e.set("acme", "token", "x"),
            lambda e=each: evidence_seals(e).seal("acme", "a", b""),
        ):
            with pytest.raises(KeyShredded, match="so no new one is made"):
                act()
    assert value(vault, "beta", "token") == "stays"
    assert rows(vault, "acme") == rows(vault, "acme", DATA_KEY) == []
    assert vault.shred("acme") == 0
    with pytest.raises(KeyShredded):
        vault.rotate("acme")


def test_a_shredded_tenant_gets_new_keys_only_when_somebody_says_so(vault: Vault) -> None:
    sealed = vault.keys.seal("acme", EVIDENCE, "ab", b"evidence")
    assert vault.keys.allow_again("acme") is False
    vault.shred("acme")
    assert vault.keys.allow_again("acme") is True
    assert vault.set("acme", "token", "new life") == 1
    with pytest.raises(KeyShredded):
        vault.keys.open("acme", EVIDENCE, "ab", sealed)
    vault.shred("acme")
    with pytest.raises(KeyShredded):
        vault.set("acme", "token", "x")


def test_another_process_notices_the_shredding_within_a_minute(vault: Vault, opened: Open) -> None:
    now = [0.0]
    other = TenantKeys(opened().table, vault.keys.provider, lambda: now[0])
    sealed = other.seal("acme", EVIDENCE, "ab", b"x")
    vault.shred("acme")
    now[0] += CACHED_SECONDS + 1
    with pytest.raises(KeyShredded):
        other.open("acme", EVIDENCE, "ab", sealed)
    with pytest.raises(KeyShredded):
        other.seal("acme", EVIDENCE, "ab", b"x")


def test_lost_key_files_are_told_and_not_made_anew(vault: Vault, opened: Open) -> None:
    vault.set("acme", "token", "x")
    [file] = vault.keys.provider.current.folder.iterdir()  # type: ignore[attr-defined] # of files here
    file.rename(file.with_suffix(".away"))
    other = opened()
    with pytest.raises(KeyMissing, match="put it back from its backup"):
        other.get("acme", "token")
    with pytest.raises(KeyMissing, match="put the key files back"):
        other.set("beta", "token", "x")
    file.with_suffix(".away").rename(file)
    assert value(other, "acme", "token") == "x"


def test_an_unknown_tenant_has_nothing(vault: Vault) -> None:
    assert vault.names("acme") == vault.names() == []
    with pytest.raises(NoSuchSecret):
        vault.get("acme", "token")
    with pytest.raises(KeyMissing, match="nothing to rotate"):
        vault.rotate("acme")
