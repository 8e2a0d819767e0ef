"""One moto process for the session, one built account for each module, one proxy for each test."""

from collections.abc import Iterator

import pytest
from botocore.retries.standard import ExponentialBackoff

from kushim_pipeline_tests.integration.collect.aws.builder import TINY, Place, build
from kushim_pipeline_tests.integration.collect.aws.moto_process import moto_server, reset
from kushim_pipeline_tests.integration.collect.aws.proxy import Proxy, serve


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of a moto server."""
    with moto_server() as url:
        yield url


@pytest.fixture(scope="module")
def account(moto: str) -> str:
    """The URL of a moto server that holds the tiny account and nothing else. Tests of a module only read it."""
    reset(moto)
    build(Place(moto), TINY)
    return moto


@pytest.fixture
def proxy(account: str) -> Iterator[Proxy]:
    """A proxy in front of the tiny account."""
    proxy, stop = serve(account)
    yield proxy
    stop()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries happen, their pauses do not."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0)
