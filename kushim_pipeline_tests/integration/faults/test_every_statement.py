"""kill -9 at one statement after another until none is left: slots and Dagster's databases come right again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("what", "step", "at_least"), [("reaping", 5, 10), ("freeing", 1, 6), ("first", 20, 8)])
def test_killed_at_every_statement(tmp_path: Path, what: str, step: int, at_least: int) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "kushim_pipeline_tests.integration.faults.struck",
            what,
            tmp_path,
            str(step),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["kills"] >= at_least
