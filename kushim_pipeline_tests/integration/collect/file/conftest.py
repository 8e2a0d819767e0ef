"""A fresh drop folder for each test."""

from pathlib import Path

import pytest

from kushim_pipeline_tests.integration.collect.file.drop import Drop


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "drop").mkdir()
    return Drop(tmp_path)
