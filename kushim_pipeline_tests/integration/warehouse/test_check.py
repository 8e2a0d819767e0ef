"""Every rule of `kushim warehouse check` is kept by a sound warehouse, and names what broke it, on both engines."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline import warehouse as rooms
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.operate.copy import copy_warehouse
from kushim_pipeline.operate.health import check_warehouse
from kushim_pipeline.warehouse import NothingPublished, QueryRefused, open_writer
from kushim_pipeline.warehouse.checking import RULES
from kushim_pipeline_tests.integration.warehouse.judged import CATALOGUE, Judged
from kushim_pipeline_tests.postgres import PostgresServer, as_login, execute

RULE_NAMES = {*(name for name, _ in RULES), "derived", "ledger"}
OPEN = "valid_to IS NULL AND status = 'PASS'"
# The same check result once more: (from, to) of the second interval.
AGAIN = """
INSERT INTO verdict.check_result
SELECT tenant_id, check_id, connection_id, resource_id, status, reason, evidence_sha256, check_version, {}, {},
    recorded_at
FROM verdict.check_result WHERE valid_to IS NOT NULL ORDER BY tenant_id, check_id, resource_id LIMIT 1
"""
RECORD_AGAIN = """
INSERT INTO raw.record
SELECT tenant_id, connection_id, source, account_id, stream, scope, resource_id, 'other', body, evidence_sha256,
    observed_at, collected_at, {}, {}, recorded_at
