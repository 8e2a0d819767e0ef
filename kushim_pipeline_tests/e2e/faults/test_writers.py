"""Several runs at once on one warehouse: they queue, also behind one that is killed while it writes."""

import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from dagster import DagsterInstance

from kushim_pipeline.defs.names import WAREHOUSE
from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.e2e.faults.moments import Strike
from kushim_pipeline_tests.e2e.faults.places import PASSWORD, Place, Truth, asked_since
from kushim_pipeline_tests.postgres import fresh_database


def wait_for_line(place: Place, length: int) -> None:
    """Wait until as many steps hold the warehouse's slot or stand in line for it."""
    with DagsterInstance.from_config(str(place.home / "dagster")) as instance:
        until = time.monotonic() + 300
        while len(instance.event_log_storage.get_concurrency_info(WAREHOUSE).pending_steps) < length:
            assert time.monotonic() < until, "they never got in line"
            threading.Event().wait(0.05)


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_third_writer_behind_two_that_are_killed(truth: Truth, github: Server, tmp_path: Path, engine: str) -> None:
    with ExitStack() as stack:
        extra = {}
        if engine == "postgres":
            url = stack.enter_context(fresh_database())
            extra["KUSHIM_WAREHOUSE_URL"] = url.replace("postgres@", f"postgres:{PASSWORD}@")
        place = Place(tmp_path, github, extra=extra)
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        first = place.start(Strike("land", 9, "tell", f"127.0.0.1:{door.getsockname()[1]}"))
        door.settimeout(300)
        line, _ = door.accept()
        # The first is in the middle of a landing now, and holds the slot and the engine's lock until it is killed.
        second, third = place.start(Strike("judge", 4)), place.start()
        wait_for_line(place, 3)
        first.kill()
        line.close()
        ended = [one.ends() for one in (second, third)]
        assert [one.code for one in ended] == [-9, 0], "\n".join(one.said for one in ended)
        truth.no_false_pass(place)
        before = len(github.ledger)
        last = place.run()
        assert last.code == 0, last.said
        truth.holds(place, [*ended, last], asked_since(github, before))
