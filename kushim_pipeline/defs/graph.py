"""The definitions that Dagster loads: made from the catalogue, without network, warehouse or tenant files."""

from dagster import Definitions

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.defs import names
from kushim_pipeline.defs.automation import JOBS, schedules, sensors
from kushim_pipeline.defs.collect import collect_assets
from kushim_pipeline.defs.executor import executor
from kushim_pipeline.defs.judge import judge_assets
from kushim_pipeline.defs.lease import held_by_runs
from kushim_pipeline.defs.quality_checks import quality_checks
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.waiting import wait_asleep


def build(kushim: Kushim | None = None) -> Definitions:
    """All assets, checks, jobs, the schedule and the sensors. In: what steps are given (default: the environment's).

    Raises CatalogueError, with file and line, when a file of the catalogue or of KUSHIM_CHECKS cannot be read.
    """
    wait_asleep()
    given = kushim or Kushim(load())
    return Definitions(
        assets=[collect_assets(), *judge_assets(given.catalogue)],
        asset_checks=quality_checks(given.catalogue),
        jobs=JOBS,
        schedules=schedules(given),
        sensors=sensors(given),
        resources={names.RESOURCE: held_by_runs(given)},
        executor=executor(),
    )