FROM raw.record WHERE stream = 'kushim.tenant' ORDER BY tenant_id LIMIT 1
"""
BROKEN = {
    "a migration is missing": ("schema", "DELETE FROM ops.migration WHERE version = 2", "002_rollups is not applied"),
    "a migration was changed": ("schema", "UPDATE ops.migration SET sha256 = 'x' WHERE version = 1", "was changed"),
    "two open verdicts": ("intervals", f"{AGAIN.format('valid_to', 'NULL')};" * 2, "open"),
    "overlapping verdicts": ("intervals", AGAIN.format("valid_from", "valid_to"), "overlap"),
    "a verdict without length": ("intervals", AGAIN.format("valid_to", "valid_to"), "has no length"),
    "overlapping versions": (
        "records", RECORD_AGAIN.format("valid_from", "collected_at + INTERVAL '1 day'"), "versions"),
    "a count that is wrong": (
        "check_status", "UPDATE verdict.check_status SET results = results + 1 WHERE status = 'UNKNOWN'", "says"),
    "a count that is missing": ("check_status", "DELETE FROM verdict.check_status", "verdict.check_status says 0"),
    "a count of nothing": (
        "check_status", "INSERT INTO verdict.check_status VALUES ('acme', 'A-1', 'aws:1', 'PASS', 7)", "there are 0"),
    "a day that is wrong": ("daily_change", "UPDATE verdict.daily_change SET step = step - 1", "the intervals say"),
    "a day that is missing": ("daily_change", "DELETE FROM verdict.daily_change", "verdict.daily_change says 0"),
    "a tenant that nobody knows": (
        "tenants", "INSERT INTO verdict.tenant VALUES ('stranger', 'x')", "verdict.tenant has 1 rows of stranger"),
    "a mart that is gone": ("derived", "DROP VIEW mart_v1.posture", "mart_v1.posture is not there"),
    "a ledger that was cut": (
        "ledger", "UPDATE raw.ledger_position SET end_offset = end_offset + 1000000", "entries are gone"),
    "a position inside of an entry": (
        "ledger", "UPDATE raw.ledger_position SET end_offset = end_offset - 10", "unreadable"),
    "a position that skips": ("ledger", "UPDATE raw.ledger_position SET end_offset = 0", "follows it"),
}  # fmt: skip
ON_POSTGRES = {
    "an index that is gone": ("indexes", "DROP INDEX verdict.check_result_open", "check_result_open is missing"),
    "an index that is not valid": (
        "indexes", "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'raw.record_stream'::regclass",
        "raw.record_stream is not valid"),
    "a wall that is down": ("walls", "ALTER TABLE raw.record DISABLE ROW LEVEL SECURITY", "row-level security"),
    "two open versions": (
        "records", "DROP INDEX raw.record_open;" + RECORD_AGAIN.format("valid_from + INTERVAL '1 day'", "NULL"),
        "two versions stand open"),
}  # fmt: skip


@pytest.fixture(scope="module")
def copied(judged: Judged, postgres: PostgresServer) -> Iterator[str]:
    with postgres.fresh_database() as url:
        copy_warehouse(judged.url, url, CATALOGUE, lambda _: None)
        yield url


def faults(url: str, judged: Judged) -> dict[str, str]:
    """The rules that are broken, each with what it says."""
    found: dict[str, str] = {}
    names = set()
    for one in check_warehouse(url, judged.shelf.ledger, CATALOGUE):
        names.add(one.rule)
        if one.ok is False:
            found[one.rule] = f"{found.get(one.rule, '')}{one.found}\n"
    assert names == RULE_NAMES
    return found


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_sound_warehouse_has_no_fault(judged: Judged, copied: str, engine: str) -> None:
    url = judged.url if engine == "duckdb" else copied
    assert faults(url, judged) == {}


def test_on_postgres_every_rule_is_looked_at(judged: Judged, copied: str) -> None:
    found = list(check_warehouse(copied, judged.shelf.ledger, CATALOGUE))
    assert {one.ok for one in found} == {True}
    assert any(one.found.startswith("Postgres 1") for one in found)


@pytest.mark.parametrize("fault", BROKEN)
def test_on_duckdb_a_broken_rule_is_named(judged: Judged, tmp_path: Path, fault: str) -> None:
    rule, sql, words = BROKEN[fault]
    source = Path(judged.url.removeprefix("duckdb:///"))
    broken = tmp_path / "w.duckdb"
    broken.write_bytes(source.read_bytes())
    import duckdb

    with contextlib.closing(duckdb.connect(str(broken))) as link:
        link.execute(sql)
    assert words in faults(f"duckdb:///{broken}", judged).get(rule, "")


@pytest.mark.parametrize(
    "fault",
    ["a migration is missing", "two open verdicts", "a count that is missing", "a day that is wrong",
     "a tenant that nobody knows", "a mart that is gone", "a ledger that was cut", *ON_POSTGRES],
)  # fmt: skip
def test_on_postgres_a_broken_rule_is_named(judged: Judged, copied: str, postgres: PostgresServer, fault: str) -> None:
    rule, sql, words = (BROKEN | ON_POSTGRES)[fault]
    name = copied.rpartition("/")[2]
    with postgres.fresh_database() as url:
        broken = url.rpartition("/")[2]
        execute(postgres.admin_url, f'DROP DATABASE "{broken}"', f'CREATE DATABASE "{broken}" TEMPLATE "{name}"')
        if fault == "two open verdicts":
            sql = "DROP INDEX verdict.check_result_open;" + sql
        execute(url, sql)
        assert words in faults(url, judged).get(rule, "")


def test_a_role_that_may_too_much_is_named(judged: Judged, copied: str) -> None:
    execute(copied, "ALTER ROLE kushim_viewer LOGIN")
    try:
        assert faults(copied, judged)["roles"] == "kushim_viewer may log in\n"
    finally:
        execute(copied, "ALTER ROLE kushim_viewer NOLOGIN")


def test_what_has_not_landed_is_counted_and_is_no_fault(judged: Judged, copied: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for tenant in judged.tenants:
        path = ledger.path(tenant.tenant)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(judged.shelf.ledger.path(tenant.tenant).read_bytes())
    for _ in range(3):
        ledger.append(judged.tenants[0].tenant, "plan", {})
    ledger.append("new-tenant", "plan", {})
    (found,) = (one for one in check_warehouse(copied, ledger, CATALOGUE) if one.rule == "ledger")
    assert (found.ok, found.found.partition("; ")[2]) == (True, "4 entries of 2 tenants have not landed yet")


def test_without_ledgers_nothing_is_said_of_them(copied: str, tmp_path: Path) -> None:
    (found,) = (one for one in check_warehouse(copied, Ledger(tmp_path), CATALOGUE) if one.rule == "ledger")
    assert found.ok is None


def test_a_login_that_only_loads_may_check_everything(judged: Judged, copied: str) -> None:
    execute(copied, "DROP ROLE IF EXISTS only_checks", "CREATE ROLE only_checks LOGIN")
    url = as_login(copied, "only_checks")
    with pytest.raises(QueryRefused, match="kushim_loader"):
        list(check_warehouse(url, judged.shelf.ledger, CATALOGUE))
    execute(copied, "GRANT kushim_loader TO only_checks")
    assert {one.ok for one in check_warehouse(url, judged.shelf.ledger, CATALOGUE)} == {True}
    execute(copied, "DROP ROLE only_checks")


def test_a_check_waits_for_no_writer_on_postgres(judged: Judged, copied: str) -> None:
    with open_writer(copied) as warehouse, warehouse.transaction(keep=False):
        warehouse.script("DELETE FROM verdict.check_status")
        assert faults(copied, judged) == {}


def test_where_there_is_no_warehouse_none_is_made(tmp_path: Path, postgres_url: str, judged: Judged) -> None:
    with pytest.raises(NothingPublished, match="no warehouse"):
        list(check_warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", judged.shelf.ledger, CATALOGUE))
    assert list(tmp_path.iterdir()) == []


def test_every_rule_on_rows_has_its_file() -> None:
    files = {path.stem for path in (rooms.SQL_ROOT / "health").glob("*.sql")}
    assert files <= RULE_NAMES
    assert files == {"check_status", "daily_change", "intervals", "records"}
