"""`kushim run`: the same jobs that the UI shows, executed in this process, in the same instance."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from dagster import AssetKey, DagsterInstance, Definitions, ExecuteInProcessResult
from dagster._core.utils import make_new_run_id

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.run import SOURCES
from kushim_pipeline.defs import names
from kushim_pipeline.defs.event_log import kept_engines
from kushim_pipeline.defs.failures import describe, keep
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.home import prepare_dagster_home
from kushim_pipeline.defs.instance import opened
from kushim_pipeline.defs.lease import held
from kushim_pipeline.defs.lost import looking_out
from kushim_pipeline.defs.pool import make_pool
from kushim_pipeline.defs.resource import Kushim, Roster
from kushim_pipeline.defs.roster import follow, range_tags, stretches
from kushim_pipeline.defs.trouble import unbroken
from kushim_pipeline.settings import Settings
from kushim_pipeline.tenants.config import TenantConfig

STARTED_BY = {"kushim/started_by": "kushim run"}


@dataclass(frozen=True)
class RunSummary:
    """How it ended: `ok` when the pipeline did all its work, whatever the verdicts; and what a person has to know."""

    ok: bool
    messages: tuple[str, ...]


def run_pipeline(
    settings: Settings,
    tenants: Sequence[str | TenantConfig],
    sources: Sequence[str],
    on_progress: Callable[[str], None],
    *,
    full: bool = False,
    catalogue: Catalogue | None = None,
) -> RunSummary:
    """Collect the tenants from the sources, then land, judge and publish for everybody.

    In: tenants (ids, or their configurations) and sources, none of either meaning all; a function that is told how it
    goes, a line a call; whether to read all anew where what changed would be enough; what to judge by (the project's
    catalogue and KUSHIM_CHECKS by default). Tenants are taken from the files of `settings`; what is wrong there is told
    when all are meant, a caller who names tenants has looked already. A tenant that cannot be collected stops no other,
    and what was collected is judged in any case. Raises Stopped when there is no room or no database.
    """
    chosen = [tenant if isinstance(tenant, str) else tenant.tenant for tenant in tenants]
    with _running(settings, on_progress, catalogue) as (kushim, instance):
        roster = kushim.roster()
        follow(instance, roster)
        problems = [str(problem) for problem in roster.loaded.problems] if not chosen else []
        unknown = [f"there is no tenant {tenant} that can run" for tenant in chosen if tenant not in roster.tenants]
        run = _Runs(kushim, build(kushim), instance)
        run.collect(chosen or list(roster.tenants), sources or SOURCES, roster, full)
        run.judge()
    return RunSummary(
        run.ok and not problems and not unknown, tuple(dict.fromkeys([*problems, *unknown, *run.messages()]))
    )


def judge_pipeline(settings: Settings, on_progress: Callable[[str], None]) -> RunSummary:
    """Land, judge and publish for everybody, without collecting anything. In, out and raised: as of `run_pipeline`."""
    with _running(settings, on_progress) as (kushim, instance):
        run = _Runs(kushim, build(kushim), instance)
        run.judge()
    return RunSummary(run.ok, tuple(dict.fromkeys(run.messages())))


@contextmanager
def _running(
    settings: Settings, on_progress: Callable[[str], None], catalogue: Catalogue | None = None
) -> Iterator[tuple[Kushim, DagsterInstance]]:
    """Everything that runs need, and the instance that they are in."""
    say = _one_by_one(on_progress)
    kushim = Kushim(catalogue or load(), settings, say)
    with (
        unbroken(settings.home),
        _quiet(),
        opened(prepare_dagster_home(settings)) as instance,
        kept_engines(instance),
        looking_out(instance, partial(_closed, say)),
    ):
        make_pool(instance)
        yield kushim, instance


class _Runs:
    """The runs of one call, and what is to be told of them."""

    def __init__(self, kushim: Kushim, definitions: Definitions, instance: DagsterInstance) -> None:
        self._kushim, self._definitions, self._instance = kushim, definitions, instance
        self._failures: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether every run ended well, every check was judged, and at least one connection could be read."""
        read = self._kushim.read
        return not self._failures and not self._kushim.not_judged and (any(read.values()) or not read)

    def messages(self) -> list[str]:
        """What went wrong, in lines."""
        nothing = [
            f"{tenant} {source}: nothing could be read, see kushim receipts --tenant {tenant}"
            for (tenant, source), something in sorted(self._kushim.read.items())
            if not something
        ]
        return [*nothing, *self._kushim.not_judged, *self._kushim.notices, *self._failures]

    def collect(self, tenants: Sequence[str], sources: Sequence[str], roster: Roster, full: bool) -> None:
        """One run for each stretch of neighbouring partitions: one, when all tenants are wanted."""
        known = self._instance.get_dynamic_partitions(names.TENANTS)
        wanted = [tenant for tenant in tenants if tenant in roster.tenants]
        assets = [names.evidence(source) for source in sources]
        tags = {names.FULL: "true"} if full else {}
        for first, last in stretches(known, wanted, len(known)):
            if first == last:
                self._execute(names.COLLECT, assets, partition=first, tags=tags)
            else:
                self._execute(names.COLLECT, assets, tags={**tags, **range_tags(first, last)})

    def judge(self) -> None:
        """Everything from landing on, for all tenants."""
        self._execute(names.JUDGE)

    def _execute(
        self,
        job: str,
        assets: Sequence[AssetKey] | None = None,
        *,
        partition: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        run_id = make_new_run_id()
        with held(self._instance, run_id):
            result = self._definitions.resolve_job_def(job).execute_in_process(
                run_config={"loggers": {"console": {"config": {"log_level": "DEBUG" if _debug() else "CRITICAL"}}}},
                instance=self._instance,
                partition_key=partition,
                raise_on_error=False,
                run_id=run_id,
                asset_selection=assets,
                tags={**STARTED_BY, **(tags or {})},
            )
        if not result.success:
            self._failed(job, result)

    def _failed(self, job: str, result: ExecuteInProcessResult) -> None:
        steps = [event for event in result.all_events if event.is_step_failure]
        ends = [event for event in result.all_events if event.is_run_failure]
        failure = describe(result.run_id, job, steps, ends[-1] if ends else None)
        keep(self._kushim.settings.home, failure)
        self._failures.append(str(failure))


def _closed(say: Callable[[str], None], lost: Sequence[str]) -> None:
    for run_id in lost:
        say(f"run {run_id[:8]} was cut off earlier and is closed now")


def _one_by_one(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Collections run in several threads; whoever watches is told by one at a time."""
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            tell(line)

    return say


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dagster's own log off the console unless KUSHIM_DEBUG=1; it is in the UI in any case."""
    logger = logging.getLogger("dagster")
    before = logger.level
    if not _debug():
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _debug() -> bool:
    return os.environ.get("KUSHIM_DEBUG") == "1"
