"""`make dev`: the UI answers, and everything ends with it."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from kushim_pipeline_tests.e2e.commands import descendants, ends, surroundings, wait_for


def test_the_ui_answers_and_ends_with_all_that_was_started(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kushim_pipeline.sandbox.dev"],
        cwd=tmp_path,
        env=surroundings(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", wait_for(process, "The Dagster UI is at"))
        assert found
        with urllib.request.urlopen(f"{found[0]}/server_info", timeout=30) as answer:  # noqa: S310 # loopback
            assert "dagster_version" in json.load(answer)
        started = descendants(process.pid)
        assert len(started) > 2, "moto, Dagster and what it starts"
        process.terminate()
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    for pid in started:
        assert ends(pid)
