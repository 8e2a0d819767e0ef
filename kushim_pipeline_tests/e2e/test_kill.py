"""kill -9 in the middle of a collection, of a landing and of the judging, then again: nothing lost, nothing twice."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.verify import Broken, verify
from kushim_pipeline.sandbox.gate_calls import Call
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.world import World, start
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline_tests.e2e.commands import kushim, rows, started, surroundings, wait_for

TENANT = "northwind"
_RECORDS = (
    "SELECT connection_id, stream, scope, resource_id, content_hash FROM raw.record WHERE valid_to IS NULL AND "
    "source <> 'kushim' ORDER BY 1, 2, 3, 4"
)
_VERSIONS = "SELECT count(*), count(DISTINCT (connection_id, stream, scope, resource_id)) FROM raw.record"
_VERDICTS = "SELECT check_id, connection_id, resource_id, status, reason FROM mart_v1.check_result ORDER BY 1, 2, 3"


@dataclass(frozen=True)
class Place:
    """A folder with Kushim's data, and the environment in which the commands find the sandbox's tenant."""

    folder: Path
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / ".kushim"

    def run(self) -> None:
        """`kushim run` to its end."""
        kushim(self.folder, "run", environment=self.environment)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the published warehouse answers."""
        return rows(self.folder, sql, self.environment)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A sandbox of one tenant that goes on while the commands against it are killed."""
    manifest = load()
    only = manifest.model_copy(update={"tenants": {TENANT: manifest.tenants[TENANT]}})
    with start({}, manifest=only) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where nothing was killed."""
    place = _place(world, tmp_path_factory.mktemp("undisturbed"))
    place.run()
    return place


def test_killed_while_collecting_and_again_while_judging(world: World, undisturbed: Place, tmp_path: Path) -> None:
    place = _place(world, tmp_path)
    reached, go_on = threading.Event(), threading.Event()
    calls = iter(range(1_000_000))

    def hold(_: Call) -> None:
        if next(calls) >= 150:
            reached.set()
            go_on.wait(60)

    world.gate.watch = hold
    process = started(place.folder, "run", environment=place.environment)
    try:
        assert reached.wait(120)
        process.kill()
        process.wait()
    finally:
        world.gate.watch = lambda call: None
        go_on.set()
        process.kill()
    ledger = Ledger(place.home / "evidence")
    kinds = [entry.kind for entry in ledger.entries(TENANT)]
    planned = sum(len(e.payload["units"]) for e in ledger.entries(TENANT) if e.kind == "plan")
    assert kinds.count("receipt") < planned
    assert not (place.home / "warehouse" / "kushim.published.duckdb").exists()

    again = started(place.folder, "run", environment=place.environment)
    wait_for(again, "landed")
    again.kill()
    again.wait()
    assert not (place.home / "warehouse" / "kushim.published.duckdb").exists(), "half-judged data is not for readers"

    place.run()

    assert place.rows(_RECORDS) == undisturbed.rows(_RECORDS)
    assert place.rows(_VERDICTS) == undisturbed.rows(_VERDICTS)
    ((versions, resources),) = place.rows(_VERSIONS)
    assert versions == resources, "a resource that did not change has one version"
    assert _broken(place) == []


@pytest.mark.parametrize("at", [1, 70, 131])
def test_killed_while_landing(undisturbed: Place, tmp_path: Path, at: int) -> None:
    home = tmp_path / ".kushim"
    shutil.copytree(undisturbed.home, home, ignore=shutil.ignore_patterns("dagster", "warehouse"))
    place = Place(tmp_path, undisturbed.environment)
    for where in (at, at + 1):
        process = _landing(home, str(where))
        wait_for(process, "waiting")
        process.kill()
        process.wait()

    done = _landing(home)
    said, _ = done.communicate(timeout=120)

    assert done.returncode == 0, said
    assert place.rows(_RECORDS) == undisturbed.rows(_RECORDS)
    sql = "SELECT connection_id, stream, scope, outcome, records FROM raw.receipt ORDER BY 1, 2, 3"
    assert place.rows(sql) == undisturbed.rows(sql)
    second, _ = _landing(home).communicate(timeout=120)
    assert "landed 0 receipts" in second


def _place(world: World, folder: Path) -> Place:
    world.write_tenants(folder / "tenants")
    return Place(folder, surroundings(**world.environment))


def _landing(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "kushim_pipeline_tests.e2e.landing", str(home), *arguments],
        env=surroundings(PYTHONPATH=os.pathsep.join(sys.path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _broken(place: Place) -> list[Broken]:
    stores = open_stores(Settings.read({"KUSHIM_HOME": str(place.home)}))
    found = verify(stores.evidence, stores.ledger, [TENANT])
    return [one for one in found if isinstance(one, Broken)]
