"""The kushim command in processes of its own that cost no import: each is forked from one that has loaded all."""

import multiprocessing
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path

from kushim_pipeline_tests.e2e.faults.moments import Strike, arm

SECONDS = 300
_NUMBERS = count()
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "kushim_pipeline.defs.run", "kushim_pipeline.commands.work", "kushim_pipeline.warehouse.duckdb_engine",
        "kushim_pipeline.warehouse.postgres_engine", "great_expectations", "duckdb", "psycopg2", __name__,
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative: the signal that killed it), and all that it said."""

    code: int
    said: str


@dataclass(frozen=True)
class Running:
    """A command that runs."""

    process: BaseProcess
    log: Path

    def ends(self) -> Ended:
        """Wait for its end."""
        self.process.join(SECONDS)
        if self.process.exitcode is None:
            self.kill()
            raise AssertionError(f"it does not end:\n{self.log.read_text('utf-8')}")
        return Ended(self.process.exitcode, self.log.read_text("utf-8", "replace"))

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join()


def start(
    folder: Path, environment: Mapping[str, str], arguments: Sequence[str], strike: Strike | None = None
) -> Running:
    """Start `kushim ARGUMENTS` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"said-{next(_NUMBERS)}.log"
    process = _CONTEXT.Process(target=_run, args=(folder, dict(environment), list(arguments), strike, log), daemon=True)
    process.start()
    return Running(process, log)


def kushim(folder: Path, environment: Mapping[str, str], *arguments: str, strike: Strike | None = None) -> Ended:
    """Run a command to its end, whatever that is."""
    return start(folder, environment, arguments, strike).ends()


def _run(folder: Path, environment: dict[str, str], arguments: list[str], strike: Strike | None, log: Path) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    _hurry()
    if strike:
        arm(strike)
    from kushim_pipeline.cli import cli, explain

    code = 1
    try:
        cli(arguments, prog_name="kushim")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except Exception as error:  # noqa: BLE001 # as the console script does
        sys.stderr.write(f"kushim: {explain(error)}\n")
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _hurry() -> None:
    """Retries happen, their pauses are short; and only GitHub's checks are judged, which is what the stand-in has."""
    from kushim_pipeline.catalogue.load import load
    from kushim_pipeline.defs import lost, run, trouble

    trouble.AWAY_PAUSE_SECONDS = 0.05
    lost.LOOK_SECONDS = 0.2
    whole = load()
    checks = {name: check for name, check in whole.checks.items() if _is_of(check.streams)}
    controls = {
        name: control.model_copy(update={"checks": tuple(check for check in control.checks if check in checks)})
        for name, control in whole.controls.items()
        if checks.keys() & set(control.checks)
    }
    facts = {name: fact for name, fact in whole.facts.items() if _is_of(fact.streams)}
    part = whole.model_copy(update={"checks": checks, "controls": controls, "facts": facts})
    run.load = lambda: part


def _is_of(streams: Iterable[str]) -> bool:
    """Whether streams are all GitHub's or Kushim's own."""
    return {stream.split(".")[0] for stream in streams} <= {"github", "kushim"}
