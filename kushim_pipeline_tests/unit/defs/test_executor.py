"""Which executor Dagster's runs use: the run's own process, unless the environment names Celery."""

import sys

import pytest

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs.executor import EXECUTOR, executor
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.resource import Kushim


@pytest.mark.parametrize("text", ["", "in_process"])
def test_steps_run_in_the_process_of_their_run(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTOR, text)
    assert executor().name == "in_process"
    for job in build(Kushim(load())).resolve_all_job_defs():
        assert job.executor_def.name == "in_process"


def test_an_executor_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTOR, "kelery")
    with pytest.raises(ValueError, match="in_process or celery"):
        executor()


def test_without_its_package_celery_says_where_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXECUTOR, "celery")
    monkeypatch.setitem(sys.modules, "dagster_celery", None)
    with pytest.raises(ValueError, match="deploy/requirements.txt"):
        executor()
