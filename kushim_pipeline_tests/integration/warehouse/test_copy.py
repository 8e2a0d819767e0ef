"""A copied warehouse holds what the first one held, on either engine, and goes on where that one stopped."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kushim_pipeline.operate.copy import copy_warehouse
from kushim_pipeline.verdicts.facts import build_facts
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.warehouse import QueryRefused, Warehouse, open_reader, open_writer
from kushim_pipeline.warehouse.copying import CopyRefused, copy_tables
from kushim_pipeline.warehouse.look import open_look
from kushim_pipeline.warehouse.portable import as_text, columns, portable_tables, tables
from kushim_pipeline_tests.fixtures import AS_OF
from kushim_pipeline_tests.integration.warehouse.judged import CATALOGUE, Judged
from kushim_pipeline_tests.integration.warehouse.parity import contents
from kushim_pipeline_tests.integration.warehouse.parity import tables as all_tables
from kushim_pipeline_tests.postgres import PostgresServer, as_login, execute

SCHEMA = Path(__file__).resolve().parents[3] / "sql" / "schema"


def silent(_: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def copied(judged: Judged, postgres: PostgresServer) -> Iterator[str]:
    """The URL of a Postgres warehouse that the judged one was copied to."""
    with postgres.fresh_database() as url:
        copy_warehouse(judged.url, url, CATALOGUE, silent)
        yield url


def rows(look: Any, table: str) -> list[tuple[Any, ...]]:
    """A table's rows as text, in order."""
    found = look.query(as_text(columns(look, table), table)).rows
    return sorted(found, key=repr)


def test_every_row_is_there_and_back_again(judged: Judged, copied: str, tmp_path: Path) -> None:
    back = f"duckdb:///{tmp_path / 'back.duckdb'}"
    copy_warehouse(copied, back, CATALOGUE, silent)
    with open_look(judged.url) as first, open_look(copied) as second, open_look(back) as third:
        wanted = portable_tables(SCHEMA, first)
        assert {"raw.record", "verdict.check_result", "verdict.daily_change", "catalogue.control", "ops.clock"} <= {
            *wanted
        }
        assert {"ops.migration", "ops.access_grant"}.isdisjoint(wanted)
        missed = {*tables(first)} - {*wanted}
        assert missed == {"ops.migration"}
        for table in wanted:
            assert rows(first, table) == rows(second, table) == rows(third, table), table


def test_facts_and_marts_are_made_at_once(judged: Judged, copied: str) -> None:
    with open_writer(judged.url) as first, open_writer(copied) as second:
        for table in all_tables(CATALOGUE):
            assert contents(first, table) == contents(second, table), table
    with open_reader(copied) as reader:
        assert reader.query("SELECT count(*) FROM mart_v1.check_result").rows[0][0] > 0


def test_a_judging_as_of_the_same_time_opens_and_closes_nothing(judged: Judged, copied: str, tmp_path: Path) -> None:
    back = f"duckdb:///{tmp_path / 'back.duckdb'}"
    copy_warehouse(copied, back, CATALOGUE, silent)
    for url in (copied, back):
        with open_writer(url) as warehouse, warehouse.transaction(keep=False):
            build_facts(warehouse, CATALOGUE)
            done = judge(warehouse, CATALOGUE)
            assert (done.opened, done.closed, done.failed) == (0, 0, ())
            assert done.results > 0


def test_a_target_that_holds_rows_is_refused_and_stays_as_it_was(judged: Judged, copied: str) -> None:
    with open_look(copied) as look:
        before = rows(look, "verdict.check_result")
    with pytest.raises(CopyRefused, match="holds rows already"):
        copy_warehouse(judged.url, copied, CATALOGUE, silent)
    with open_look(copied) as look:
        assert rows(look, "verdict.check_result") == before


def test_the_same_warehouse_is_no_target(judged: Judged) -> None:
    with pytest.raises(CopyRefused, match="same warehouse"):
        copy_warehouse(judged.url, judged.url, CATALOGUE, silent)


def test_a_source_that_is_behind_is_refused(tmp_path: Path, judged: Judged) -> None:
    old = f"duckdb:///{tmp_path / 'old.duckdb'}"
    with open_writer(old) as warehouse:
        warehouse.script("DELETE FROM ops.migration WHERE version = 2")
    with pytest.raises(CopyRefused, match="kushim warehouse migrate"):
        copy_warehouse(old, f"duckdb:///{tmp_path / 'new.duckdb'}", CATALOGUE, silent)


