"""Both engines run the same files over the same evidence and hold the same rows: facts, verdicts, intervals, marts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kushim_pipeline.tenants.config import PolicyException
from kushim_pipeline.verdicts.judge import replay
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf, catalogue
from kushim_pipeline_tests.integration.warehouse.parity import contents, judge_at, tables
from kushim_pipeline_tests.postgres import PostgresServer
from kushim_pipeline_tests.unit.checks.cases import Case, put, read_cases

CATALOGUE = catalogue()
FIRST = AS_OF - timedelta(days=400)
NOW = datetime.now(UTC)
TIMES = (AS_OF, AS_OF + timedelta(hours=80), NOW)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[tuple[Warehouse, Warehouse]]:
    """DuckDB and Postgres after three evaluations of every case of every check; the second finds stale evidence."""
    folder = tmp_path_factory.mktemp("parity")
    cases = [_excepted(case) for case in read_cases()]
    shelf = Shelf(folder / "shelf")
    with (
        postgres.fresh_database() as url,
        open_writer(f"duckdb:///{folder / 'w.duckdb'}") as duck,
        open_writer(url) as post,
    ):
        units = [unit for case in cases for unit in put(case, shelf, CATALOGUE)]
        for as_of in TIMES:
            if as_of == NOW:  # the same world read again, so that marts of today have something to show
                for case in cases:
                    put(replace(case, as_of=NOW), shelf, CATALOGUE)
            for warehouse in (duck, post):
                judge_at(warehouse, CATALOGUE, [case.tenant for case in cases], units, shelf, as_of, FIRST)
        yield duck, post


def _excepted(case: Case) -> Case:
    """One of the public buckets is approved for a day."""
    if case.tenant.tenant != "aws-s3-002-0":
        return case
    approved = PolicyException(
        id="EX-1", check="AWS-S3-002", resource="arn:aws:s3:::everybody", reason="downloads of the launch",
        requested_by="web team", approved_by="security team", until=AS_OF.date() + timedelta(days=1),
    )  # fmt: skip
    return replace(case, tenant=case.tenant.model_copy(update={"exceptions": [approved]}))


@pytest.mark.parametrize("table", tables(CATALOGUE))
def test_both_engines_hold_the_same_rows(table: str, both: tuple[Warehouse, Warehouse]) -> None:
    duck, post = both
    columns, expected = contents(duck, table)
    found_columns, found = contents(post, table)
    assert found_columns == columns
    assert {"only in DuckDB": expected - found, "only in Postgres": found - expected} == {
        "only in DuckDB": {}, "only in Postgres": {},
    }  # fmt: skip


def test_the_cases_fill_every_table_that_can_hold_rows(both: tuple[Warehouse, Warehouse]) -> None:
    """Two empty tables are equal too: what no case fills is named here, so that it cannot hide."""
    duck, _ = both
    empty = [table for table in tables(CATALOGUE) if not contents(duck, table)[1]]
    assert empty == []


def test_both_engines_replay_the_first_day_alike(both: tuple[Warehouse, Warehouse]) -> None:
    duck, post = both
    assert replay(duck, CATALOGUE, AS_OF).rows == replay(post, CATALOGUE, AS_OF).rows


def test_a_replay_leaves_both_engines_as_they_were(both: tuple[Warehouse, Warehouse]) -> None:
    for warehouse in both:
        before = contents(warehouse, "verdict.check_result")
        replay(warehouse, CATALOGUE, AS_OF)
        assert contents(warehouse, "verdict.check_result") == before
        assert warehouse.query("SELECT as_of FROM ops.clock").rows == [(NOW,)]
