"""How many calls a reading costs, counted at the wire."""

from pathlib import Path

from kushim_pipeline_tests.integration.collect.aws.builder import SMALL, Place, build
from kushim_pipeline_tests.integration.collect.aws.moto_process import reset
from kushim_pipeline_tests.integration.collect.aws.proxy import serve
from kushim_pipeline_tests.integration.collect.aws.reading import read

CALLS = 320


def test_about_250_resources_cost_at_most_320_calls(moto: str, tmp_path: Path) -> None:
    assert 240 <= SMALL.total <= 260
    reset(moto)
    build(Place(moto), SMALL)
    proxy, stop = serve(moto)
    try:
        outcome = read(proxy.url, tmp_path)
    finally:
        stop()
    assert outcome.not_complete() == {}
    assert len(proxy.calls) <= CALLS
