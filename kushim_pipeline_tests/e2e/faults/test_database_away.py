"""Postgres goes away while the warehouse, or Dagster's own books, are written."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.e2e.faults.moments import Strike
from kushim_pipeline_tests.e2e.faults.places import PASSWORD, Place, Truth, asked_since
from kushim_pipeline_tests.e2e.faults.proxy import Proxy, proxy
from kushim_pipeline_tests.postgres import PostgresServer, fresh_database


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The name of a fresh database."""
    with fresh_database() as url:
        yield urlsplit(url).path.strip("/")


@pytest.fixture
def line(postgres: PostgresServer) -> Iterator[Proxy]:
    """A way to the server that can be cut."""
    with proxy(postgres.port) as running:
        yield running


def through(line: Proxy, database: str) -> str:
    return f"postgresql+psycopg2://postgres:{PASSWORD}@127.0.0.1:{line.port}/{database}"


def test_the_warehouse_is_away_for_a_while_and_for_long(
    truth: Truth, github: Server, tmp_path: Path, line: Proxy, database: str
) -> None:
    place = Place(tmp_path, github, extra={"KUSHIM_WAREHOUSE_URL": through(line, database)})
    said = [place.run(Strike("land", 9, "tell", line.control))]
    assert said[-1].code == 0, said[-1].said
    assert (line.cuts, line.refused) == (1, 2), "it was cut in the middle of landing, and tried again until it answered"
    assert place.verdicts() == truth.verdicts

    line.refusals = 1_000_000
    said.append(place.run(Strike("judge", 12, "tell", line.control)))
    assert said[-1].code == 1
    assert "judging: WarehouseAway: cannot connect to the Postgres warehouse" in said[-1].said
    line.mend()
    assert place.verdicts() == truth.verdicts, "nothing half-written"

    before = len(github.ledger)
    said.append(place.run())
    assert said[-1].code == 0, said[-1].said
    truth.holds(place, said, asked_since(github, before))


def test_dagsters_own_database_is_away(
    truth: Truth, github: Server, tmp_path: Path, line: Proxy, database: str
) -> None:
    place = Place(tmp_path, github)
    (place.home / "dagster").mkdir(parents=True)
    (place.home / "dagster" / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\nconcurrency: {pools: {default_limit: 1, granularity: op}}\n"
        f'storage: {{postgres: {{postgres_url: "{through(line, database)}"}}}}\n'
    )
    line.refusals = 1_000_000
    said = [place.run(Strike("event", 200, "tell", line.control))]  # of 329: in the middle of judging
    line.mend()
    assert said[-1].code == 1, said[-1].said
    truth.no_false_pass(place)
    before = len(github.ledger)
    said.append(place.run())
    assert said[-1].code == 0, said[-1].said
    assert "was cut off earlier and is closed now" in said[-1].said
    truth.holds(place, said, asked_since(github, before))
