"""What goes wrong in a step: what is tried again, and what is told."""

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, job, op
from sqlalchemy.exc import OperationalError

from kushim_pipeline.collect.unwritable import EvidenceUnwritable
from kushim_pipeline.defs import trouble
from kushim_pipeline.defs.failures import reason
from kushim_pipeline.defs.trouble import RETRY_WAREHOUSE, Stopped, in_words, is_disk_full, told, unbroken
from kushim_pipeline.warehouse import WarehouseAway, WarehouseBusy

PASSWORD = "a-password-0123456789"


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def execute(work: Callable[[int], None]) -> ExecuteInProcessResult:
    """A step that does this; it is told how often it was tried before."""

    @op(retry_policy=RETRY_WAREHOUSE)
    def step(context) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        with told("landing"):
            work(context.retry_number)

    @job
    def running() -> None:
        step()

    with DagsterInstance.ephemeral() as instance:
        return running.execute_in_process(instance=instance, raise_on_error=False)


def why(result: ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return reason(event)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "AWAY_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(trouble, "AWAY_RETRIES", 5)
    monkeypatch.setenv("KUSHIM_WAREHOUSE_URL", f"postgresql+psycopg2://kushim:{PASSWORD}@db/kushim")


@pytest.mark.parametrize("kind", [WarehouseAway, WarehouseBusy])
def test_a_warehouse_that_comes_back_is_waited_for(kind: type[Exception]) -> None:
    tried = []

    def work(number: int) -> None:
        tried.append(number)
        if number < 5:
            raise kind("not now")

    assert execute(work).success
    assert tried == [0, 1, 2, 3, 4, 5], "more often than a step's own policy would"


def test_one_that_stays_away_fails_the_step_in_words_without_a_password() -> None:
    def work(_: int) -> None:
        raise WarehouseAway(f"cannot connect as kushim with {PASSWORD}")

    assert why(execute(work)) == "landing: WarehouseAway: cannot connect as kushim with ***"


@pytest.mark.parametrize(
    "error",
    [
        full(),
        RuntimeError('IO Error: Could not write file "x": No space left on device'),
        WarehouseAway("the Postgres warehouse does not answer: could not extend file: No space left on device"),
    ],
    ids=["file system", "DuckDB", "Postgres"],
)
def test_a_full_disk_is_not_tried_again_and_says_what_to_do(error: Exception) -> None:
    tried = []

    def work(number: int) -> None:
        tried.append(number)
        raise error

    told_of = why(execute(work))
    assert tried == [0]
    assert told_of.startswith("landing: the disk is full (")
    assert "make room where KUSHIM_HOME" in told_of


def test_a_full_disk_is_found_behind_other_errors() -> None:
    try:
        raise EvidenceUnwritable("evidence cannot be written") from full()
    except EvidenceUnwritable as error:
        assert is_disk_full(error)
    assert not is_disk_full(PermissionError(errno.EACCES, "denied"))
    assert not is_disk_full(RuntimeError("full of mistakes"))


def test_dagsters_database_is_told_of_without_its_statement(tmp_path: Path) -> None:
    statement = "INSERT INTO event_logs (event) VALUES (?)"
    for words, said in (
        ("database or disk is full", "the disk is full (database or disk is full): make room"),
        ("server closed the connection", "Dagster's database does not answer (server closed the connection)"),
    ):
        with pytest.raises(Stopped) as stopped, unbroken(tmp_path):
            raise OperationalError(statement, ("a value",), sqlite3.OperationalError(words))
        assert str(stopped.value).startswith(said)
        assert "INSERT" not in str(stopped.value)
        assert "a value" not in str(stopped.value)


def test_an_io_error_of_sqlite_is_the_disks_even_if_there_is_room_again(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="the disk is full, or it fails"), unbroken(tmp_path):
        raise OperationalError("SELECT 1", (), sqlite3.OperationalError("disk I/O error"))


def test_other_errors_go_through(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), unbroken(tmp_path):
        raise PermissionError(errno.EACCES, "denied")


def test_words_are_one_line() -> None:
    assert in_words(ValueError("a\nb")) == "ValueError: a b"
