"""Which executor Dagster's runs use: the run's own process, unless the environment names Celery."""

import sys
from types import ModuleType
from typing import Any

import pytest
from dagster import (
    DagsterInstance,
    ExecutorDefinition,
    Field,
    Noneable,
    StringSource,
    in_process_executor,
    job,
    multiple_process_executor_requirements,
    op,
    reconstructable,
)
from dagster._core.execution.api import execute_job
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs.executor import BACKEND, BROKER, EXECUTOR, executor
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.lease import key, read
from kushim_pipeline.defs.resource import Kushim


@pytest.mark.parametrize("text", ["", "in_process"])
def test_steps_run_in_the_process_of_their_run(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTOR, text)
    assert executor().name == "in_process"
    for found in build(Kushim(load())).resolve_all_job_defs():
        assert found.executor_def.name == "in_process"


def test_an_executor_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTOR, "kelery")
    with pytest.raises(ValueError, match="in_process or celery"):
        executor()


def test_without_its_package_celery_says_where_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTOR, "celery")
    monkeypatch.setitem(sys.modules, "dagster_celery", None)
    with pytest.raises(ValueError, match="deploy/requirements.txt"):
        executor()


class Queue(InProcessExecutor):
    """Stands for Celery's executor: notes whether the run had a lease when its steps went into the queue."""

    held: list[bool] = []

    def execute(self, plan_context: Any, execution_plan: Any) -> Any:
        text = plan_context.instance.run_storage.get_cursor_values({key(plan_context.run_id)})
        self.held.append(read(text.get(key(plan_context.run_id))) is not None)
        yield from super().execute(plan_context, execution_plan)


@job(executor_def=in_process_executor)
def queued() -> None:
    @op
    def nothing() -> None:
        pass

    nothing()


def made_queued() -> Any:
    return queued.with_executor_def(executor())


def test_a_run_whose_steps_wait_in_the_queue_holds_its_lease(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Or it would be failed as lost after a minute and a half without a worker."""
    fake = ModuleType("dagster_celery")
    fake.celery_executor = ExecutorDefinition(  # type: ignore[attr-defined]
        "celery",
        {name: Field(Noneable(StringSource), is_required=False) for name in ("broker", "backend")},
        multiple_process_executor_requirements(),
        lambda context: Queue(RetryMode.ENABLED),
    )
    monkeypatch.setattr(Queue, "held", [])
    monkeypatch.setitem(sys.modules, "dagster_celery", fake)
    monkeypatch.setenv(EXECUTOR, "celery")
    monkeypatch.setenv(BROKER, "redis://queue.test/0")
    monkeypatch.setenv(BACKEND, "redis://queue.test/1")
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = execute_job(reconstructable(made_queued), instance)
        assert result.success
        assert Queue.held == [True]
