"""`kushim demo`: start the sandbox, run the whole pipeline through Dagster for its tenants, say what was found."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from types import FrameType

import click

from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.sandbox.aws import SandboxFailed
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.summary import read, told
from kushim_pipeline.sandbox.world import World, start
from kushim_pipeline.settings import Settings
from kushim_pipeline.warehouse import NothingPublished

NAMES_FILE = "names.json"


def run_demo(settings: Settings, echo: Callable[[str], object]) -> int:
    """Run everything for the sandbox's tenants. `echo` is given lines while it works; the summary goes to stdout.

    Out: the process's exit code, 0 when the pipeline did its work, whatever the verdicts. Raises SandboxFailed.
    """
    began = time.monotonic()

    def say(message: str) -> None:
        echo(f"{time.monotonic() - began:4.0f} s  {message}")

    refuse_other_tenants(settings)
    warm = threading.Thread(target=_warm_up, name="warm-up", daemon=True)
    with ended_by_signals(), start(os.environ, progress=say, while_building=warm.start) as sandbox:
        settings = settle(settings, sandbox)
        warm.join()
        from kushim_pipeline.defs.run import run_pipeline

        with environment(sandbox.environment):
            result = run_pipeline(settings, list(sandbox.manifest.tenants), (), say)
        say("stopping the sandbox")
    with suppress(NothingPublished):  # then the messages say why
        for line in told(read(settings, sandbox.manifest), settings, time.monotonic() - began):
            click.echo(line)  # which takes the colours away where there is no terminal
    for message in result.messages:
        echo(message)
    return 0 if result.ok else 1


def settle(settings: Settings, sandbox: World) -> Settings:
    """Write the sandbox's tenant files, and what its resources are called, under KUSHIM_HOME.

    Out: the settings that take these tenant files.
    """
    folder = settings.home / "sandbox"
    sandbox.write_tenants(folder / "tenants")
    (folder / NAMES_FILE).write_text(json.dumps(sandbox.names, indent=1) + "\n", "utf-8")
    return replace(settings, tenants=folder / "tenants", allow_private_hosts=True)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables in this process's environment while inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that everything started is stopped."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_other_tenants(settings: Settings) -> None:
    """Raise SandboxFailed when the data folder is somebody's own.

    A run takes every tenant that no file names for gone, and the sandbox's files name only its own.
    """
    others = sorted(set(Ledger(settings.evidence).tenants()) - load().tenants.keys())
    if others:
        raise SandboxFailed(
            f"{settings.home} holds evidence of {', '.join(others[:5])}; the demo wants a data folder of its own: "
            "run KUSHIM_HOME=.kushim-demo kushim demo, and the other commands with the same KUSHIM_HOME"
        )


def _warm_up() -> None:
    """Import what the run needs. Meanwhile the main thread waits for moto, and imports nothing that is imported here.

    Great Expectations alone takes five seconds.
    """
    for name in ("kushim_pipeline.defs.run", "great_expectations"):
        with suppress(ImportError):  # the run itself says what is missing
            import_module(name)
