"""Run the steps of a migration on a warehouse that others read: timed, and never waiting long for a lock.

While a statement waits for a lock, every reader that comes later queues behind it. So it gives up after a short while,
lets the readers through, and is tried again.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kushim_pipeline.warehouse.engine import SchemaOutdated, StatementFailed, Warehouse, WarehouseAway, WarehouseBusy
from kushim_pipeline.warehouse.postgres_engine import PostgresWarehouse

LOCK_SECONDS = 1.0
_RETRY = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_HOLDERS = """
SELECT DISTINCT
    coalesce(nullif(a.application_name, ''), 'an unnamed application'), coalesce(a.usename, 'an unknown login'),
    a.state,
    CAST(extract(epoch FROM clock_timestamp() - a.xact_start) AS integer)
FROM unnest(pg_blocking_pids(?)) AS b(pid)
LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid
"""


class StepFailed(RuntimeError):
    """A step of a migration did not succeed. The text names it, and what was kept."""


@dataclass(frozen=True)
class Step:
    """A step that was run: its name, and how long it took in seconds, with every wait for a lock."""

    name: str
    seconds: float
    tries: int = 1


@dataclass
class Runner:
    """Runs steps, each timed, tried again while others hold what it needs, and told to `say` when done."""

    warehouse: Warehouse
    say: Callable[[Step], None]
    wait_seconds: float = 60.0
    holders: "Holders | None" = None
    done: list[Step] = field(default_factory=list)

    def __call__(self, name: str, step: Callable[[], Any]) -> None:
        """Run one step; of one that gives False (nothing to do) nothing is said.

        Raises StepFailed, and WarehouseBusy where the locks were not to be had in `wait_seconds`.
        """
        started, tries = time.monotonic(), 0
        while True:
            tries += 1
            try:
                changed = step() is not False
            except WarehouseAway as error:
                if getattr(error.__cause__, "pgcode", None) not in _RETRY:
                    raise
                waited = time.monotonic() - started
                if waited >= self.wait_seconds:
                    raise WarehouseBusy(
                        f"{name} could not be done in {waited:.0f} s ({tries} tries) because of what others hold open: "
                        f"{self._named()}. This step changed nothing; let them finish, then run this again"
                    ) from None
                # Readers that have queued behind this step go first.
                time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 # not a secret
            except (StatementFailed, SchemaOutdated) as error:
                raise StepFailed(f"{name} failed and changed nothing: {error}") from error
            else:
                break
        if changed:
            self.done.append(Step(name, time.monotonic() - started, tries))
            self.say(self.done[-1])

    def _named(self) -> str:
        return (
            "; ".join(self.holders.seen) if self.holders and self.holders.seen else "somebody who was gone when asked"
        )


class Holders:
    """Who keeps a connection waiting: application and login, never what they ask. Seen from a second connection."""

    def __init__(self, url: str, watched: int) -> None:
        """In: the warehouse's URL, and the process id of the connection that may have to wait."""
        from kushim_pipeline.warehouse.postgres_link import connect

        self._connection = connect(url, application="kushim migrate (who holds locks)", read_only=True)
        self._watched = watched
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.seen: list[str] = []
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _watch(self) -> None:
        from kushim_pipeline.warehouse.postgres_link import execute

        # Twice while a step waits, so that none goes unseen.
        while not self._stop.wait(LOCK_SECONDS / 3):
            try:
                rows = execute(self._connection, _HOLDERS, (self._watched,))[0].rows
            except (WarehouseAway, StatementFailed):
                return
            if rows:
                self.seen = sorted(_holder(*row) for row in rows)


def _holder(application: str, login: str, state: str | None, seconds: int | None) -> str:
    since = "" if seconds is None else f", in a transaction for {seconds} s"
    return f"{application} of login {login}{since}{f' ({state})' if state else ''}"


@contextlib.contextmanager
def patient(warehouse: Warehouse, url: str) -> Iterator[Holders | None]:
    """Have every statement give up on a lock after LOCK_SECONDS. Gives who is seen to hold them (None on DuckDB)."""
    if not isinstance(warehouse, PostgresWarehouse):
        yield None
        return
    warehouse.script(f"SET lock_timeout = '{int(LOCK_SECONDS * 1000)}ms'")
    with contextlib.closing(Holders(url, int(warehouse.query("SELECT pg_backend_pid()").rows[0][0]))) as holders:
        yield holders
