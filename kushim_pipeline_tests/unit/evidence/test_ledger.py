import json
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kushim_pipeline.evidence.ledger import GENESIS, Ledger, LedgerBroken, LedgerMoved, entry_hash


def append_many(root: Path, name: str, count: int) -> None:
    ledger = Ledger(root)
    for number in range(count):
        ledger.append("acme", "receipt", {"by": name, "number": number})


def test_each_entry_holds_its_predecessors_hash(tmp_path: Path) -> None:
    append_many(tmp_path, "one", 5)
    entries = list(Ledger(tmp_path).entries("acme"))
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]
    assert all(entry_hash(entry) == entry.hash for entry in entries)


def test_an_entry_that_must_follow_another_is_refused_once_something_came_between(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.append("acme", "receipt", {}, after=0).sequence == 1
    with pytest.raises(LedgerMoved, match="moved on from entry 0"):
        ledger.append("acme", "receipt", {}, after=0)
    assert ledger.append("acme", "receipt", {}, after=1).sequence == 2
    assert len(list(ledger.entries("acme"))) == 2


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(tmp_path, name, 25)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    entries = list(Ledger(tmp_path).entries("acme"))
    assert [entry.sequence for entry in entries] == list(range(1, 76))
    assert {(e.payload["by"], e.payload["number"]) for e in entries} == {(n, i) for n in "abc" for i in range(25)}
    assert all(later.previous == earlier.hash for earlier, later in zip(entries, entries[1:], strict=False))


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(min_value=1))
def test_a_torn_tail_was_never_acknowledged(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("ledger")
    append_many(root, "one", 3)
    path = root / "ledger" / "acme.jsonl"
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    path.write_bytes(whole[: len(whole) - 1 - (cut % (len(last) - 1))])
    assert [entry.sequence for entry in Ledger(root).entries("acme")] == [1, 2]
    Ledger(root).append("acme", "receipt", {"by": "later"})
    entries = list(Ledger(root).entries("acme"))
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert entries[2].previous == entries[1].hash


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    append_many(tmp_path, "one", 3)
    ledger = Ledger(tmp_path)
    second = list(ledger.entries("acme"))[1]
    append_many(tmp_path, "two", 1)
    assert [entry.sequence for entry in ledger.entries("acme", after=second.end)] == [3, 4]


def test_tenants_have_ledgers_of_their_own(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("acme", "plan", {})
    assert ledger.append("other", "plan", {}).sequence == 1
    assert ledger.tenants() == ["acme", "other"]
    assert list(ledger.entries("nobody")) == []


def test_nothing_follows_an_unreadable_entry(tmp_path: Path) -> None:
    append_many(tmp_path, "one", 2)
    path = tmp_path / "ledger" / "acme.jsonl"
    path.write_bytes(path.read_bytes()[:-20] + b"\n")
    with pytest.raises(LedgerBroken, match="acme"):
        Ledger(tmp_path).append("acme", "plan", {})


def test_long_entries_are_found_from_the_end(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append("acme", "plan", {"units": [["aws.stream", str(number)] for _ in range(2_000)]})
    assert ledger.append("acme", "plan", {}).sequence == 4
    line = (tmp_path / "ledger" / "acme.jsonl").read_bytes().splitlines()[1]
    assert len(line) > 20_000
    assert json.loads(line)["sequence"] == 2
