"""One judged warehouse for all modules, each with a copy of its own."""

import pytest

from kushim_pipeline_tests.integration.warehouse.judged import Judged, make


@pytest.fixture(scope="session")
def judged_once(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return make(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def judged(judged_once: Judged, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judged_once.copied(tmp_path_factory.mktemp("judged") / "copy")
