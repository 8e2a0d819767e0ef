"""Loading many rows at once into DuckDB: a batch is forgotten when it is in, even while the transaction is open."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pandas
import pytest

from kushim_pipeline.warehouse import StatementFailed, duckdb_engine
from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    found = DuckDBWarehouse(tmp_path / "w.duckdb")
    found.script('CREATE TABLE t (a VARCHAR, b INTEGER, "position" INTEGER)')
    yield found
    found.close()


def test_a_batch_is_not_kept_until_the_end_of_the_transaction(
    warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_engine, "BATCH_ROWS", 10)
    with warehouse.transaction():
        assert warehouse.load("t", ("position", "a"), ((number, "x") for number in range(500))) == 500
        gc.collect()
        assert sum(isinstance(thing, pandas.DataFrame) for thing in gc.get_objects()) <= 2
    assert warehouse.query('SELECT count(*), sum("position"), count(b), min(a) FROM t').rows == [(500, 124750, 0, "x")]


def test_a_column_that_is_not_there_is_refused(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(StatementFailed, match="no column wrong"):
        warehouse.load("t", ("a", "wrong"), [("x", 1)])


def test_a_value_that_is_none_of_the_columns_type_is_a_failed_statement(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(StatementFailed):
        warehouse.load("t", ("b",), [("no number",)])
