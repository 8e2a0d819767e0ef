import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kushim_pipeline.sandbox.okta.model import Description
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Standin, start
from kushim_pipeline_tests.integration.collect.okta.org import COMPANY, Found, collect

Start = Callable[..., Standin]


@pytest.fixture(autouse=True, scope="session")
def _loopback() -> Iterator[None]:
    """The stand-in is on loopback, which an org_url may not be unless the operator says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        yield


@pytest.fixture
def vendor() -> Iterator[Start]:
    """Starts stand-ins with faults; stops them at the end."""
    running: list[Standin] = []

    def begin(
        *faults: Fault,
        description: Description = COMPANY,
        okta: Okta | None = None,
        now: Callable[[], float] = time.time,
    ) -> Standin:
        running.append(start(okta or Okta(description), faults=faults, now=now))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a token that may see everything reads when nothing goes wrong."""
    server = start(Okta(COMPANY))
    try:
        return collect(server.url, tmp_path_factory.mktemp("healthy"))
    finally:
        server.stop()


def others_unaffected(found: Found, healthy: Found, affected: Sequence[str]) -> None:
    """Every stream but these came to the same as without the fault."""
    for stream, contents in healthy.contents().items():
        if stream not in affected:
            assert found.contents()[stream] == contents, (stream, found.error(stream))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "evidence"
