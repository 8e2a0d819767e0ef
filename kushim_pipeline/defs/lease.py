"""A lease: what a run's process leaves in Dagster's database for as long as it lives, and renews.

Whoever shares the machine with it asks the kernel; whoever does not sees whether it goes on being renewed. It lies in
the instance's key-value table, since a run's tags are rewritten whole by whoever adds one.
"""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from dagster import DagsterInstance, InitResourceContext, ResourceDefinition

from kushim_pipeline.defs.resource import Kushim

RENEW_SECONDS = 10.0
_HELD: set[str] = set()


@dataclass(frozen=True)
class Lease:
    """Who executes a run. `started`: when the process began, in the kernel's ticks; `renewal` counts up."""

    place: str
    pid: int
    started: str
    renewal: int = 0

    @property
    def is_here(self) -> bool:
        """Whether the process can be asked for on this machine: same host, same boot, same process numbers."""
        return self.place == here()

    @property
    def lives(self) -> bool:
        """Whether the process is there, of those that can be asked for here. A killed one that waits for its parent
        to take notice (a zombie) is not."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        state, started = _kernel_says(self.pid)
        return state not in ("Z", "X") and started == self.started


def of_this_process() -> Lease:
    """The lease that this process signs."""
    return Lease(here(), os.getpid(), _kernel_says(os.getpid())[1])


def key(run_id: str) -> str:
    """Where a run's lease lies in the key-value table."""
    return f"kushim/lease/{run_id}"


def read(text: str | None) -> Lease | None:
    """The lease in a stored value; None for what is none."""
    try:
        return Lease(**json.loads(text or ""))
    except (TypeError, ValueError):
        return None


def renew(instance: DagsterInstance, run_id: str, lease: Lease) -> None:
    """Write a run's lease."""
    instance.run_storage.set_cursor_values({key(run_id): json.dumps(asdict(lease))})


@contextmanager
def held(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """While inside, this process holds the run's lease; a second holder within the same process adds nothing.

    A renewal that fails is tried again at the next one: a database that is away for a while ends no run by this.
    """
    if run_id in _HELD:
        yield
        return
    lease = of_this_process()
    renew(instance, run_id, lease)
    ended = threading.Event()

    def keep_on() -> None:
        number = 0
        while not ended.wait(RENEW_SECONDS):
            number += 1
            with suppress(Exception):
                renew(instance, run_id, Lease(lease.place, lease.pid, lease.started, number))

    thread = threading.Thread(target=keep_on, name="lease", daemon=True)
    _HELD.add(run_id)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        _HELD.discard(run_id)


def held_by_runs(kushim: Kushim) -> ResourceDefinition:
    """The resource `kushim` for a job: it is made before a run's first step asks for the warehouse's slot, and is there
    until the run ends, so a run of ours that holds anything has a lease."""

    def made(context: InitResourceContext) -> Iterator[Kushim]:
        instance, run = context.instance, context.run
        if instance is None or run is None or _is_held_by_another(instance, run.run_id):
            # Not in a run; or a step on one of Celery's workers: the run's own process waits for it, with the lease.
            yield kushim
            return
        with held(instance, run.run_id):
            yield kushim

    return ResourceDefinition(resource_fn=contextmanager(made), description="Settings, catalogue and stores.")


def _is_held_by_another(instance: DagsterInstance, run_id: str) -> bool:
    lease = read(instance.run_storage.get_cursor_values({key(run_id)}).get(key(run_id)))
    return lease is not None and (lease.lives and lease.pid != os.getpid() if lease.is_here else True)


@cache
def here() -> str:
    """Host, boot and process namespace: the same only for processes that see each other's numbers."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        space = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:  # not Linux
        boot = space = ""
    return f"{socket.gethostname()}/{boot}/{space}"


def _kernel_says(pid: int) -> tuple[str, str]:
    """A process's state and when it began; empty where the kernel does not say (then its number must do)."""
    try:
        # The name in parentheses may hold spaces; state and times come after it.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[19]
