"""ops.wall_gaps() has a row for every rule that is broken, and none on a warehouse as Kushim makes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from kushim_pipeline.warehouse import sql_text
from kushim_pipeline_tests.integration.warehouse.planted import build
from kushim_pipeline_tests.postgres import PostgresServer, connect, start_server

# What is broken, and a finding that names it. Everything is undone after each.
BROKEN: dict[str, tuple[str, str, str]] = {
    "no policies": (
        "ALTER TABLE raw.unit DISABLE ROW LEVEL SECURITY", "raw.unit", "row-level security is off",
    ),
    "not forced": ("ALTER TABLE raw.unit NO FORCE ROW LEVEL SECURITY", "raw.unit", "not forced on its owner"),
    "policy dropped": ("DROP POLICY tenant ON raw.unit", "raw.unit", "has no policy tenant"),
    "loader's policy dropped": ("DROP POLICY loader ON raw.unit", "raw.unit", "has no policy loader"),
    "policy widened": (
        "ALTER POLICY tenant ON raw.unit USING (tenant_id = ops.tenant() OR scope = 'global')",
        "raw.unit", "has no policy tenant",
    ),
    "policy of writing widened": (
        "ALTER POLICY tenant ON raw.unit WITH CHECK (true)", "raw.unit", "has no policy tenant",
    ),
    "loader's policy for readers": (
        "ALTER POLICY loader ON raw.unit TO kushim_loader, kushim_reader", "raw.unit", "has no policy loader",
    ),
    "a further policy": (
        "CREATE POLICY mine ON raw.unit FOR SELECT TO kushim_reader USING (true)", "raw.unit", "further policy",
    ),
    "a new table of tenants": (
        "CREATE TABLE raw.mine (tenant_id text)", "raw.mine", "row-level security is off",
    ),
    "a table of tenants among the marts": (
        "CREATE TABLE mart_v1.mine (tenant_id text)", "mart_v1.mine", "in a schema without walls",
    ),
    "a copy elsewhere": (
        "CREATE TABLE public.mine AS SELECT * FROM raw.unit; GRANT SELECT ON public.mine TO kushim_reader",
        "public.mine", "has tenants but no wall",
    ),
    "a table without tenants opened": (
        "GRANT SELECT ON verdict.evaluated_check TO kushim_reader", "verdict.evaluated_check", "may read error",
    ),
    "a column opened": (
        "GRANT SELECT (results) ON verdict.evaluation TO kushim_app", "verdict.evaluation", "may read results",
    ),
    "opened to PUBLIC": ("GRANT SELECT ON raw.unit TO PUBLIC", "raw.unit", "PUBLIC may SELECT"),
    "opened to a stranger": (
        "CREATE ROLE stranger; GRANT SELECT ON raw.unit TO stranger", "raw.unit", "stranger may SELECT",
    ),
    "the vault opened to readers": (
        "GRANT SELECT ON vault.planted TO kushim_reader", "vault.planted", "kushim_reader may SELECT",
    ),
    "the vault's schema opened to persons": (
        "GRANT USAGE ON SCHEMA vault TO kushim_person", "schema vault", "kushim_person may USAGE",
    ),
    "readers may write": ("GRANT UPDATE ON raw.unit TO kushim_reader", "raw.unit", "kushim_reader may UPDATE"),
    "the service may write verdicts": (
        "GRANT INSERT (status) ON verdict.check_result TO kushim_app", "verdict.check_result", "may INSERT",
    ),
    "readers may empty": ("GRANT TRUNCATE ON raw.unit TO kushim_app", "raw.unit", "kushim_app may TRUNCATE"),
    "readers may look up": ("GRANT REFERENCES ON raw.unit TO kushim_app", "raw.unit", "kushim_app may REFERENCES"),
    "readers may grant on": (
        "GRANT SELECT ON raw.unit TO kushim_reader WITH GRANT OPTION", "raw.unit", "and grant it on",
    ),
    "a rule": (
        "CREATE RULE mine AS ON INSERT TO raw.unit DO ALSO NOTIFY mine", "raw.unit", "has a rule: mine",
    ),
    "a foreign key": (
        "CREATE TABLE raw.mine (tenant_id text, id text PRIMARY KEY); ALTER TABLE raw.unit ADD CONSTRAINT looks "
        "FOREIGN KEY (account_id) REFERENCES raw.mine (id) NOT VALID", "raw.unit", "the foreign key looks",
    ),
    "the planner counts": (
        "ALTER TABLE raw.unit ALTER account_id SET STATISTICS 100", "raw.unit", "counts the values of account_id",
    ),
    "the planner counts times": (
        "ALTER TABLE raw.unit ALTER valid_to SET STATISTICS 100", "raw.unit", "counts the values of valid_to",
    ),
    "counted before the wall": (
        "ALTER TABLE raw.unit ALTER account_id SET STATISTICS 100; ANALYZE raw.unit; "
        "ALTER TABLE raw.unit ALTER account_id SET STATISTICS 0", "raw.unit", "still has values of account_id",
    ),
    "extended statistics": (
        "CREATE STATISTICS raw.mine ON tenant_id, account_id FROM raw.unit", "raw.unit", "extended statistics",
    ),
    "an index across tenants": (
        "CREATE INDEX mine ON raw.unit (account_id, tenant_id)", "raw.unit", "finds rows of all tenants by account_id",
    ),
    "an index on an expression": (
        "CREATE INDEX mine ON raw.unit (md5(account_id))", "raw.unit", "finds rows of all tenants by an expression",
    ),
    "an index on an expression of a tenant": (
        "CREATE INDEX mine ON raw.unit (tenant_id, md5(account_id))", "raw.unit", "counts the expression of the index",
    ),
    "unique across tenants": (
        "CREATE UNIQUE INDEX mine ON verdict.freshness (check_id, connection_id)",
        "verdict.freshness", "is unique across tenants",
    ),
    "a view with its owner's rights": (
        "ALTER VIEW mart_v1.posture RESET (security_invoker)", "mart_v1.posture", "security_invoker is not set",
    ),
    "a view made anew": (
        "CREATE OR REPLACE VIEW raw.unit_asof AS SELECT u.* FROM raw.unit AS u", "raw.unit_asof", "security_invoker",
    ),
    "a view elsewhere": (
        "CREATE VIEW public.one AS SELECT * FROM mart_v1.posture; "
        "CREATE VIEW public.two WITH (security_invoker = true) AS SELECT * FROM public.one",
        "public.one", "security_invoker is not set",
    ),
    "a materialised view": (
        "CREATE MATERIALIZED VIEW mart_v1.mine AS SELECT 1", "mart_v1.mine", "a materialised view",
    ),
    "a materialised view elsewhere": (
        "CREATE MATERIALIZED VIEW public.mine AS SELECT * FROM mart_v1.posture", "public.mine", "a materialised view",
    ),
    "a function for PUBLIC": (
        "CREATE FUNCTION ops.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ops.mine()", "PUBLIC may run it",
    ),
    "a definer of somebody else's": (
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "public.mine()", "runs with the rights of",
    ),
    "a definer with the caller's path": (
        "SET ROLE kushim_owner; CREATE FUNCTION ops.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; "
        "COMMENT ON FUNCTION ops.mine() IS 'definer: why'; RESET ROLE", "ops.mine()", "its caller's search_path",
    ),
    "a definer with a temporary schema in its path": (
        "SET ROLE kushim_owner; CREATE FUNCTION ops.mine() RETURNS int LANGUAGE sql SECURITY DEFINER "
        "SET search_path = ops, pg_catalog AS 'SELECT 1'; RESET ROLE", "ops.mine()", "its caller's search_path",
    ),
    "a definer without a reason": (
        "SET ROLE kushim_owner; CREATE FUNCTION ops.mine() RETURNS int LANGUAGE sql SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp AS 'SELECT 1'; RESET ROLE", "ops.mine()", "no comment",
    ),
    "files": (
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO kushim_reader", "pg_catalog.pg_read_file", "reaches files",
    ),
    "a schema to build in": (
        "GRANT CREATE ON SCHEMA public TO PUBLIC", "schema public", "PUBLIC may CREATE in it",
    ),
    "the owner's room": ("GRANT USAGE ON SCHEMA raw TO PUBLIC", "schema raw", "PUBLIC may USAGE"),
    "temporary tables for all": (
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
        "database ", "PUBLIC may TEMPORARY",
    ),
    "what is made in future": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE kushim_owner IN SCHEMA raw GRANT SELECT ON TABLES TO kushim_reader",
        "default privileges of kushim_owner", "kushim_reader may SELECT",
    ),
    "a role that sees all": ("ALTER ROLE kushim_reader BYPASSRLS", "role kushim_reader", "walks through every wall"),
    "a role that logs in": ("ALTER ROLE kushim_app LOGIN", "role kushim_app", "may log in"),
    "a role that makes roles": ("ALTER ROLE kushim_owner CREATEROLE", "role kushim_owner", "CREATEROLE"),
    "a reader who is a loader": ("GRANT kushim_loader TO kushim_reader", "role kushim_reader", "is a member of"),
    "a role that monitors": ("GRANT pg_monitor TO kushim_app", "role kushim_app", "is a member of pg_monitor"),
    "a login that sees all": (
        "CREATE ROLE mine LOGIN BYPASSRLS IN ROLE kushim_reader", "login mine", "sees all by itself",
    ),
    "a login before and behind": (
        "CREATE ROLE mine LOGIN IN ROLE kushim_reader, kushim_loader", "login mine", "it may become",
    ),
    "a login that reads all data": (
        "CREATE ROLE mine LOGIN IN ROLE kushim_viewer, pg_read_all_data", "login mine", "a member of pg_read_all_data",
    ),
    "a person who is a service": (
        "CREATE ROLE mine LOGIN IN ROLE kushim_auditor, kushim_app", "login mine", "a person's and a service's",
    ),
    "a loader who owns": ("ALTER TABLE raw.unit OWNER TO kushim_loader", "raw.unit", "belongs to kushim_loader"),
    "a superuser who owns": ("CREATE TABLE raw.mine (x int)", "raw.mine", "belongs to"),
    "a tenant by default": (
        "ALTER ROLE kushim_reader SET app.tenant = 'acme'", "login kushim_reader", "starts with the setting app.tenant",
    ),
    "the planner's book": (
        "GRANT SELECT ON pg_catalog.pg_statistic TO kushim_reader", "pg_statistic", "what the planner counted",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    """A small warehouse as Kushim makes it."""
    with postgres.fresh_database() as made:
        build(made, 5)
        yield made


@contextmanager
def undone(url: str) -> Iterator[Any]:
    """A superuser's cursor, whose work is rolled back."""
    link = connect(url)
    link.autocommit = False
    try:
        with link.cursor() as cursor:
            yield cursor
    finally:
        link.rollback()
        link.close()


