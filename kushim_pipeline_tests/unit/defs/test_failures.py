"""What is told of a run that failed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from dagster import DagsterInstance, DagsterRunStatus, Failure, ResourceDefinition, job, op

from kushim_pipeline.defs.failures import RunFailure, describe

PASSWORD = "a-password-0123456789"


def failed(step_does: Callable[[], None], resource_is_made: Callable[[], None] = lambda: None) -> RunFailure:
    """A run of one step, which needs a resource, told as it is told of ours."""

    @contextmanager
    def made(_: object) -> Iterator[None]:
        resource_is_made()
        yield

    @op(required_resource_keys={"database"})
    def landing() -> None:
        step_does()

    @job(resource_defs={"database": ResourceDefinition(made)})
    def judge() -> None:
        landing()

    with DagsterInstance.ephemeral() as instance:
        result = judge.execute_in_process(instance=instance, raise_on_error=False)
    steps = [event for event in result.all_events if event.is_step_failure]
    (end,) = [event for event in result.all_events if event.is_run_failure]
    return describe(result.run_id, "judge", steps, end)


def broken() -> None:
    raise RuntimeError(f"no way to postgresql://kushim:{PASSWORD}@db/kushim")


@pytest.fixture(autouse=True)
def warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUSHIM_WAREHOUSE_URL", f"postgresql://kushim:{PASSWORD}@db/kushim")


def test_a_step_that_failed_is_named() -> None:
    def step() -> None:
        raise Failure("landing: there is no database")

    told = failed(step)
    assert (told.step, told.error) == ("landing", "landing: there is no database")
    assert str(told).endswith("failed (judge, step landing): landing: there is no database")


def test_what_broke_outside_the_steps_is_told_in_its_own_words_without_secrets() -> None:
    told = failed(lambda: None, broken)
    assert (told.step, told.error) == ("", "RuntimeError: no way to ***")


def test_a_run_that_somebody_else_ended_says_so() -> None:
    @job
    def judge() -> None:
        pass

    with DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(judge, status=DagsterRunStatus.STARTED)
        end = instance.report_run_failed(run)
    told = describe(run.run_id, "judge", [], end)
    assert told.error == "it was ended from outside: its process was lost, or somebody stopped it"


def test_a_run_without_an_end_is_told_all_the_same() -> None:
    assert describe("0123456789", "judge", [], None).error == "the run did not end well"
