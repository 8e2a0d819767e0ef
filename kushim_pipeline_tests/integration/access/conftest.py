"""One warehouse for all tests of access; every test makes logins of its own."""

from collections.abc import Iterator

import pytest

from kushim_pipeline_tests.integration.access.company import Company, build
from kushim_pipeline_tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Company]:
    with postgres.fresh_database() as url:
        made = build(url, tmp_path_factory.mktemp("home"))
        yield made
        for (login,) in made.owner("SELECT DISTINCT login FROM access.grants"):
            made.owner(f'DROP ROLE IF EXISTS "{login}"')
