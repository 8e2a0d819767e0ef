"""A vault on SQLite and on a real Postgres: every test that asks for `vault` runs on both."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import open_vault
from kushim_pipeline.vault.vault import Vault
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.postgres import PostgresServer, as_login, database, execute

Open = Callable[[], Vault]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def walled(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database with the newest schema, for the administering login."""
    with postgres.fresh_database() as url:
        with open_writer(url):
            pass
        yield url


@pytest.fixture(scope="session")
def loader_url(walled: str) -> Iterator[str]:
    """The same database for a login that is a member of kushim_loader and owns nothing."""
    yield from _login(walled, "kushim_loader")


@pytest.fixture(scope="session")
def app_url(walled: str) -> Iterator[str]:
    """The same database for a login that is a member of kushim_app alone."""
    yield from _login(walled, "kushim_app")


def _login(url: str, role: str) -> Iterator[str]:
    name = f"{role}_{database(url)}"
    execute(url, f'CREATE ROLE "{name}" LOGIN', f'GRANT {role} TO "{name}"')
    yield as_login(url, name)
    execute(url, f'REASSIGN OWNED BY "{name}" TO CURRENT_USER', f'DROP OWNED BY "{name}"', f'DROP ROLE "{name}"')


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of an empty data folder, with either engine behind."""
    environ = {"KUSHIM_HOME": str(tmp_path / "home"), "KUSHIM_TENANTS": str(tmp_path / "tenants")}
    if request.param == "postgres":
        environ["KUSHIM_WAREHOUSE_URL"] = request.getfixturevalue("loader_url")
        execute(request.getfixturevalue("walled"), "TRUNCATE vault.data_key, vault.secret, vault.shredded")
    return Settings.read(environ)


@pytest.fixture
def opened(settings: Settings) -> Iterator[Open]:
    """A function that opens the vault as another process would: nothing is shared but the disk and the database."""
    vaults: list[Vault] = []

    def open_() -> Vault:
        vaults.append(open_vault(settings, {}))
        return vaults[-1]

    yield open_
    for vault in vaults:
        vault.close()


@pytest.fixture
def vault(opened: Open) -> Vault:
    """One open vault."""
    return opened()
