"""Migrating a warehouse that is read: readers go on, nobody waits for long, and afterwards a loader needs nothing."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from kushim_pipeline import warehouse as rooms
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.operate.migrate import MARTS_STEP, migrate_warehouse
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import WarehouseBusy, open_reader, open_writer
from kushim_pipeline.warehouse.migrating import Step, StepFailed
from kushim_pipeline.warehouse.migrations import migrations, statements
from kushim_pipeline_tests.fixtures import AS_OF
from kushim_pipeline_tests.integration.warehouse.judged import CATALOGUE
from kushim_pipeline_tests.postgres import as_login, connect, execute

SQL = rooms.SQL_ROOT
SCHEMAS = "('ops','raw','facts','verdict','catalogue','mart_v1','polyfill')"
COUNT = f"""
SELECT
    (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname IN {SCHEMAS}),
    (SELECT count(*) FROM pg_namespace WHERE nspname IN {SCHEMAS})
"""


def silent(_: Step) -> None:
    """Nobody watches."""


def small() -> Catalogue:
    """A catalogue of two fact tables, since all of them take a second."""
    return CATALOGUE.model_copy(
        update={"facts": {name: CATALOGUE.facts[name] for name in ("kushim_tenant", "aws_region")}}
    )


@pytest.fixture
def loader(postgres_url: str) -> Iterator[str]:
    """The URL of a login that is a member of kushim_loader and of nothing else, once the roles are there."""
    execute(postgres_url, "DROP ROLE IF EXISTS only_loads", "CREATE ROLE only_loads LOGIN")
    yield as_login(postgres_url, "only_loads")
    execute(postgres_url, "DROP OWNED BY only_loads", "DROP ROLE only_loads")


def plant(url: str, verdicts: int) -> None:
    """Open and closed verdicts of two tenants."""
    execute(
        url,
        "INSERT INTO verdict.check_result SELECT 't-' || i % 2, 'A-' || i % 7, 'aws:1', 'r-' || i, "
        "CASE i % 3 WHEN 0 THEN 'FAIL' ELSE 'PASS' END, 'x', NULL, '1', timestamptz '2026-01-01 12:00:00+00', "
        "CASE WHEN i % 5 = 0 THEN timestamptz '2026-01-03 12:00:00+00' END, now() "
        f"FROM generate_series(1, {verdicts}) AS i",
    )


@pytest.fixture
def before_rollups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The schema as it was at 001, with walls; putting the file back is the way forward."""
    old = tmp_path / "sql"
    shutil.copytree(SQL, old)
    for later in ("002_rollups", "003_deltas", "004_replays"):
        (old / f"schema/{later}.sql").unlink()
    indexes = old / "schema/postgres/after/indexes.sql"
    kept = [
        line for line in indexes.read_text().splitlines() if "check_status" not in line and "daily_change" not in line
    ]
    indexes.write_text("\n".join(kept))
    monkeypatch.setattr(rooms, "SQL_ROOT", old)
    return old


