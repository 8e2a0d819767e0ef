"""`kushim reap`: before the daemon starts, close what a lost host or a killed process left in progress."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kushim_pipeline.commands.work import say
from kushim_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance


def reap(settings: Settings, *, alone: bool, wait_seconds: float) -> int:
    """Fail every run whose process is gone and free its slots; on a new instance, make the pool that the daemon's first
    runs wait at. 0 when it could look, whatever it found."""
    from kushim_pipeline.defs.lost import reap as look_around
    from kushim_pipeline.defs.pool import make_pool
    from kushim_pipeline.defs.trouble import unbroken

    with unbroken(settings.home), _instance(settings) as instance:
        make_pool(instance)
        lost = look_around(instance, alone=alone, wait_seconds=wait_seconds)
    for run_id in lost:
        say(f"run {run_id[:8]} was cut off and is closed now; the daemon starts it again if Dagster had launched it")
    say(f"{len(lost)} lost runs closed" if lost else "no run has lost its process")
    return 0


@contextmanager
def _instance(settings: Settings) -> Iterator["DagsterInstance"]:
    """The instance that the daemon will use: DAGSTER_HOME's, or else the data folder's own."""
    from kushim_pipeline.defs.home import prepare_dagster_home
    from kushim_pipeline.defs.instance import opened

    with opened(os.environ.get("DAGSTER_HOME") or prepare_dagster_home(settings)) as instance:
        yield instance
