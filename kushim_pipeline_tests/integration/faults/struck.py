"""A process that forks one child after another, each killed at the next statement that it sends to Dagster's database.

Run as `python -m kushim_pipeline_tests.integration.faults.struck WHAT FOLDER STEP`: it prints a JSON list of what was
wrong after a kill, and how many kills there were. It ends with the first child that no kill reaches any more.
"""

import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, job, op
from sqlalchemy import event
from sqlalchemy.engine import Engine

from kushim_pipeline.defs.home import prepare_dagster_home
from kushim_pipeline.defs.instance import opened
from kushim_pipeline.defs.lease import of_this_process, renew
from kushim_pipeline.defs.lost import Lookout
from kushim_pipeline.settings import Settings

POOL = "warehouse"
DEAD, LIVES = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


@op
def works() -> None:
    """Nothing."""


@job(name="judge")
def judging() -> None:
    works()


@dataclass(frozen=True)
class Case:
    """What is there before, what a child does (it calls what it is given when the statements that count begin), and
    what must hold after it was killed (words say what does not)."""

    before: Callable[[Path], None]
    does: Callable[[Path, Callable[[], None]], None]
    wrong: Callable[[Path], str]


def run_of(instance: DagsterInstance, run_id: str, *, dead: bool) -> None:
    instance.create_run_for_job(judging, run_id=run_id, status=DagsterRunStatus.STARTED)
    lease = of_this_process()
    renew(instance, run_id, replace(lease, started="0") if dead else lease)


def claim(instance: DagsterInstance, run_id: str) -> bool:
    return instance.event_log_storage.claim_concurrency_slot(POOL, run_id, "land").is_claimed


def one_dead_one_in_line(home: Path) -> None:
    """A killed run holds the slot, a living one waits for it."""
    with opened(home) as instance:
        run_of(instance, DEAD, dead=True)
        run_of(instance, LIVES, dead=False)
        assert claim(instance, DEAD)
        assert not claim(instance, LIVES)


def look(home: Path, begin: Callable[[], None]) -> None:
    with opened(home) as instance:
        begin()
        Lookout().look(instance)


def free(home: Path, begin: Callable[[], None]) -> None:
    """A run ends its step as Dagster does."""
    with opened(home) as instance:
        begin()
        instance.event_log_storage.free_concurrency_slot_for_step(DEAD, "land")


def stuck(home: Path) -> str:
    with opened(home) as instance:
        Lookout().look(instance)
        run = instance.get_run_by_id(DEAD)
        if run is None or run.status is not DagsterRunStatus.FAILURE:
            return "the dead run is still in progress"
        return "" if claim(instance, LIVES) else "the slot is free for nobody"


def nothing(home: Path) -> None:
    shutil.rmtree(home)
    prepare_dagster_home(Settings(home.parent, home.parent, "", allow_private_hosts=True))


def first_start(home: Path, begin: Callable[[], None]) -> None:
    begin()
    with opened(home) as instance:
        instance.add_dynamic_partitions("tenants", ["acme"])


def not_whole(home: Path) -> str:
    with opened(home) as instance:
        instance.add_dynamic_partitions("tenants", ["acme", "beta"])
        run_of(instance, LIVES, dead=False)
        instance.event_log_storage.set_concurrency_slots(POOL, 1)
        return "" if claim(instance, LIVES) else "no slot can be had"


CASES = {
    "reaping": Case(one_dead_one_in_line, look, stuck),
    "freeing": Case(one_dead_one_in_line, free, stuck),
    "first": Case(nothing, first_start, not_whole),
}


def strike(home: Path, case: Case, at: int) -> bool:
    """Let a child do it, killed at that statement. Out: whether it was reached."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = at

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def begin() -> None:
        for moment in ("before_cursor_execute", "commit"):
            event.listen(Engine, moment, count)

    case.does(home, begin)
    os._exit(0)


def main() -> None:
    """Strike at every STEP-th statement."""
    logging.disable(logging.CRITICAL)
    case, root, step = CASES[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3])
    clean = prepare_dagster_home(Settings(root / "clean", root, "", allow_private_hosts=True))
    with opened(clean) as instance:
        instance.event_log_storage.set_concurrency_slots(POOL, 1)
    case.before(clean)
    wrong, at = [], 1
    while True:
        home = root / f"at-{at}" / "dagster"
        shutil.copytree(clean, home)
        if not strike(home, case, at):
            break
        try:
            words = case.wrong(home)
        except Exception as error:  # noqa: BLE001 # whatever it is, it is wrong
            words = f"{type(error).__name__}: {error}"
        if words:
            wrong.append(f"killed at statement {at}: {words}")
        shutil.rmtree(home.parent)
        at += step
    sys.stdout.write(json.dumps({"wrong": wrong, "kills": (at - 1) // step}))


if __name__ == "__main__":
    main()