def test_a_reader_goes_on_while_002_is_applied_to_a_warehouse_of_rows(
    postgres_url: str, before_rollups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(postgres_url):
        pass
    plant(postgres_url, 30_000)
    counts, faults, stop, started = [], [], threading.Event(), threading.Event()

    def read() -> None:
        try:
            with closing(connect(postgres_url, application_name="reader")) as link, link.cursor() as cursor:
                cursor.execute("SET ROLE kushim_reader; SET statement_timeout = '5s'")
                while not stop.is_set():
                    cursor.execute("BEGIN; SELECT set_config('app.tenant', 't-1', true)")
                    cursor.execute("SELECT count(*) FROM verdict.check_result")
                    counts.append(cursor.fetchall()[0][0])
                    cursor.execute("COMMIT")
                    started.set()
        except psycopg2.Error as error:
            faults.append(error)
            started.set()

    thread = threading.Thread(target=read)
    thread.start()
    started.wait(10)
    monkeypatch.setattr(rooms, "SQL_ROOT", SQL)
    try:
        done = migrate_warehouse(postgres_url, small(), silent)
    finally:
        stop.set()
        thread.join()
    assert not faults
    assert set(counts) == {15_000}
    assert "002_rollups" in [step.name for step in done]
    found = execute(
        postgres_url,
        "SELECT (SELECT sum(results) FROM verdict.check_status), (SELECT sum(step) FROM verdict.daily_change), "
        "(SELECT count(*) FROM verdict.check_result WHERE valid_to IS NULL), "
        "(SELECT count(DISTINCT tenant_id) FROM verdict.check_status)",
    )
    assert found == [(24_000, 24_000, 24_000, 2)]
    # The new tables have their walls, and are the owner's like all others.
    assert execute(
        postgres_url,
        "SELECT DISTINCT relrowsecurity AND relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class "
        "WHERE oid IN ('verdict.check_status'::regclass, 'verdict.daily_change'::regclass)",
    ) == [(True, "kushim_owner")]


def test_a_dry_run_says_all_that_would_be_done_and_does_nothing(
    postgres_url: str, before_rollups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(postgres_url):
        pass
    plant(postgres_url, 100)
    monkeypatch.setattr(rooms, "SQL_ROOT", SQL)
    before = execute(postgres_url, COUNT)
    tried = migrate_warehouse(postgres_url, small(), silent, dry_run=True)
    assert execute(postgres_url, COUNT) == before
    assert execute(postgres_url, "SELECT to_regclass('verdict.check_status')") == [(None,)]
    done = migrate_warehouse(postgres_url, small(), silent)
    assert [step.name for step in done] == [step.name for step in tried]
    assert {"002_rollups", "facts.kushim_tenant", "facts.tenant_policy", MARTS_STEP} <= {step.name for step in done}
    assert migrate_warehouse(postgres_url, small(), silent) == []


def test_a_dry_run_on_an_empty_database_leaves_it_empty(postgres_url: str) -> None:
    tried = migrate_warehouse(postgres_url, CATALOGUE, silent, dry_run=True)
    assert len(tried) > 40
    assert execute(postgres_url, COUNT) == [(0, 0)]


def test_a_dry_run_names_the_step_that_would_fail(
    postgres_url: str, before_rollups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(postgres_url):
        pass
    (before_rollups / "schema/002_broken.sql").write_text("CREATE TABLE verdict.a (x INTEGER);\nSELECT nonsense;\n")
    for dry_run in (True, False):
        with pytest.raises(StepFailed, match=r"(?s)002_broken failed and changed nothing.*nonsense"):
            migrate_warehouse(postgres_url, small(), silent, dry_run=dry_run)
        assert execute(postgres_url, "SELECT to_regclass('verdict.a')") == [(None,)]


def test_afterwards_a_login_that_only_loads_is_enough(postgres_url: str, loader: str) -> None:
    migrate_warehouse(postgres_url, CATALOGUE, silent)
    execute(postgres_url, "GRANT kushim_loader TO only_loads")
    with open_writer(loader) as warehouse:
        set_clock(warehouse, AS_OF)
        build_facts(warehouse, CATALOGUE)
        build_marts(warehouse)
        warehouse.publish()
    with open_reader(loader) as reader:
        assert reader.query("SELECT count(*) FROM mart_v1.check_result").rows == [(0,)]


def test_a_changed_fact_table_is_never_found_empty_and_has_its_index_and_wall(postgres_url: str) -> None:
    migrate_warehouse(postgres_url, small(), silent)
    execute(
        postgres_url,
        "INSERT INTO ops.clock VALUES ('2026-06-01')",
        "INSERT INTO raw.unit VALUES ('acme','kushim:acme','kushim','acme','kushim.tenant','global','2026-01-01',NULL)",
        "INSERT INTO raw.record VALUES ('acme','kushim:acme','kushim','acme','kushim.tenant','global','acme','1',"
        "'{\"name\": \"Acme\"}',NULL,NULL,'2026-01-01','2026-01-01',NULL,now())",
        "DELETE FROM ops.migration WHERE name = 'facts.kushim_tenant'",
    )
    assert [step.name for step in migrate_warehouse(postgres_url, small(), silent)] == ["facts.kushim_tenant"]
    assert execute(postgres_url, "SELECT tenant_id, name FROM facts.kushim_tenant") == [("acme", "Acme")]
    assert execute(
        postgres_url,
        "SELECT c.relname, c.relrowsecurity, i.indexdef FROM pg_class AS c "
        "JOIN pg_indexes AS i ON i.tablename = c.relname WHERE c.oid = 'facts.kushim_tenant'::regclass",
    ) == [
        (
            "kushim_tenant",
            True,
            "CREATE INDEX kushim_tenant_key ON facts.kushim_tenant USING btree (tenant_id, resource_id)",
        )
    ]
    assert execute(postgres_url, "SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_\\_new%'") == [(0,)]


def test_who_holds_a_lock_is_named_and_readers_behind_it_are_let_through(postgres_url: str) -> None:
    migrate_warehouse(postgres_url, small(), silent)
    execute(postgres_url, "DELETE FROM ops.migration WHERE name = 'facts.kushim_tenant'")
    with closing(connect(postgres_url, application_name="a long report")) as holder, holder.cursor() as cursor:
        cursor.execute("BEGIN; SELECT 'secret words' FROM facts.kushim_tenant")
        with pytest.raises(WarehouseBusy) as refused:
            migrate_warehouse(postgres_url, small(), silent, wait_seconds=1.5)
        message = str(refused.value)
        assert "facts.kushim_tenant" in message
        assert "a long report of login postgres" in message
        assert "idle in transaction" in message
        assert "secret words" not in message
        # Another reader is not stuck behind a migration that waits.
        assert execute(postgres_url, "SET lock_timeout = '1s'", "SELECT count(*) FROM facts.kushim_tenant") == [(0,)]
        held = threading.Timer(1.5, lambda: holder.cancel() or holder.close())
        held.start()
        done = migrate_warehouse(postgres_url, small(), silent, wait_seconds=30)
        held.join()
    assert [(step.name, step.tries > 1) for step in done] == [("facts.kushim_tenant", True)]


def test_another_writer_is_waited_for_and_then_named(postgres_url: str) -> None:
    with open_writer(postgres_url), pytest.raises(WarehouseBusy, match="another process has been writing"):
        migrate_warehouse(postgres_url, small(), silent, wait_seconds=0.2)


def test_duckdb_goes_forward_too_and_a_dry_run_makes_no_file(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'w' / 'w.duckdb'}"
    tried = migrate_warehouse(url, small(), silent, dry_run=True)
    assert not (tmp_path / "w").exists()
    done = migrate_warehouse(url, small(), silent)
    assert [step.name for step in done] == [step.name for step in tried]
    assert migrate_warehouse(url, small(), silent) == []
    with open_writer(url) as warehouse:
        assert warehouse.query("SELECT count(*) FROM mart_v1.posture").rows == [(0,)]
        assert warehouse.query("SELECT count(*) FROM facts.kushim_tenant").rows == [(0,)]


def test_a_dry_run_leaves_a_duckdb_file_as_it_was(
    tmp_path: Path, before_rollups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    with open_writer(url):
        pass
    monkeypatch.setattr(rooms, "SQL_ROOT", SQL)
    assert "002_rollups" in [step.name for step in migrate_warehouse(url, small(), silent, dry_run=True)]
    monkeypatch.setattr(rooms, "SQL_ROOT", before_rollups)
    with open_writer(url) as warehouse:
        there = "SELECT count(*) FROM information_schema.tables WHERE table_name IN ('check_status', 'kushim_tenant')"
        assert warehouse.query(there).rows == [(0,)]


def test_the_statements_of_every_migration_are_told_apart() -> None:
    for migration in migrations(SQL / "schema", "postgres"):
        if migration.version:
            found = statements(migration.sql)
            assert all(statement.endswith(";") for statement in found)
            assert "".join("\n".join(found).split()) == "".join(migration.sql.split())
    assert len(statements((SQL / "schema/002_rollups.sql").read_text())) == 4
    assert statements("SELECT ';'; -- a;b\nDO $x$ a; b $x$; /* ; */ SELECT \";\"") == [
        "SELECT ';';", "-- a;b\nDO $x$ a; b $x$;", "/* ; */ SELECT \";\"",
    ]  # fmt: skip
