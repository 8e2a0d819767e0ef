"""kill -9 at one moment after another, each run going on where the last one was killed; then a run that ends."""

from pathlib import Path

import pytest

from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.e2e.faults.moments import Strike
from kushim_pipeline_tests.e2e.faults.places import Place, Truth, asked_since

# Each row is one life: the moments at which its runs are killed, one after the other.
LIVES = [
    [("evidence", 7), ("receipt", 3), ("land", 9), ("facts", 5), ("judge", 12), ("marts", 4), ("copy", 1)],
    [("receipt", 1), ("land", 11), ("land", 11), ("facts", 20), ("judge", 30), ("dagster", 300)],
    [("dagster", 40), ("dagster", 45), ("evidence", 30), ("dagster", 700), ("copy", 1)],
]


@pytest.mark.parametrize("life", LIVES, ids=["in every step", "twice in a row", "between Dagster's own writes"])
def test_killed_again_and_again(truth: Truth, github: Server, tmp_path: Path, life: list[tuple[str, int]]) -> None:
    place = Place(tmp_path, github)
    said = []
    for moment, nth in life:
        ended = place.run(Strike(moment, nth))
        assert ended.code == -9, f"it was not killed at the {nth}. {moment}:\n{ended.said}"
        truth.no_false_pass(place)
        said.append(ended)
    before = len(github.ledger)
    last = place.run()
    assert last.code == 0, last.said
    truth.holds(place, [*said, last], asked_since(github, before))


def test_bytes_without_a_receipt_give_no_verdict(truth: Truth, github: Server, tmp_path: Path) -> None:
    place = Place(tmp_path, github)
    assert place.run(Strike("receipt", 1)).code == -9
    assert list((place.home / "evidence" / "objects").rglob("*.gz*")), "the bytes are there"
    assert place.acknowledged() == {}
    assert place.verdicts() == set()
    before = len(github.ledger)
    last = place.run()
    truth.holds(place, [last], asked_since(github, before))
