import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kushim_pipeline.warehouse import (
    NothingPublished,
    QueryRefused,
    StatementFailed,
    WarehouseBusy,
    duckdb_path,
    open_reader,
    open_writer,
)
from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"duckdb:///{tmp_path / 'w.duckdb'}"


def write(url: str, number: int) -> None:
    with open_writer(url) as warehouse:
        warehouse.script(f"CREATE TABLE IF NOT EXISTS raw.n (i INTEGER); INSERT INTO raw.n VALUES ({number})")


def test_a_transaction_is_all_or_nothing(url: str) -> None:
    with open_writer(url) as warehouse:
        warehouse.script("CREATE TABLE raw.n (i INTEGER)")
        with pytest.raises(StatementFailed), warehouse.transaction():
            warehouse.script("INSERT INTO raw.n VALUES (1)")
            with warehouse.transaction():
                warehouse.script("INSERT INTO raw.n VALUES ('no number')")
        assert warehouse.query("SELECT count(*) FROM raw.n").rows == [(0,)]
        with warehouse.transaction(keep=False):
            warehouse.script("INSERT INTO raw.n VALUES (1)")
        assert warehouse.query("SELECT count(*) FROM raw.n").rows == [(0,)]
        with warehouse.transaction():
            assert warehouse.change("INSERT INTO raw.n VALUES (1), (2)") == 2
    with open_writer(url) as warehouse:
        assert warehouse.query("SELECT sum(i) FROM raw.n").rows == [(3,)]


def test_many_rows_are_loaded_as_they_are(url: str) -> None:
    rows = [(f"r{i}", None if i % 3 else i, '{"a": "x"}') for i in range(120_000)]
    with open_writer(url) as warehouse:
        warehouse.script("CREATE TABLE raw.n (name VARCHAR, i BIGINT, body JSON)")
        assert warehouse.load("raw.n", ("name", "i", "body"), iter(rows)) == 120_000
        assert warehouse.load("raw.n", ("name", "i", "body"), []) == 0
        found = warehouse.query("SELECT count(*), count(i), sum(i), min(body->>'a') FROM raw.n").rows
    assert found == [(120_000, 40_000, sum(i for i in range(0, 120_000, 3)), "x")]


def test_readers_see_what_was_published_and_nothing_else(url: str) -> None:
    with pytest.raises(NothingPublished, match="kushim run"), open_reader(url):
        pass
    with open_writer(url) as warehouse:
        warehouse.script("CREATE TABLE raw.n AS SELECT 1 AS i")
        warehouse.publish()
        with open_reader(url) as early:
            warehouse.script("INSERT INTO raw.n VALUES (2)")
            assert early.query("SELECT count(*) FROM raw.n").rows == [(1,)]
            warehouse.publish()
            # Whoever holds the old copy open goes on reading it; who comes later reads the new one.
            assert early.query("SELECT count(*) FROM raw.n").rows == [(1,)]
        with open_reader(url) as late, open_reader(url) as another:
            assert late.query("SELECT count(*) FROM raw.n").rows == [(2,)]
            assert another.query("SELECT count(*) FROM raw.n").rows == [(2,)]
        assert warehouse.query("SELECT count(*) FROM raw.n").rows == [(2,)]


def test_a_reader_of_another_process_does_not_stop_the_writer(url: str) -> None:
    with open_writer(url) as warehouse:
        warehouse.publish()
    hold = (
        "import sys\nfrom kushim_pipeline.warehouse import open_reader\n"
        f"with open_reader({url!r}) as r:\n    print('open', flush=True); sys.stdin.read()\n"
        "    print(r.query('SELECT count(*) FROM raw.record').rows)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "open\n"
        with open_writer(url) as warehouse:
            warehouse.script("CREATE TABLE raw.n (i INTEGER)")
            warehouse.publish()
        assert reader.communicate("")[0] == "[(0,)]\n"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO ops.clock VALUES (current_timestamp)",
        "DROP TABLE raw.record",
        "SELECT * FROM read_csv('/etc/hostname')",
        "COPY raw.record TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "",
    ],
)
def test_a_reader_can_only_read(url: str, sql: str) -> None:
    with open_writer(url) as warehouse:
        warehouse.publish()
    with open_reader(url) as reader, pytest.raises(QueryRefused):
        reader.query(sql)


def test_a_second_writer_waits_for_its_turn(url: str) -> None:
    write(url, 0)
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=write, args=(url, number)) for number in (1, 2)]
    with open_writer(url) as warehouse:
        for other in others:
            other.start()
        warehouse.script("INSERT INTO raw.n VALUES (3)")
    for other in others:
        other.join()
        assert other.exitcode == 0
    with open_writer(url) as warehouse:
        assert warehouse.query("SELECT i FROM raw.n ORDER BY i").rows == [(0,), (1,), (2,), (3,)]


def test_a_writer_that_waited_too_long_says_so(url: str) -> None:
    said: list[str] = []

    def try_it() -> None:
        try:
            DuckDBWarehouse(duckdb_path(url), wait_seconds=0)
        except WarehouseBusy as busy:
            said.append(str(busy))

    with open_writer(url):
        other = threading.Thread(target=try_it)
        other.start()
        other.join()
    assert said
    assert "another process" in said[0]


def test_a_killed_writer_leaves_what_it_committed_and_no_lock(url: str) -> None:
    code = (
        "import os, signal\nfrom kushim_pipeline.warehouse import open_writer\n"
        f"with open_writer({url!r}) as w:\n"
        "    w.script('CREATE TABLE raw.n AS SELECT 1 AS i')\n"
        "    with w.transaction():\n"
        "        w.script('INSERT INTO raw.n VALUES (2)')\n"
        "        os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with open_writer(url, wait_seconds=0) as warehouse:
        assert warehouse.query("SELECT i FROM raw.n").rows == [(1,)]


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg2://u:hunter2@localhost/x", "sqlite:///x", "duckdb://x", "kushim.duckdb"]
)
def test_a_url_that_this_version_does_not_know_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="KUSHIM_WAREHOUSE_URL") as refused:
        duckdb_path(url)
    assert "hunter2" not in str(refused.value)
