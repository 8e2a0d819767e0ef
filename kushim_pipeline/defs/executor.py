"""Where the steps of Dagster's runs are executed: in the run's own process, or by Celery's workers on other hosts."""

import importlib
import os
from typing import cast

from dagster import ExecutorDefinition, in_process_executor

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
        celery = importlib.import_module("dagster_celery")
    except ImportError:
        raise ValueError(
            f"{EXECUTOR}=celery needs the package dagster-celery; deploy/requirements.txt has it, with its hash"
        ) from None
    configured = celery.celery_executor.configured({"broker": {"env": BROKER}, "backend": {"env": BACKEND}}, "celery")
    return cast("ExecutorDefinition", configured)
