from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.warehouse import SQL_ROOT, Warehouse
from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse
from kushim_pipeline.warehouse.engine import StatementFailed
from kushim_pipeline.warehouse.migrations import MigrationRefused, migrate, migrations


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    yield warehouse
    warehouse.close()


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    schema = tmp_path / "schema"
    (schema / "duckdb").mkdir(parents=True)
    (schema / "duckdb" / "polyfill.sql").write_text("CREATE OR REPLACE MACRO one() AS 1;")
    (schema / "001_first.sql").write_text("CREATE TABLE t (a INTEGER);")
    return schema


def names(applied: list[object]) -> list[str]:
    return [getattr(migration, "name", "") for migration in applied]


def test_each_migration_is_applied_once_and_in_order(warehouse: Warehouse, schema: Path) -> None:
    assert names([*migrate(warehouse, schema)]) == ["duckdb/polyfill.sql", "first"]
    (schema / "002_second.sql").write_text("INSERT INTO t VALUES (one());")
    assert names([*migrate(warehouse, schema)]) == ["second"]
    assert migrate(warehouse, schema) == []
    assert warehouse.query("SELECT a FROM t").rows == [(1,)]


def test_a_changed_polyfill_is_made_anew(warehouse: Warehouse, schema: Path) -> None:
    migrate(warehouse, schema)
    (schema / "duckdb" / "polyfill.sql").write_text("CREATE OR REPLACE MACRO one() AS 2;")
    assert names([*migrate(warehouse, schema)]) == ["duckdb/polyfill.sql"]
    assert warehouse.query("SELECT one()").rows == [(2,)]
    assert migrate(warehouse, schema) == []


def test_a_migration_that_fails_leaves_nothing_of_itself(warehouse: Warehouse, schema: Path) -> None:
    migrate(warehouse, schema)
    (schema / "002_second.sql").write_text("CREATE TABLE u (a INTEGER); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(StatementFailed):
        migrate(warehouse, schema)
    with pytest.raises(StatementFailed):
        warehouse.query("SELECT * FROM u")
    (schema / "002_second.sql").write_text("CREATE TABLE u (a INTEGER);")
    assert names([*migrate(warehouse, schema)]) == ["second"]


def test_an_applied_migration_must_not_change(warehouse: Warehouse, schema: Path) -> None:
    migrate(warehouse, schema)
    (schema / "001_first.sql").write_text("CREATE TABLE t (a VARCHAR);")
    with pytest.raises(MigrationRefused, match="001 first was changed"):
        migrate(warehouse, schema)


def test_a_newer_warehouse_is_not_touched(warehouse: Warehouse, schema: Path) -> None:
    (schema / "002_second.sql").write_text("SELECT 1;")
    migrate(warehouse, schema)
    (schema / "002_second.sql").unlink()
    with pytest.raises(MigrationRefused, match="does not know"):
        migrate(warehouse, schema)


@pytest.mark.parametrize("name", ["003_gap.sql", "001_again.sql", "2_short.sql", "second.sql"])
def test_numbers_have_no_gaps(schema: Path, name: str) -> None:
    (schema / name).write_text("SELECT 1;")
    with pytest.raises(MigrationRefused):
        migrations(schema, "duckdb")


def test_the_projects_own_migrations_fit_together() -> None:
    found = migrations(SQL_ROOT / "schema", "duckdb")
    assert [migration.version for migration in found if migration.version] == [1, 2, 3, 4]
