"""One stand-in and one undisturbed run for all the fault tests of a process."""

from collections.abc import Iterator

import pytest

from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline_tests.e2e.faults.places import Place, Truth, asked_since, description


@pytest.fixture(scope="session")
def github() -> Iterator[Server]:
    """GitHub with two organisations."""
    server = start(description())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def truth(github: Server, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """What comes of it when nothing happens."""
    place = Place(tmp_path_factory.mktemp("undisturbed"), github)
    before = len(github.ledger)
    ended = place.run()
    assert ended.code == 0, ended.said
    truth = Truth(place, asked_since(github, before))
    assert truth.passes
    assert any(verdict[4] == "FAIL" for verdict in truth.verdicts)
    return truth
