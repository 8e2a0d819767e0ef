"""CPU-seconds of this process and of a Postgres server with all its processes, those that have ended included."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kushim_pipeline_tests.postgres import PostgresServer

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """CPU-seconds: ours, the server's, and the time on the wall."""

    client: float
    server: float
    wall: float

    @property
    def total(self) -> float:
        """What both cost together."""
        return self.client + self.server

    def since(self, before: "Cpu") -> "Cpu":
        """What was spent between two readings."""
        return Cpu(self.client - before.client, self.server - before.server, self.wall - before.wall)


def cpu(server: PostgresServer | None = None) -> Cpu:
    """A reading now. In: the server to count, one that runs on this machine and is ours."""
    return Cpu(time.process_time(), _server_seconds(server) if server else 0.0, time.perf_counter())


def _server_seconds(server: PostgresServer) -> float:
    """The postmaster's own time, that of the processes it has reaped, and of those that run."""
    assert server.data, "the server is not ours"
    postmaster = int(Path(server.data, "postmaster.pid").read_text().split()[0])
    children = sum(_times(pid)[0] for pid in _children(postmaster))
    return sum(_times(postmaster)) + children


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in tasks]


def _times(pid: int) -> tuple[float, float]:
    """A process's own CPU-seconds, and those of its children that it has reaped."""
    with suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own, reaped = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
        return own / _TICKS, reaped / _TICKS
    return 0.0, 0.0


def load() -> str:
    """What else the machine is doing, for the figures' sake."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
