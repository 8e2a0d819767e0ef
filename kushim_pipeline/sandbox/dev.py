"""`make dev`: the Dagster UI with the sandbox behind it, until Ctrl-C.

Run as `python -m kushim_pipeline.sandbox.dev`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from kushim_pipeline.sandbox.aws import SandboxFailed
from kushim_pipeline.sandbox.demo import ended_by_signals, refuse_other_tenants, settle
from kushim_pipeline.sandbox.world import start
from kushim_pipeline.settings import Settings

WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"
PORT = 3000
START_SECONDS = 120
_POLL_SECONDS = 0.3


def main() -> None:
    """Start everything, say where the UI is, and stop everything when told to."""
    try:
        with ended_by_signals():
            code = run_dev(Settings.read())
    except KeyboardInterrupt:
        code = 0
    except SandboxFailed as error:
        click.echo(f"kushim: {error}", err=True)
        code = 1
    sys.exit(code)


def run_dev(settings: Settings) -> int:
    """Run until the UI ends or a signal comes. Out: the exit code, 1 when the UI ended by itself."""
    from kushim_pipeline.defs.home import prepare_dagster_home

    refuse_other_tenants(settings)
    with start(os.environ, progress=click.echo) as sandbox:
        settings = settle(settings, sandbox)
        variables = {
            **os.environ,
            **sandbox.environment,
            "DAGSTER_HOME": str(prepare_dagster_home(settings)),
            "KUSHIM_HOME": str(settings.home),
            "KUSHIM_TENANTS": str(settings.tenants),
            "KUSHIM_WAREHOUSE_URL": settings.warehouse_url,
        }
        port = free_port(PORT)
        click.echo("starting the Dagster UI")
        reap(variables)
        with dagster(port, variables) as process:
            if _answers(port, process):
                click.echo(f"The Dagster UI is at http://127.0.0.1:{port} (Ctrl-C ends it and the sandbox)")
            return process.wait()


def reap(variables: Mapping[str, str]) -> None:
    """Close what an earlier `make dev`, killed, left in progress. Dagster starts in any case."""
    command = [sys.executable, "-m", "kushim_pipeline.cli", "reap", "--alone"]
    done = subprocess.run(command, env=dict(variables), check=False, capture_output=True, text=True)  # noqa: S603 # ours
    if done.returncode or "closed" in done.stderr:
        click.echo(done.stderr.strip())


@contextmanager
def dagster(port: int, variables: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`dagster dev` on a port of loopback while inside. It is stopped with all that it started."""
    process = subprocess.Popen(  # noqa: S603 # our own interpreter and file
        [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", "127.0.0.1", "-p", str(port)],
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # its children are stopped with it, and Ctrl-C reaches them in one way only
    )
    try:
        yield process
    finally:
        for number, seconds in ((signal.SIGINT, 15), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds)
                break


def free_port(wanted: int) -> int:
    """The wanted port of loopback, or another one when somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found: int = probe.getsockname()[1]
                return found
    raise SandboxFailed("there is no free port on 127.0.0.1")


def _answers(port: int, process: "subprocess.Popen[bytes]") -> bool:
    """Wait until the port takes connections; False when the process ends first or takes too long."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(_POLL_SECONDS)
    return False


if __name__ == "__main__":
    main()