class Lossy:
    """A target that loses the last row of one table, or changes a character of one."""

    def __init__(self, warehouse: Warehouse, table: str, fault: str) -> None:
        self._warehouse, self._table, self._fault = warehouse, table, fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    def load(self, table: str, names: Any, incoming: Any) -> int:
        kept = list(incoming)
        if table == self._table and self._fault == "lost":
            kept.pop()
        elif table == self._table:
            kept[0] = tuple(f"{value}." if name == "content_hash" else value
                            for name, value in zip(names, kept[0], strict=True))  # fmt: skip
        return self._warehouse.load(table, names, kept)


@pytest.mark.parametrize("fault", ["lost", "changed"])
def test_what_is_lost_or_changed_on_the_way_is_noticed_and_nothing_is_kept(
    judged: Judged, tmp_path: Path, fault: str
) -> None:
    with open_writer(f"duckdb:///{tmp_path / 't.duckdb'}") as target, open_look(judged.url) as source:
        broken: Any = Lossy(target, "raw.record", fault)
        with pytest.raises(CopyRefused, match="raw.record is not the same"):
            copy_tables(source, broken, portable_tables(SCHEMA, source), silent)
        assert target.query("SELECT count(*) FROM raw.unit").rows == [(0,)]


def test_a_value_that_postgres_cannot_hold_is_told_by_its_table(postgres_url: str, tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    with open_writer(url) as warehouse:
        warehouse.query("INSERT INTO verdict.tenant VALUES ('acme', 'a' || chr(0) || 'b')")
    with pytest.raises(CopyRefused, match="verdict.tenant"):
        copy_warehouse(url, postgres_url, CATALOGUE, silent)


def test_a_login_that_may_not_read_all_tenants_is_told_what_it_needs(copied: str, tmp_path: Path) -> None:
    execute(copied, "DROP ROLE IF EXISTS copy_nobody", "CREATE ROLE copy_nobody LOGIN")
    with pytest.raises(QueryRefused, match="kushim_loader"):
        copy_warehouse(as_login(copied, "copy_nobody"), f"duckdb:///{tmp_path / 'n.duckdb'}", CATALOGUE, silent)
    execute(copied, "DROP ROLE copy_nobody")


TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=30)
TIME = st.integers(-(2**51), 2**57).map(lambda number: (AS_OF + timedelta(microseconds=number)).isoformat())
WHEN = st.one_of(TIME, st.sampled_from(["infinity", "-infinity"]))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[list[Warehouse]]:
    folder = tmp_path_factory.mktemp("three")
    with (
        postgres.fresh_database() as url,
        open_writer(f"duckdb:///{folder / 'a.duckdb'}") as first,
        open_writer(url) as second,
        open_writer(f"duckdb:///{folder / 'b.duckdb'}") as third,
    ):
        yield [first, second, third]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    receipts=st.lists(st.tuples(TEXT, st.none() | TEXT, st.booleans(), st.none() | st.integers(-(2**31), 2**31 - 1),
                                WHEN, st.none() | WHEN, st.integers(-(2**63), 2**63 - 1)), max_size=6)
)  # fmt: skip
def test_whatever_a_table_can_hold_comes_back_as_it_was(
    three: list[Warehouse], receipts: list[tuple[Any, ...]]
) -> None:
    first, second, third = three
    for warehouse in three:
        warehouse.script("DELETE FROM raw.receipt")
    names = ("stream", "error", "lists_all", "declared_total", "started_at", "superseded_at", "ledger_sequence")
    rest = {"outcome": "", "pages": 0, "records": 0, "finished_at": AS_OF, "recorded_at": AS_OF} | dict.fromkeys(
        ("tenant_id", "collection_id", "connection_id", "source", "account_id", "scope", "code_version",
         "receipt_sha256", "contents_sha256"), "x",
    )  # fmt: skip
    first.load("raw.receipt", (*names, *rest), [(*values, *rest.values()) for values in receipts])
    copy_tables(first, second, ["raw.receipt"], silent)
    copy_tables(second, third, ["raw.receipt"], silent)
    assert rows(first, "raw.receipt") == rows(second, "raw.receipt") == rows(third, "raw.receipt")
    assert len(rows(third, "raw.receipt")) == len(receipts)
