"""Where the steps of Dagster's runs are executed: in the run's own process, or by Celery's workers on other hosts."""

import importlib
import os
from collections.abc import Iterator
from typing import Any

from dagster import (
    ExecutorDefinition,
    InitExecutorContext,
    in_process_executor,
    multiple_process_executor_requirements,
)

from kushim_pipeline.defs.lease import held

EXECUTOR = "KUSHIM_EXECUTOR"
"""`in_process` (default) or `celery`. `kushim run` always executes in its own process."""
BROKER, BACKEND = "DAGSTER_CELERY_BROKER_URL", "DAGSTER_CELERY_BACKEND_URL"
"""Where Celery's queue and its results are; URLs that may hold a password, so they are read where they are used."""


def executor() -> ExecutorDefinition:
    """The executor that the environment names. Raises ValueError for one that is not known or not installed."""
    wanted = os.environ.get(EXECUTOR) or "in_process"
    if wanted == "in_process":
        # A process a step costs 4 CPU-seconds each; steps are few and heavy ones work in threads or in the warehouse.
        return in_process_executor
    if wanted != "celery":
        raise ValueError(f"{EXECUTOR} is in_process or celery, nothing else")
    try:
        celery: Any = importlib.import_module("dagster_celery")
    except ImportError:
        raise ValueError(
            f"{EXECUTOR}=celery needs the package dagster-celery; deploy/requirements.txt has it, with its hash"
        ) from None
    plain: Any = celery.celery_executor
    leased = ExecutorDefinition(
        "celery",
        plain.config_schema,
        multiple_process_executor_requirements(),
        lambda context: _leased(plain, context),
        "Steps go to Celery's workers.",
    )
    return leased.configured({"broker": {"env": BROKER}, "backend": {"env": BACKEND}}, "celery")


def _leased(plain: Any, context: InitExecutorContext) -> Any:
    """Celery's executor, whose process holds the run's lease while its steps wait in the queue or are done elsewhere.

    Without it a run whose next step nobody has taken for a while looks like one whose host was lost.
    """
    made = plain.executor_creation_fn(context)
    execute = made.execute

    def with_lease(plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        with held(plan_context.instance, plan_context.run_id):
            yield from execute(plan_context, execution_plan)

    made.execute = with_lease
    return made
