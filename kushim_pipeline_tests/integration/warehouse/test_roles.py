"""Which logins can make the roles, what is said to those that cannot, and two that do it at the same moment."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from kushim_pipeline.warehouse import StatementFailed, open_writer
from kushim_pipeline_tests.integration.warehouse.planted import TENANT_TABLES, session
from kushim_pipeline_tests.postgres import PostgresServer, as_login, execute, start_server

ATTRIBUTES = "rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"


@pytest.fixture(params=[15, 16, 18])
def untouched(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server on which nobody has made a role yet."""
    with start_server(version=request.param) as server:
        yield server


def test_a_login_that_owns_its_database_and_may_create_roles_is_enough(untouched: PostgresServer) -> None:
    execute(untouched.admin_url, "CREATE ROLE migrator LOGIN CREATEROLE")
    with untouched.fresh_database(owner="migrator") as url:
        for _ in range(2):
            with open_writer(as_login(url, "migrator")) as warehouse:
                assert warehouse.query("SELECT session_user, current_user").rows == [("migrator", "kushim_loader")]
                warehouse.script("CREATE TEMPORARY TABLE staged ()")
        assert execute(url, f"SELECT rolname FROM pg_roles WHERE rolname LIKE 'kushim%' AND ({ATTRIBUTES})") == []
        assert execute(url, "SELECT * FROM ops.wall_gaps()") == []


def test_a_login_that_may_not_is_told_what_to_have_run(untouched: PostgresServer) -> None:
    execute(untouched.admin_url, "CREATE ROLE migrator LOGIN")
    with untouched.fresh_database() as url:
        with pytest.raises(StatementFailed) as told, open_writer(as_login(url, "migrator")):
            pass
        message = str(told.value)
        assert "a database administrator has to run this once" in message.lower()
        assert execute(url, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'kushim%'") == []
        commands = re.findall(r"(?:CREATE ROLE|GRANT) [^;]+;", message)
        assert len(commands) == 10 + 5 + 2 + 2
        execute(url, *commands)
        with open_writer(as_login(url, "migrator")) as warehouse:
            assert warehouse.query("SELECT current_user").rows == [("kushim_loader",)]
            # It does not own the database, so it cannot take from PUBLIC what PUBLIC has there by default.
            assert warehouse.query("SELECT gap FROM ops.wall_gaps()").rows == [("PUBLIC may TEMPORARY in it",)]


def test_databases_of_one_server_may_be_migrated_at_the_same_moment(untouched: PostgresServer) -> None:
    def migrate(url: str) -> str:
        with open_writer(url) as warehouse:
            return str(warehouse.query("SELECT current_user").rows[0][0])

    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        urls = [stack.enter_context(untouched.fresh_database()) for _ in range(6)]
        assert list(pool.map(migrate, urls)) == ["kushim_loader"] * 6


def test_the_owner_of_all_stands_behind_the_walls_too(postgres: PostgresServer) -> None:
    with postgres.fresh_database() as url:
        with open_writer(url):
            pass
        execute(url, "INSERT INTO verdict.tenant VALUES ('acme', 'Acme'), ('globex', 'Globex')")
        with session(url) as opened:
            opened.run("SET ROLE kushim_owner")
            for schema, table in execute(url, TENANT_TABLES):
                answer = opened.run(f'SELECT * FROM {schema}."{table}"')
                assert (answer.error or "").startswith("42501"), (schema, table)
            opened.run("SELECT set_config('app.tenant', 'acme', false)")
            assert opened.run("SELECT tenant_id FROM verdict.tenant").rows == [("acme",)]
