from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Description
from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline_tests.integration.collect.github.company import COMPANY, Found, collect

Start = Callable[..., Server]
NO_GRAPHQL = Fault("/graphql*", "status", status=404, message="Not Found")


@pytest.fixture(autouse=True, scope="session")
def _loopback() -> Iterator[None]:
    """The stand-in is on loopback, which base URLs may not be unless the operator says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        yield


@pytest.fixture
def vendor() -> Iterator[Start]:
    """Starts stand-ins with faults; stops them at the end. Without `graphql` everything is asked by REST."""
    running: list[Server] = []

    def begin(*faults: Fault, description: Description = COMPANY, base_path: str = "", graphql: bool = False) -> Server:
        faults = faults if graphql else (*faults, NO_GRAPHQL)
        running.append(start(description, faults=faults, base_path=base_path))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What an owner's token reads by REST when nothing goes wrong."""
    server = start(COMPANY, faults=[NO_GRAPHQL])
    try:
        return collect(server.url, tmp_path_factory.mktemp("healthy"))
    finally:
        server.stop()


def others_unaffected(found: Found, healthy: Found, affected: Sequence[str]) -> None:
    """Every stream but these came to the same as without the fault."""
    for stream, contents in healthy.contents().items():
        if stream not in affected:
            assert found.contents()[stream] == contents, stream


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "evidence"
