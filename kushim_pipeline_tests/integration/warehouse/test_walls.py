"""Two hundred tenants in one Postgres, and logins that try everything to see more than their one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kushim_pipeline_tests.integration.warehouse import attacks
from kushim_pipeline_tests.integration.warehouse.attacks import VICTIM, Relation, relations
from kushim_pipeline_tests.integration.warehouse.planted import (
    TENANT_TABLES,
    Session,
    build,
    logins,
    session,
    tenant,
    value,
    whose,
)
from kushim_pipeline_tests.postgres import PostgresServer, connect, execute

TENANTS = 200
READERS = (3, 77, 199)
SERVICES = ("kushim_reader", "kushim_app")


@dataclass(frozen=True)
class Warehouse:
    """The planted warehouse: the superuser's URL, and the URLs of the logins behind the walls by role."""

    url: str
    logins: dict[str, str]


@pytest.fixture(scope="module")
def walled(postgres: PostgresServer) -> Iterator[Warehouse]:
    """Two hundred tenants, and a login for each service and one for a person."""
    with postgres.fresh_database() as url:
        build(url, TENANTS)
        with logins(url, (*SERVICES, "kushim_auditor")) as urls:
            yield Warehouse(url, urls)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """The role of a service's login."""
    return str(request.param)


def ours(found: Iterable[Relation]) -> list[Relation]:
    """Without what comes with Postgres."""
    return [it for it in found if not it.is_system]


def probe(opened: Session) -> Iterator[str]:
    """Read everything that the session can see in every way. Out: the findings."""
    return (finding for it in ours(relations(opened)) for finding in attacks.read(opened, it))


def glance(opened: Session) -> list[str]:
    """Read everything once. Out: what shows another tenant."""
    asked = [f"SELECT {it.listed} FROM {it}" for it in ours(relations(opened))]
    return [sql for sql in asked if opened.foreign(sql, opened.run(sql))]


def test_every_table_and_view_is_seen_and_none_shows_another_tenant(walled: Warehouse, service: str) -> None:
    tables = {tuple(row) for row in execute(walled.url, TENANT_TABLES)}
    for number in READERS:
        with session(walled.logins[service], number) as opened:
            seen = ours(relations(opened))
            assert list(probe(opened)) == []
            empty = [str(it) for it in seen if it.of_tenants and not opened.run(f"SELECT {it.listed} FROM {it}").rows]
            assert empty == [], "nothing is proven of what shows no rows at all"
    names = {(it.schema, it.name) for it in seen}
    expected = {name for name in tables if name[0] != "ops" and (name[0] != "vault" or service == "kushim_app")}
    assert expected <= names
    assert not {name for name in names if name[0] in ("ops", "vault")} - expected - {("ops", "clock")}
    assert {("mart_v1", "check_result"), ("mart_v1", "posture"), ("raw", "record_asof")} <= names


def test_nothing_tells_that_another_tenants_value_exists(walled: Warehouse, service: str) -> None:
    with session(walled.logins[service], READERS[1]) as opened:
        findings = [f for it in ours(relations(opened)) if it.of_tenants for f in attacks.ask_for(opened, it)]
    assert findings == []


def test_nothing_can_be_written_for_another_tenant(walled: Warehouse, service: str) -> None:
    before = contents(walled.url)
    with session(walled.logins[service], READERS[0]) as opened:
        findings = [f for it in ours(relations(opened)) for f in attacks.write(opened, it)]
    assert findings == []
    assert contents(walled.url) == before


def contents(url: str) -> dict[str, Any]:
    """How many rows each table of tenants has, and a hash over them."""
    return {
        f"{schema}.{table}": execute(
            url, f'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {schema}."{table}" AS t'
        )
        for schema, table in execute(url, TENANT_TABLES)
    }


def test_an_unset_tenant_is_an_error_everywhere_also_where_there_are_no_rows(
    walled: Warehouse, service: str, postgres: PostgresServer
) -> None:
    with session(walled.logins[service], READERS[0]) as opened:
        seen = [it for it in ours(relations(opened)) if it.of_tenants]
        assert [f for it in seen for f in attacks.without_tenant(opened, it)] == []
    with postgres.fresh_database() as url, logins(url, [service]) as urls:
        build(url, 0)
        with session(urls[service]) as opened:
            assert [f for it in seen for f in attacks.without_tenant(opened, it)] == []


def test_a_person_without_a_grant_reads_nothing(walled: Warehouse) -> None:
    with session(walled.logins["kushim_auditor"], READERS[0]) as opened:
        for schema, table in execute(walled.url, TENANT_TABLES):
            answer = opened.run(f'SELECT * FROM {schema}."{table}"')
            assert (answer.error or "").startswith("42501"), (schema, table, answer)


