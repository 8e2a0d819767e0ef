"""The Postgres engine keeps the warehouse's interface: parameters, COPY, transactions, one writer, mere readers."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kushim_pipeline.warehouse import (
    NothingPublished,
    QueryRefused,
    SchemaOutdated,
    StatementFailed,
    Warehouse,
    WarehouseAway,
    WarehouseBusy,
    open_reader,
    open_writer,
    prepare,
)
from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse
from kushim_pipeline.warehouse.postgres_link import dsn, marked
from kushim_pipeline_tests.postgres import PostgresServer

TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40)


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.fresh_database() as found:
        prepare(found)
        yield found


@pytest.fixture
def warehouse(url: str) -> Iterator[Warehouse]:
    with open_writer(url) as found:
        found.script("CREATE TEMPORARY TABLE pair (a BIGINT, b VARCHAR)")
        yield found


def test_a_question_mark_is_a_parameter_only_outside_of_quotes() -> None:
    assert marked("SELECT '?%', ? WHERE a LIKE 'x''?' AND b % 2 = ?") == (
        "SELECT '?%%', %s WHERE a LIKE 'x''?' AND b %% 2 = %s"
    )


def test_parameters_and_percent_signs(warehouse: Warehouse) -> None:
    assert warehouse.query("SELECT ? || '%?' WHERE 7 % 4 = ?", ("x", 3)).rows == [("x%?",)]
    assert warehouse.query("SELECT 'a%s'").rows == [("a%s",)]


def test_numbers_times_and_json_come_as_duckdb_gives_them(warehouse: Warehouse) -> None:
    row = warehouse.query(
        "SELECT sum(x), avg(x), CAST('{\"a\": 1}' AS JSON), CAST('2026-01-01 02:00:00+02' AS TIMESTAMPTZ) "
        "FROM (VALUES (CAST(1 AS BIGINT)), (2)) AS v(x)"
    ).rows[0]
    assert row == (3, 1.5, '{"a": 1}', datetime(2026, 1, 1, tzinfo=UTC))
    assert [type(value) for value in row[:3]] == [int, float, str]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | TEXT), max_size=5))
def test_whatever_is_loaded_comes_back(warehouse: Warehouse, rows: list[tuple[int | None, str | None]]) -> None:
    warehouse.script("DELETE FROM pair")
    assert warehouse.load("pair", ("a", "b"), rows) == len(rows)
    key = str
    assert sorted(warehouse.query("SELECT a, b FROM pair").rows, key=key) == sorted(rows, key=key)


def test_text_that_means_something_to_copy_is_only_text(warehouse: Warehouse) -> None:
    hostile = ["\\N", "\\.", "a\tb", "a\nb", "a\rb", "\\", "\\\\N", "=HYPERLINK(1)", "'; DROP TABLE pair; --"]
    warehouse.load("pair", ("a", "b"), enumerate(hostile))
    assert [row[0] for row in warehouse.query("SELECT b FROM pair ORDER BY a").rows] == hostile


def test_times_keep_their_instant_and_microseconds(warehouse: Warehouse) -> None:
    moment = datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-7)))
    warehouse.script("CREATE TEMPORARY TABLE moment (at TIMESTAMPTZ)")
    warehouse.load("moment", ("at",), [(moment,)])
    assert warehouse.query("SELECT at FROM moment").rows == [(moment,)]


def test_a_table_behind_walls_is_loaded_too(warehouse: Warehouse) -> None:
    with warehouse.transaction(keep=False):
        warehouse.load("verdict.tenant", ("tenant_id", "name"), [("acme", "Acme"), ("zeta", None)])
        warehouse.load("verdict.tenant", ("tenant_id",), [("third",)])
        assert warehouse.query("SELECT count(*) FROM verdict.tenant").rows == [(3,)]
    assert warehouse.query("SELECT count(*) FROM verdict.tenant").rows == [(0,)]


def test_an_exception_takes_the_whole_transaction_back(warehouse: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.transaction():
        warehouse.load("pair", ("a",), [(1,)])
        raise ZeroDivisionError
    assert warehouse.query("SELECT count(*) FROM pair").rows == [(0,)]


def test_a_statement_that_fails_inside_takes_only_the_inner_transaction_back(warehouse: Warehouse) -> None:
    with warehouse.transaction():
        warehouse.load("pair", ("a",), [(1,)])
        with pytest.raises(StatementFailed), warehouse.transaction():
            warehouse.load("pair", ("a",), [(2,)])
            warehouse.script("SELECT no_such_column FROM pair")
    assert warehouse.query("SELECT a FROM pair").rows == [(1,)]


def test_an_inner_transaction_that_is_not_kept_is_taken_back_alone(warehouse: Warehouse) -> None:
    with warehouse.transaction():
        warehouse.load("pair", ("a",), [(1,)])
        with warehouse.transaction(keep=False):
            warehouse.load("pair", ("a",), [(2,)])
    assert warehouse.query("SELECT a FROM pair").rows == [(1,)]


def test_the_loader_owns_nothing_and_may_not_define(warehouse: Warehouse) -> None:
    assert warehouse.query("SELECT current_user").rows == [("kushim_loader",)]
    for statement in (
        "DROP TABLE raw.record",
        "CREATE TABLE facts.mine (a INT)",
        "ALTER TABLE raw.unit DISABLE ROW LEVEL SECURITY",
    ):
        with pytest.raises(StatementFailed, match="must be owner|permission denied"):
            warehouse.script(statement)
    owned = (
        "SELECT count(*) FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner "
        "WHERE r.rolname = ? AND c.relpersistence = 'p'"
    )
    assert warehouse.query(owned, ("kushim_loader",)).rows == [(0,)]


def test_a_derived_table_follows_its_select(url: str) -> None:
    with open_writer(url) as warehouse:
        assert warehouse.derive("facts.try_out", "SELECT 'acme' AS tenant_id, 1 AS a") == 1
        assert warehouse.derive("facts.try_out", "SELECT 'acme' AS tenant_id, 2 AS a UNION ALL SELECT 'zeta', 3") == 2
        assert warehouse.query("SELECT a FROM facts.try_out ORDER BY a").rows == [(2,), (3,)]
        # Another shape is another table, with its walls.
        warehouse.derive("facts.try_out", "SELECT 'acme' AS tenant_id, 'x' AS b")
        walled = "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'facts.try_out'::regclass"
        assert warehouse.query(walled).rows == [(True,)]
        assert warehouse.query("SELECT b FROM facts.try_out").rows == [("x",)]


def test_the_second_writer_waits_and_then_says_so(url: str) -> None:
    with open_writer(url), pytest.raises(WarehouseBusy, match="another process has been writing"):
        PostgresWarehouse(url, wait_seconds=0)


def test_the_second_writer_comes_in_when_the_first_is_done(url: str) -> None:
    came_in = threading.Event()

    def second() -> None:
        with open_writer(url, wait_seconds=60):
            came_in.set()

    with open_writer(url):
        thread = threading.Thread(target=second)
        thread.start()
        assert not came_in.wait(0.3)
    thread.join(60)
    assert came_in.is_set()


def test_a_reader_only_reads_one_statement_at_a_time(url: str) -> None:
    with open_writer(url) as warehouse:
        warehouse.define_view("mart_v1.check_result", "CREATE OR REPLACE VIEW mart_v1.check_result AS SELECT 1 AS a")
    with open_reader(url) as reader:
        for sql in (
            "DELETE FROM raw.unit",
            "SELECT 1; DELETE FROM raw.unit",
            "COMMIT",
            "INSERT INTO verdict.tenant VALUES ('x', 'y') RETURNING tenant_id",
            "SELECT set_config('transaction_read_only', 'off', true), 1 FROM no_such_table",
            "SELECT nextval('no_such_sequence')",
            "",
        ):
            with pytest.raises(QueryRefused):
                reader.query(sql)
        assert reader.query("SELECT 1 AS one").rows == [(1,)]
        assert reader.query("SELECT '100%' AS all_of_it, '?' AS mark").rows == [("100%", "?")]


def test_before_the_first_run_there_is_nothing_to_read(postgres_url: str) -> None:
    with pytest.raises(NothingPublished, match="kushim run"), open_reader(postgres_url):
        pass


def test_a_server_that_is_not_there_is_told_without_the_password(postgres_url: str) -> None:
    away = "postgresql+psycopg2://kushim:s3cr3t-canary@127.0.0.1:1/kushim"
    with pytest.raises(WarehouseAway) as raised, open_writer(away):
        pass
    assert "s3cr3t-canary" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_lost_connection_is_told_apart_from_a_wrong_statement(url: str) -> None:
    with open_writer(url) as warehouse, closing(psycopg2.connect(dsn(url))) as other:
        pid = warehouse.query("SELECT pg_backend_pid()").rows[0][0]
        other.autocommit = True
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        with pytest.raises(WarehouseAway):
            warehouse.query("SELECT 1")
    with open_writer(url) as again:  # the lock went with the connection
        assert again.query("SELECT 1").rows == [(1,)]


def test_a_login_that_may_only_read_is_told_so(url: str) -> None:
    with closing(psycopg2.connect(dsn(url))) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS engine_test_reader")
        cursor.execute("CREATE ROLE engine_test_reader LOGIN IN ROLE kushim_reader")
    as_reader = url.replace("postgres@", "engine_test_reader@")
    with pytest.raises(SchemaOutdated, match="may read, not write"), open_writer(as_reader):
        pass
