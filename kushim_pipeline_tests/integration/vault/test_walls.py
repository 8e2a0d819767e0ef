"""On Postgres: what a login may do that is a member of kushim_app alone, of neither role, or away."""

import re
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import KeyMissing, VaultError, VaultUnreachable, open_vault
from kushim_pipeline.vault.vault import NoSuchSecret, Vault
from kushim_pipeline_tests.integration.vault.test_vault import value
from kushim_pipeline_tests.postgres import PostgresServer, as_login, connect, execute


def at(url: str, home: Path) -> Vault:
    """The vault behind a URL."""
    return open_vault(Settings(home, home, url), {})


@pytest.fixture
def both(walled: str, loader_url: str, app_url: str, tmp_path: Path) -> tuple[Vault, Vault]:
    """The same vault for the loader and for the app; a secret of acme and one of beta are in it."""
    execute(walled, "TRUNCATE vault.data_key, vault.secret, vault.shredded")
    loader = at(loader_url, tmp_path)
    loader.set("acme", "token", "of acme")
    loader.set("beta", "token", "of beta")
    return loader, at(app_url, tmp_path)


def test_the_app_works_a_tenant_at_a_time(both: tuple[Vault, Vault]) -> None:
    loader, app = both
    assert value(app, "acme", "token") == "of acme"
    assert app.set("acme", "token", "newer") == 2
    assert value(loader, "acme", "token") == "newer"
    assert [info.tenant_id for info in app.names("beta")] == ["beta"]
    assert app.rotate("acme") == 1
    assert app.delete("beta", "token") == 1
    assert app.shred("beta") == 1
    with pytest.raises(NoSuchSecret):
        loader.get("beta", "token")


def test_the_app_cannot_work_on_all(both: tuple[Vault, Vault], tmp_path: Path) -> None:
    _, app = both
    for act in (app.names, app.rotate_key):
        with pytest.raises(VaultUnreachable, match="members of kushim_loader only"):
            act()
    # It cannot know whether other tenants have keys, so it does not begin with key files of its own.
    with pytest.raises(KeyMissing, match="put the key files back"):
        at(str(app.table._engine.url), tmp_path / "elsewhere").set("gamma", "token", "x")


def test_the_database_shows_the_app_one_tenant_and_readers_none(both: tuple[Vault, Vault], app_url: str) -> None:
    with closing(connect(app_url)) as connection, connection.cursor() as cursor:
        for table in ("data_key", "secret", "shredded"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"SELECT * FROM vault.{table}")
        cursor.execute("SELECT set_config('app.tenant', 'acme', false)")
        cursor.execute("SELECT DISTINCT tenant_id FROM vault.secret")
        assert cursor.fetchall() == [("acme",)]
        cursor.execute("UPDATE vault.secret SET name = 'stolen' WHERE tenant_id = 'beta'")
        assert cursor.rowcount == 0
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("INSERT INTO vault.shredded VALUES ('beta', now())")


def test_a_reader_has_no_door(walled: str) -> None:
    with closing(connect(walled)) as connection, connection.cursor() as cursor:
        for role in ("kushim_reader", "kushim_auditor", "kushim_viewer"):
            cursor.execute(f"SET ROLE {role}; SELECT set_config('app.tenant', 'acme', false)")
            for table in ("data_key", "secret", "shredded"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(f"SELECT * FROM vault.{table}")
            cursor.execute("RESET ROLE")


def test_a_role_of_one_transaction_does_not_stay_in_the_session(both: tuple[Vault, Vault]) -> None:
    loader, _ = both
    with loader.table._engine.connect() as connection:
        role, tenant = connection.exec_driver_sql("SELECT current_user, current_setting('app.tenant', true)").one()
    assert role != "kushim_loader"
    assert not tenant


def test_a_login_without_a_role_is_told(walled: str, tmp_path: Path) -> None:
    name = "nobody_in_particular"
    execute(walled, f"CREATE ROLE {name} LOGIN")
    try:
        with pytest.raises(VaultUnreachable, match="neither kushim_loader nor kushim_app"):
            at(as_login(walled, name), tmp_path).get("acme", "token")
    finally:
        execute(walled, f"DROP ROLE {name}")


def test_a_database_without_the_tables_is_told(postgres: PostgresServer, walled: str, tmp_path: Path) -> None:
    assert walled  # the roles exist
    with postgres.fresh_database() as url:
        vault = at(url, tmp_path)
        with pytest.raises(VaultUnreachable, match="run `kushim warehouse migrate`"):
            vault.get("acme", "token")
        vault.close()


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg2://kushim:hunter2-canary@127.0.0.1:1/kushim"
    vault = at(url, tmp_path)
    with pytest.raises(VaultError) as caught:
        vault.get("acme", "token")
    assert "hunter2" not in str(caught.value) + repr(vault.table)
    assert caught.value.__suppress_context__
    assert re.search(r"cannot be used \(OperationalError\)", str(caught.value))