def test_no_system_catalog_shows_a_value(walled: Warehouse, service: str) -> None:
    with session(walled.url, None) as other, session(walled.logins[service], READERS[0]) as opened:
        other.run(f"SELECT '{tenant(VICTIM)}' AS what_another_login_asked")
        findings = []
        for it in relations(opened):
            if it.is_system:
                sql = f"SELECT {it.listed} FROM {it}"
                findings += [sql] if opened.foreign(sql, opened.run(sql)) else []
        assert findings == []
        assert opened.run("SELECT 1 FROM pg_catalog.pg_statistic").error
        assert opened.run("SELECT 1 FROM pg_catalog.pg_statistic_ext_data").error
        counted = opened.run("SELECT DISTINCT schemaname, tablename FROM pg_stats").rows
        assert not set(counted) & {tuple(row) for row in execute(walled.url, TENANT_TABLES)}


_FUNCTIONS = """
    SELECT format('%%I.%%I', n.nspname, p.proname), p.proargtypes::regtype[]::text[], p.proretset, n.nspname
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE') AND p.prokind = 'f'
        AND (n.nspname <> 'pg_catalog' OR (p.proretset OR p.proname ~ '_to_xml|^pg_(stat|get|relation)')
            AND p.proargtypes::regtype[]::text[] <@ ARRAY['regclass', 'oid', 'text', 'boolean', 'name'])
        AND p.proname NOT IN ('pg_stat_reset', 'pg_get_wal_replay_pause_state') AND p.proname NOT LIKE 'pg_%%_xlog%%'
    ORDER BY 1
"""


def test_no_function_shows_a_value(walled: Warehouse, service: str) -> None:
    arguments = {
        "regclass": "'raw.record'::regclass", "oid": "'raw.record'::regclass::oid", "text": "'raw'", "name": "'raw'",
        "boolean": "true", "json": "'[]'::json", "bigint": "1", "integer": "1",
    }  # fmt: skip
    with session(walled.logins[service], READERS[0]) as opened:
        functions = opened.run(_FUNCTIONS.replace("%%", "%")).rows
        assert {row[3] for row in functions} >= {"pg_catalog", "polyfill", "ops"}
        assert {row[0] for row in functions if row[3] in ("ops", "vault")} <= {"ops.tenant", "ops.granted_tenant"}
        for name, types, is_set, _ in functions:
            if any(type_ not in arguments for type_ in types):
                continue
            called = f"{name}({', '.join(arguments[type_] for type_ in types)})"
            sql = f"SELECT * FROM {called}" if is_set else f"SELECT {called}"
            answer = opened.run(sql)
            assert not opened.foreign(sql, answer), sql
        opened.run("RESET ROLE")
        for dump in ("database_to_xml(true, false, '')", "schema_to_xml('verdict', true, false, '')",
                     "table_to_xml('raw.record', true, false, '')"):  # fmt: skip
            assert not opened.foreign("", opened.run(f"SELECT {dump}")), dump


def test_a_tenant_that_changes_under_a_statement_shows_only_what_was_set(walled: Warehouse, service: str) -> None:
    one, two = READERS[:2]
    with session(walled.logins[service], one) as opened:
        for plans in ("auto", "force_generic_plan", "force_custom_plan"):
            opened.run(f"SET plan_cache_mode = {plans}")
            opened.be(one)
            opened.run("PREPARE asked (text) AS SELECT * FROM mart_v1.check_result WHERE check_id = $1")
            for number in (one, two) * 4:
                opened.be(number)
                answer = opened.run("EXECUTE asked ('SHARED-001')")
                assert whose(answer.text) == {number}, plans
            opened.be(None)
            assert (opened.run("EXECUTE asked ('SHARED-001')").error or "").startswith("42501")
            opened.run("DEALLOCATE asked")
        opened.run("BEGIN")
        opened.be(one)
        opened.run("DECLARE held CURSOR WITH HOLD FOR SELECT * FROM verdict.check_result")
        opened.run("DECLARE running CURSOR FOR SELECT * FROM verdict.check_result")
        assert whose(opened.run("FETCH 1 FROM running").text) == {one}
        opened.be(two)
        assert whose(opened.run("FETCH ALL FROM running").text) <= {one, two}
        opened.run("COMMIT")
        assert whose(opened.run("FETCH ALL FROM held").text) <= {one, two}


