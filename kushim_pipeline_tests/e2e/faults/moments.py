"""In the process that is to suffer: the moments at which something happens to it, and what happens.

A moment is the N-th time that Kushim is about to do a thing: write evidence (`evidence`), acknowledge a receipt
(`receipt`), ask the warehouse for something while it lands, builds, judges or publishes (`land`, `facts`, `judge`,
`marts`), copy what is to be published (`copy`), ask Dagster's database for anything (`dagster`) or to write down an
event of a run (`event`). The lookout asks it, too, whenever there is time: only events come one after the other.
"""

import os
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Strike:
    """What happens at the `nth` moment of a kind. `does` is kill, fill (`target` is the folder of the disk), or tell
    (`target` is host:port, which is told and must answer before this process goes on)."""

    moment: str
    nth: int
    does: str = "kill"
    target: str = ""


@dataclass
class _Armed:
    strike: Strike
    counter: "count[int]" = field(default_factory=lambda: count(1))
    phase: str = ""

    def reached(self, moment: str) -> None:
        """Tell that a moment has come; if it is the one, it strikes."""
        if moment == self.strike.moment and next(self.counter) == self.strike.nth:
            _DOES[self.strike.does](self.strike.target)


def hurry() -> None:
    """Retries happen, their pauses are short."""
    from kushim_pipeline.defs import lost, trouble

    trouble.AWAY_PAUSE_SECONDS = 0.05
    lost.LOOK_SECONDS = 0.2


def arm(strike: Strike) -> None:
    """From now on this process is struck at that moment."""
    from kushim_pipeline.defs import judge as steps
    from kushim_pipeline.evidence.ledger import Ledger
    from kushim_pipeline.evidence.store import FileStore
    from kushim_pipeline.warehouse import duckdb_engine
    from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse
    from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse

    armed = _Armed(strike)
    _before(FileStore, "put", lambda *_: armed.reached("evidence"))
    _before(
        Ledger, "append", lambda _self, _tenant, kind, _payload: armed.reached("receipt" if kind == "receipt" else "")
    )
    for phase, step in (("land", "land"), ("facts", "build_facts"), ("judge", "judge"), ("marts", "build_marts")):
        _during(steps, step, armed, phase)
    for engine in (DuckDBWarehouse, PostgresWarehouse):
        for verb in ("script", "query", "load"):
            _before(engine, verb, lambda *_: armed.reached(armed.phase))
    _before(duckdb_engine.shutil, "copyfile", lambda *_: armed.reached("copy"))
    if strike.moment in ("dagster", "event"):
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        def asked(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            armed.reached("dagster")
            armed.reached("event" if statement.startswith("INSERT INTO event_logs ") else "")

        event.listen(Engine, "before_cursor_execute", asked)


def _before(owner: Any, name: str, tell: Callable[..., None]) -> None:
    original = getattr(owner, name)

    def struck(*args: Any, **more: Any) -> Any:
        tell(*args)
        return original(*args, **more)

    setattr(owner, name, struck)


def _during(owner: Any, name: str, armed: _Armed, phase: str) -> None:
    original = getattr(owner, name)

    def struck(*args: Any, **more: Any) -> Any:
        armed.phase = phase
        try:
            return original(*args, **more)
        finally:
            armed.phase = ""

    setattr(owner, name, struck)


def _kill(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill(folder: str) -> None:
    """Take all the room that is left on the folder's file system."""
    with Path(folder, "ballast").open("ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"\0" * size)
            except OSError:
                continue
    assert shutil.disk_usage(folder).free == 0


def _tell(address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        assert line.recv(1) == b"."


_DOES: dict[str, Callable[[str], None]] = {"kill": _kill, "fill": fill, "tell": _tell}
