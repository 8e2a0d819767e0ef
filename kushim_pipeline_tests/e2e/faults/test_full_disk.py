"""A disk that fills up: while evidence, the ledger, the warehouse and the published copy are written."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.e2e.faults.moments import Strike
from kushim_pipeline_tests.e2e.faults.places import Place, Truth, asked_since


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "kushim-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_no_room_left(truth: Truth, github: Server, tmp_path: Path, disk: Path) -> None:
    place = Place(tmp_path / "place", github, home=disk / "home")
    said = []

    def full_at(moment: str, nth: int) -> None:
        ended = place.run(Strike(moment, nth, "fill", str(disk)))
        (disk / "ballast").unlink()
        assert ended.code > 0, f"at the {nth}. {moment}:\n{ended.said}"
        assert "the disk is full" in ended.said
        assert "make room where KUSHIM_HOME" in ended.said
        assert "INSERT INTO" not in ended.said, "a sentence, not a statement"
        said.append(ended)

    for moment, nth in (("evidence", 9), ("receipt", 4), ("land", 9), ("copy", 1)):
        full_at(moment, nth)
        truth.no_false_pass(place)
    before = len(github.ledger)
    said.append(place.run())
    assert said[-1].code == 0, said[-1].said
    truth.holds(place, said, asked_since(github, before))
    full_at("judge", 8)
    assert place.verdicts() == truth.verdicts, "what was published before stays"