def test_no_way_leads_to_another_role_or_past_the_policies(walled: Warehouse, service: str) -> None:
    others = {row[0] for row in execute(walled.url, "SELECT rolname FROM pg_roles")} - {service}
    with session(walled.logins[service], READERS[0]) as opened:
        myself = opened.run("SELECT session_user").rows[0][0]
        for role in sorted(others - {myself}):
            assert opened.run(f'SET ROLE "{role}"').error, role
            assert opened.run(f'SET SESSION AUTHORIZATION "{role}"').error, role
        opened.run(f"SET ROLE {service}")
        assert glance(opened) == []
        opened.run("RESET ROLE")
        opened.run("SELECT set_config('row_security', 'off', false)")
        assert "42501" in (opened.run("SELECT * FROM verdict.check_result").error or "")
        assert glance(opened) == []
        opened.run("RESET row_security")
        for sql in (
            "ALTER ROLE CURRENT_USER BYPASSRLS", "SET session_replication_role = replica", "CREATE ROLE mine",
            "GRANT kushim_loader TO CURRENT_USER", "ALTER DATABASE CURRENT_CATALOG SET row_security = off",
            "CREATE EXTENSION dblink", "CREATE EXTENSION file_fdw", "CREATE SCHEMA mine", "CREATE TABLE public.mine ()",
            "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE PUBLICATION mine",
            "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION mine()", "CREATE LANGUAGE plpython3u",
            "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw", "DROP SCHEMA raw CASCADE", "CHECKPOINT",
            "CREATE OR REPLACE FUNCTION ops.tenant() RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
            "ALTER FUNCTION ops.tenant() SECURITY DEFINER", "ALTER DEFAULT PRIVILEGES FOR ROLE kushim_owner GRANT "
            "SELECT ON TABLES TO PUBLIC", "REASSIGN OWNED BY kushim_owner TO CURRENT_USER",
            "SELECT ops.refresh_statistics('raw', 'record')", "SELECT ops.wall_off('raw', 'record')",
            "SELECT * FROM ops.wall_gaps()", "SELECT * FROM ops.migration", "SELECT * FROM verdict.evaluated_check",
            "SELECT results FROM verdict.evaluation", "SELECT * FROM ops.planted_plain",
        ):  # fmt: skip
            assert opened.run(sql).error, sql


def test_files_other_servers_and_large_objects_are_out_of_reach(walled: Warehouse, service: str) -> None:
    ((made,),) = execute(walled.url, f"SELECT lo_from_bytea(0, '{tenant(VICTIM)}')")
    with session(walled.logins[service], READERS[0]) as opened:
        for sql in (
            "SELECT pg_read_file('PG_VERSION')", "SELECT pg_read_binary_file('PG_VERSION')", "SELECT pg_ls_dir('.')",
            "SELECT pg_stat_file('PG_VERSION')", "SELECT lo_import('/etc/hostname')", "SELECT lo_export(1, '/tmp/x')",
            "COPY raw.record TO '/tmp/x'", "COPY raw.record TO PROGRAM 'cat'", "COPY raw.unit FROM PROGRAM 'echo'",
            "SELECT dblink('', 'SELECT 1')", f"SELECT lo_get({made})", "SELECT data FROM pg_largeobject",
            "SELECT pg_ls_waldir()", "SELECT pg_current_logfile()", "SELECT pg_logical_slot_peek_changes('x', 1, 1)",
        ):  # fmt: skip
            answer = opened.run(sql)
            assert answer.error, sql
            assert not opened.foreign(sql, answer), sql


def test_other_sessions_are_neither_seen_nor_heard(walled: Warehouse, service: str) -> None:
    with session(walled.url) as other, session(walled.logins[service], READERS[0]) as opened:
        for channel in ("kushim", "run_events", "warehouse"):
            opened.run(f"LISTEN {channel}")
        other.run("BEGIN")
        other.run(f"UPDATE verdict.tenant SET name = name WHERE tenant_id = '{tenant(VICTIM)}'")
        seen = opened.run("SELECT * FROM pg_stat_activity")
        locks = opened.run("SELECT * FROM pg_locks")
        own = opened.run("SELECT * FROM verdict.tenant")  # does not wait
        other.run("ROLLBACK")
        opened.link.poll()
        assert not opened.foreign("", seen)
        assert not opened.foreign("", locks)
        assert own.rows
        assert opened.link.notifies == []


def test_names_of_ones_own_do_not_stand_in_for_the_walls(postgres: PostgresServer, walled: Warehouse) -> None:
    """Where the database leaves temporary tables to everybody (a gap), shadows still open nothing."""
    execute(walled.url, f'GRANT TEMPORARY ON DATABASE "{walled.url.rpartition("/")[2]}" TO PUBLIC')
    with session(walled.logins["kushim_reader"], READERS[0]) as opened:
        assert not opened.run("CREATE TEMPORARY TABLE check_result (tenant_id text)").error
        for sql in (
            "CREATE TEMPORARY TABLE pg_roles (rolname name, rolsuper boolean)",
            "INSERT INTO pg_roles VALUES (session_user, true)",
            "CREATE FUNCTION pg_temp.tenant() RETURNS text LANGUAGE sql AS 'SELECT tenant_id FROM check_result'",
            "CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql AS "
            f"'SELECT ''{tenant(VICTIM)}'''",
            "CREATE FUNCTION pg_temp.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.same)",
            "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS "
            "'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
            "SET search_path = pg_temp, polyfill, pg_catalog, public",
        ):
            assert not opened.run(sql).error, sql
        assert glance(opened) == []
        for it in ours(relations(opened)):
            if it.schema.startswith("pg_temp"):
                continue
            for name, _ in it.columns:
                sql = f'SELECT count(*) FROM {it} WHERE pg_temp.leak("{name}"::text)'
                assert not opened.foreign(sql, opened.run(sql)), sql
        wrong = opened.run("ALTER FUNCTION pg_temp.leak(text) LEAKPROOF").error
        assert wrong and "42501" in wrong
    execute(walled.url, f'REVOKE TEMPORARY ON DATABASE "{walled.url.rpartition("/")[2]}" FROM PUBLIC')


