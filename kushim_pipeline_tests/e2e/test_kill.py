"""kill -9 in the middle of a collection, of a landing and of the judging, then again: nothing lost, nothing twice."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.verify import Broken, verify
from kushim_pipeline.sandbox.gate_calls import Call
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.world import World, start
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline_tests.e2e import landing
from kushim_pipeline_tests.e2e.commands import surroundings
from kushim_pipeline_tests.e2e.forked import Running, judging, rows
from kushim_pipeline_tests.e2e.forked import start as started

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

    def start(self) -> Running:
        """`kushim run`, begun. It judges AWS, which is what there is."""
        return started(self.folder, self.environment, ["run"], judging("aws"))

    def run(self) -> None:
        """`kushim run` to its end."""
        ended = self.start().ends()
        assert ended.code == 0, ended.said

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the published warehouse answers."""
        return rows(self.folder, self.environment, sql)


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
        if next(calls) >= 60:
            reached.set()
            go_on.wait(60)

    world.gate.watch = hold
    process = place.start()
    try:
        assert reached.wait(120)
    finally:
        process.kill()
        world.gate.watch = lambda call: None
        go_on.set()
    ledger = Ledger(place.home / "evidence")
    kinds = [entry.kind for entry in ledger.entries(TENANT)]
    planned = sum(len(e.payload["units"]) for e in ledger.entries(TENANT) if e.kind == "plan")
    assert kinds.count("receipt") < planned
    assert not (place.home / "warehouse" / "kushim.published.duckdb").exists()

    again = place.start()
    again.says("landed")
    again.kill()
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
        process = _landing(place, str(where))
        process.says("waiting")
        process.kill()

    done = _landing(place).ends()

    assert done.code == 0, done.said
    assert place.rows(_RECORDS) == undisturbed.rows(_RECORDS)
    sql = "SELECT connection_id, stream, scope, outcome, records FROM raw.receipt ORDER BY 1, 2, 3"
    assert place.rows(sql) == undisturbed.rows(sql)
    assert "landed 0 receipts" in _landing(place).ends().said


def _place(world: World, folder: Path) -> Place:
    """The tenant with one region of one AWS account: enough to be in the middle of."""
    world.write_tenants(folder / "tenants")
    file = folder / "tenants" / f"{TENANT}.yaml"
    tenant = yaml.safe_load(file.read_text())
    account = next(one for one in tenant["connections"] if one["source"] == "aws")
    file.write_text(yaml.safe_dump({**tenant, "connections": [{**account, "regions": account["regions"][:1]}]}))
    return Place(folder, surroundings(**world.environment))


def _landing(place: Place, *arguments: str) -> Running:
    return started(place.folder, place.environment, [str(place.home), *arguments], main=landing.main)


def _broken(place: Place) -> list[Broken]:
    stores = open_stores(Settings.read({"KUSHIM_HOME": str(place.home)}))
    found = verify(stores.evidence, stores.ledger, [TENANT])
    return [one for one in found if isinstance(one, Broken)]
