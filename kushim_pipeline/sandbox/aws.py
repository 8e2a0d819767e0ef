"""AWS for the sandbox: moto's server in a process of its own."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

START_SECONDS = 30
_ENVIRONMENT = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # otherwise 1,300 snapshots that nobody made
    "MOTO_ALLOW_NONEXISTENT_REGION": "false",
    "PYTHONWARNINGS": "ignore",
}


class SandboxFailed(RuntimeError):
    """The sandbox could not be started: what went wrong, and what to do."""


@contextmanager
def running() -> Iterator[str]:
    """A moto server while inside; its URL. Raises SandboxFailed when it does not come up.

    It ends with this process even when that is killed (see moto_process.py).
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 # our own module, with our own arguments
            [sys.executable, "-m", "kushim_pipeline.sandbox.moto_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | _ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for us: we stop it in order
        )
        try:
            port = _port(process)
            if port is None:
                log.seek(0)
                words = log.read()[-2000:].decode(errors="replace").strip()
                raise SandboxFailed(f"moto, the stand-in for AWS, did not start: {words or 'it said nothing'}")
            yield f"http://127.0.0.1:{port}"
        finally:
            _stop(process)


def _port(process: "subprocess.Popen[bytes]") -> int | None:
    """The port that the process prints once it listens; None when it ends without, or takes too long."""
    stdout = process.stdout
    if stdout is None or not select.select([stdout], [], [], START_SECONDS)[0]:
        return None
    line = stdout.readline().strip()
    return int(line) if line.isdigit() else None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    for send in (None, signal.SIGTERM, signal.SIGKILL):
        if send is not None:
            process.send_signal(send)
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            continue
        return