def gaps(cursor: Any) -> list[tuple[str, str]]:
    """The findings, as the loader too may ask for them."""
    cursor.execute("SELECT object, gap FROM ops.wall_gaps()")
    return list(cursor.fetchall())


def test_a_warehouse_as_kushim_makes_it_has_none(url: str) -> None:
    with undone(url) as cursor:
        assert gaps(cursor) == []
        cursor.execute("SET ROLE kushim_loader")
        assert gaps(cursor) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found(url: str, name: str) -> None:
    broken, thing, gap = BROKEN[name]
    with undone(url) as cursor:
        cursor.execute(broken)
        found = gaps(cursor)
    assert any(o.startswith(thing) and gap in g for o, g in found), found


@pytest.mark.parametrize(
    "name",
    [
        "no policies", "not forced", "policy dropped", "policy widened", "policy of writing widened",
        "loader's policy for readers", "a table without tenants opened", "opened to PUBLIC", "the planner counts",
        "a view with its owner's rights", "a view made anew", "the owner's room",
    ],
)  # fmt: skip
def test_what_migrating_again_mends(url: str, name: str) -> None:
    """The file of the walls puts right what it is about, whatever was done to it meanwhile."""
    with undone(url) as cursor:
        cursor.execute(BROKEN[name][0])
        assert gaps(cursor) != []
        cursor.execute("SET ROLE kushim_owner")
        cursor.execute(sql_text("schema/postgres/after/walls.sql"))
        cursor.execute("RESET ROLE")
        assert gaps(cursor) == []


@pytest.mark.parametrize("version", [15, 16])
def test_other_versions_have_the_same_walls(version: int) -> None:
    with start_server(version=version) as server, server.fresh_database() as made:
        build(made, 5)
        with undone(made) as cursor:
            assert gaps(cursor) == []
            cursor.execute("CREATE ROLE mine LOGIN IN ROLE kushim_reader, kushim_loader")
            assert "login mine" in dict(gaps(cursor))
            cursor.execute("SET ROLE kushim_reader")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="no tenant is set"):
                cursor.execute("SELECT * FROM mart_v1.check_result")
