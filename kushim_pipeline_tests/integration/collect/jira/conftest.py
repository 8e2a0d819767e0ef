from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kushim_pipeline.sandbox.jira.model import Site
from kushim_pipeline.sandbox.jira.routes import Jira
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Standin, start
from kushim_pipeline_tests.integration.collect.jira.acme import ACME, NOW, Found, collect

Start = Callable[..., Standin]


@pytest.fixture(autouse=True, scope="session")
def _loopback() -> Iterator[None]:
    """The stand-in is on loopback, which base URLs may not be unless the operator says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        yield


@pytest.fixture
def vendor() -> Iterator[Start]:
    """Starts stand-ins with faults; stops them at the end."""
    running: list[Standin] = []

    def begin(*faults: Fault, site: Site = ACME) -> Standin:
        running.append(start(Jira(site, NOW.timestamp), faults=faults))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What an administrator's token reads when nothing goes wrong."""
    server = start(Jira(ACME, NOW.timestamp))
    try:
        return collect(server.url, tmp_path_factory.mktemp("healthy"))
    finally:
        server.stop()


def others_unaffected(found: Found, healthy: Found, affected: Sequence[str]) -> None:
    """Every stream but these came to the same as without the fault."""
    for stream, contents in healthy.contents().items():
        if stream not in affected:
            assert found.contents()[stream] == contents, (stream, found.said(stream))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "evidence"