# What a careless change might do. The probe must find each: one that cannot find proves nothing by finding nothing.
_HOLES = {
    "a policy is gone": ["DROP POLICY tenant ON raw.record", "CREATE POLICY open ON raw.record USING (true)"],
    "row-level security is off": ["ALTER TABLE verdict.check_result DISABLE ROW LEVEL SECURITY"],
    "a view with its owner's rights": [
        "ALTER TABLE verdict.check_result NO FORCE ROW LEVEL SECURITY",
        "ALTER VIEW mart_v1.check_result_history SET (security_invoker = false)",
    ],
    "a materialised view": [
        "CREATE MATERIALIZED VIEW mart_v1.kept AS SELECT * FROM mart_v1.check_result",
        "GRANT SELECT ON mart_v1.kept TO kushim_reader",
    ],
    "a function with a superuser's rights": [
        "CREATE FUNCTION ops.everything() RETURNS SETOF text SECURITY DEFINER LANGUAGE sql "
        "AS 'SELECT resource_id FROM verdict.check_result'",
        "GRANT EXECUTE ON FUNCTION ops.everything() TO kushim_reader",
        "CREATE VIEW mart_v1.everything AS SELECT * FROM ops.everything() AS t(resource_id)",
        "GRANT SELECT ON mart_v1.everything TO kushim_reader",
    ],
    "a table without a wall": ["GRANT SELECT ON ops.planted_plain TO kushim_reader"],
}  # fmt: skip


@pytest.mark.parametrize("hole", _HOLES)
def test_the_probe_finds_a_hole(walled: Warehouse, postgres: PostgresServer, hole: str) -> None:
    with postgres.fresh_database(template=walled.url) as url:
        execute(url, *_HOLES[hole])
        reader = re.sub(r"kushim_test_\w+$", url.rpartition("/")[2], walled.logins["kushim_reader"])
        with session(reader, READERS[0]) as opened:
            assert next(probe(opened), None)
        with connect(url) as link, link.cursor() as cursor:
            cursor.execute("SELECT object, gap FROM ops.wall_gaps()")
            assert cursor.fetchall() != []


def test_the_probe_finds_what_the_planner_counted(walled: Warehouse, postgres: PostgresServer) -> None:
    with postgres.fresh_database(template=walled.url) as url:
        execute(
            url,
            f"INSERT INTO verdict.tenant SELECT '{tenant(VICTIM)}', '{value(VICTIM, 'text')}' "
            "FROM generate_series(1, 999)",
            "ALTER TABLE verdict.tenant ALTER COLUMN name SET STATISTICS 100",
            "ANALYZE verdict.tenant",
        )
        reader = re.sub(r"kushim_test_\w+$", url.rpartition("/")[2], walled.logins["kushim_reader"])
        with session(reader, READERS[0]) as opened:
            (it,) = [r for r in relations(opened) if (r.schema, r.name) == ("verdict", "tenant")]
            assert [finding for finding in attacks.ask_for(opened, it) if "differs for name" in finding]


def test_the_probe_finds_that_a_readers_condition_goes_before_the_wall(
    walled: Warehouse, postgres: PostgresServer
) -> None:
    with postgres.fresh_database(template=walled.url) as url:
        execute(url, "ALTER FUNCTION ops.tenant() COST 100")
        reader = re.sub(r"kushim_test_\w+$", url.rpartition("/")[2], walled.logins["kushim_reader"])
        with session(reader, READERS[0]) as opened:
            (it,) = [r for r in relations(opened) if (r.schema, r.name) == ("verdict", "check_result")]
            assert [finding for finding in attacks.ask_for(opened, it) if "unset midway tells" in finding]


def test_a_warehouse_as_kushim_makes_it_has_no_gaps(postgres: PostgresServer) -> None:
    with postgres.fresh_database() as url:
        build(url, 2)
        assert execute(url, "SELECT * FROM ops.wall_gaps()") == []
