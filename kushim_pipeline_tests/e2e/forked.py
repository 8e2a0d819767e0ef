"""The kushim command in processes of its own that cost no import: each is forked from one that has loaded all.

An import is 7 of the 20 CPU-seconds of a run, and all of what a short command costs. What a person starts, a fresh
interpreter, is in `commands`; test_demo and test_canary use it.
"""

import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

SECONDS = 300
"""How long a command may say nothing."""
Prepare = Callable[[], None]
"""What a forked process does before the command begins; it must be picklable."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "kushim_pipeline.defs.run", "kushim_pipeline.commands.work", "kushim_pipeline.warehouse.duckdb_engine",
        "kushim_pipeline.warehouse.postgres_engine", "great_expectations", "duckdb", "psycopg2", "boto3", "github",
        "okta.configuration", "jira", "kushim_pipeline_tests.part", __name__,
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative: the signal that killed it), what it said, and what on stdout."""

    code: int
    said: str
    out: str


@dataclass
class Running:
    """A command that runs."""

    process: BaseProcess
    pipes: dict[Connection, str]
    """What it says on: stdout and stderr, as long as they are open."""
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def says(self, words: str) -> None:
        """Wait until it has said a line with these words. Raises AssertionError when it ends without."""
        while not any(words in line for line in self._text().splitlines(keepends=True) if line.endswith("\n")):
            if not self._hear():
                raise AssertionError(f"it ended without saying {words}:\n{self._text()}")

    def ends(self) -> Ended:
        """Wait for its end."""
        while self._hear():
            pass
        self.process.join(SECONDS)
        assert self.process.exitcode is not None, self._text()
        return Ended(self.process.exitcode, self._text(), self._text("stdout"))

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join()

    def _text(self, *pipes: str) -> str:
        return b"".join(data for pipe, data in self.said if not pipes or pipe in pipes).decode("utf-8", "replace")

    def _hear(self) -> bool:
        """Take in what it says next. Out: whether it may say more."""
        ready = wait(list(self.pipes), SECONDS)
        if not ready and self.pipes:
            self.kill()
            raise AssertionError(f"it does not end:\n{self._text()}")
        for pipe in ready:
            assert isinstance(pipe, Connection)
            data = os.read(pipe.fileno(), 65536)
            self.said.append((self.pipes[pipe], data))
            if not data:
                del self.pipes[pipe]
                pipe.close()
        return bool(self.pipes)


def start(
    folder: Path,
    environment: Mapping[str, str],
    arguments: Sequence[str],
    *prepare: Prepare,
    main: Callable[[], None] | None = None,
) -> Running:
    """Start `kushim ARGUMENTS` in a folder, or another program's picklable `main` with them."""
    folder.mkdir(parents=True, exist_ok=True)
    out, out_end = _CONTEXT.Pipe(duplex=False)
    err, err_end = _CONTEXT.Pipe(duplex=False)
    given = (folder, dict(environment), list(arguments), prepare, main, out_end, err_end)
    process = _CONTEXT.Process(target=_run, args=given, daemon=True)
    process.start()
    out_end.close()
    err_end.close()
    return Running(process, {out: "stdout", err: "stderr"})


def kushim(folder: Path, environment: Mapping[str, str], *arguments: str, prepare: Sequence[Prepare] = ()) -> Ended:
    """Run a command to its end, whatever that is."""
    return start(folder, environment, arguments, *prepare).ends()


def table(folder: Path, environment: Mapping[str, str], *arguments: str) -> list[dict[str, Any]]:
    """The rows of a command that prints a table."""
    ended = kushim(folder, environment, *arguments, "--format", "json")
    assert ended.code == 0, ended.said
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def rows(folder: Path, environment: Mapping[str, str], sql: str) -> list[tuple[Any, ...]]:
    """The rows of `kushim query`."""
    return [tuple(row.values()) for row in table(folder, environment, "query", sql)]


def judging(*sources: str) -> Prepare:
    """Let a run judge the checks of these sources only."""
    return partial(_judge_only, sources)


def _judge_only(sources: tuple[str, ...]) -> None:
    from kushim_pipeline.defs import run
    from kushim_pipeline_tests.part import judged_by

    part = judged_by(*sources)
    run.load = lambda: part


def _run(
    folder: Path,
    environment: dict[str, str],
    arguments: list[str],
    prepare: Sequence[Prepare],
    main: Callable[[], None] | None,
    out: Connection,
    err: Connection,
) -> None:
    # What coverage sees of a process that ends by os._exit is never written: it would only cost time.
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type] # None is how tracing ends
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    out.close()
    err.close()
    # What was inherited may believe that it writes to a file.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    for step in prepare:
        step()
    from kushim_pipeline import cli

    sys.argv = ["kushim", *arguments]
    code = 0
    try:
        (main or cli.main)()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
