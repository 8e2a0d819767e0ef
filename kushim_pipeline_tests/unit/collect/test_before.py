"""What one collection leaves for the next: heads in the ledger, deltas, the drop guard, records that spill."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from kushim_pipeline.collect import records as records_module
from kushim_pipeline.collect.before import Head, heads, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import decode
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.life import LIFE, SHREDDED
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt

UNIT = Unit("acme", "okta:acme.okta.com", "okta", "acme.okta.com", "okta.user")
KEY = (UNIT.connection_id, UNIT.stream, UNIT.scope)
Read = Callable[[Collection], object]


class Company:
    """Collections of one unit, one after another, as `collect_source` makes them."""

    def __init__(self, root: Path) -> None:
        self.store, self.ledger = FileStore(root), Ledger(root)

    @property
    def head(self) -> Head:
        return heads(self.ledger, UNIT.tenant_id).get(KEY, Head())

    def collect(self, *read: Read) -> Receipt:
        head = self.head
        before = partial(load_before, self.store, UNIT.tenant_id, head)
        collection = Collection(UNIT, self.store, code_version="1", mask=str, head=head, before=before)
        for step in read:
            step(collection)
        receipt = collection.finish()
        payload = {"connection_id": UNIT.connection_id, "stream": UNIT.stream, "scope": UNIT.scope}
        counts = {"whole": receipt.lists_all, "population": receipt.population, "shrunk_to": receipt.shrunk_to}
        digest = write_receipt(self.store, receipt)
        self.ledger.append(UNIT.tenant_id, "receipt", {"receipt": digest, **payload, **counts})
        return receipt

    @property
    def remembered(self) -> Path:
        return self.ledger.root / f"{UNIT.tenant_id}.heads.json"


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def having(names: Iterable[str], mark: str = "1") -> Read:
    def read(c: Collection) -> None:
        for name in names:
            c.record(name, {"v": mark}, evidence="0" * 64, mark=mark)

    return read


def cursor(c: Collection) -> None:
    c.set_cursor({"at": "now"})


def delta(c: Collection) -> None:
    c.build_on_before()


def broken(c: Collection) -> None:
    c.problem(Reason.NOT_COLLECTED, "GET /users", "the vendor answered 500")


def people(count: int) -> list[str]:
    return [f"u{number:03}" for number in range(count)]


@pytest.mark.parametrize("damage", ["lost", "empty", "not json", "ahead", "behind"])
def test_the_heads_are_made_anew_from_the_ledger(company: Company, damage: str) -> None:
    company.collect(having("ab"))
    known = company.head
    old = company.remembered.read_bytes()
    company.collect(having("abc"))
    newest = company.head
    assert known != newest
    if damage == "lost":
        company.remembered.unlink()
    else:
        said = {"empty": b"", "not json": b"{[", "ahead": b'{"end": 99999999, "units": []}', "behind": old}
        company.remembered.write_bytes(said[damage])
    assert company.head == newest
    assert company.head == newest, "and are remembered again"


def test_nothing_is_built_on_what_was_shredded(company: Company) -> None:
    company.collect(having("ab"))
    company.ledger.append(UNIT.tenant_id, LIFE, {"state": SHREDDED})
    assert company.head == Head()


def test_nothing_is_built_on_evidence_that_cannot_be_read(company: Company) -> None:
    company.collect(having("ab"), cursor)
    head = company.head
    for path in company.store.root.rglob("*.gz"):
        path.write_bytes(b"damaged")
    assert load_before(FileStore(company.store.root.parent), UNIT.tenant_id, head) is None


def test_the_cursor_moves_only_with_a_whole_reading(company: Company) -> None:
    company.collect(having("ab"), lambda c: c.set_cursor({"at": 1}))
    company.collect(having("abc"), lambda c: c.set_cursor({"at": 2}), broken)
    seen: list[object] = []
    company.collect(lambda c: seen.append(c.before and (c.before.cursor, dict(c.before.marks))), having("ab"))
    assert seen == [({"at": 1}, {"a": "1", "b": "1"})]


def test_a_delta_stands_on_the_last_whole_reading(company: Company) -> None:
    company.collect(having("abc"), cursor)
    found = company.collect(delta, having("bd", "2"), lambda c: c.gone("c"), cursor)
    assert (found.outcome, found.population, found.gone, found.records) == (Outcome.COMPLETE, 3, ("c",), 2)
    before = load_before(company.store, UNIT.tenant_id, company.head)
    assert before is not None
    assert before.marks == {"a": "1", "b": "2", "d": "2"}


def test_a_delta_on_top_of_a_partial_one_is_built_on_the_whole_one(company: Company) -> None:
    company.collect(having("abc"), cursor)
    whole = company.head.whole
    company.collect(delta, having("d"), broken, cursor)
    assert company.head.whole == whole
    assert company.collect(delta, cursor).base == whole


def test_without_a_whole_reading_there_is_nothing_to_build_on(company: Company) -> None:
    company.collect(having("abc"), broken)
    with pytest.raises(ValueError, match="no whole collection"):
        company.collect(delta)


def test_only_is_the_whole_population(company: Company) -> None:
    company.collect(having("abc"), lambda c: c.unreadable("x", Reason.DENIED, "GET", "no"), cursor)
    found = company.collect(delta, lambda c: c.only(["a", "d"]), having("d"), cursor)
    assert (found.gone, found.population, found.outcome) == (("b", "c", "x"), 2, Outcome.COMPLETE)


def test_what_could_not_be_read_stays_unread_until_it_is_read(company: Company) -> None:
    company.collect(having("ab"), lambda c: c.unreadable("x", Reason.DENIED, "GET", "no"), cursor)
    carried = company.collect(delta, cursor)
    assert [(error.resource_id, error.reason) for error in carried.errors] == [("x", Reason.INCOMPLETE)]
    assert carried.population == 3
    read = company.collect(delta, having("x"), cursor)
    assert (read.errors, read.population) == ((), 3)


def test_a_delta_without_change_has_the_contents_of_before(company: Company) -> None:
    first = company.collect(having("ab"), cursor)
    same = company.collect(delta, cursor)
    other = company.collect(delta, having("a", "2"), cursor)
    assert first.contents_sha256 == same.contents_sha256 != other.contents_sha256


def test_as_of_when_a_delta_is_proven(company: Company) -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    company.collect(having("ab"), cursor)
    company.collect(delta, cursor, lambda c: c.proven(moment))
    before = load_before(company.store, UNIT.tenant_id, company.head)
    assert before is not None and before.proven_at == moment


@pytest.mark.parametrize(
    ("was", "now", "held"), [(25, 20, True), (25, 21, False), (6, 2, False), (100, 81, False), (10, 0, True)]
)
def test_a_population_that_shrinks_much_is_held_back(company: Company, was: int, now: int, held: bool) -> None:
    company.collect(having(people(was)))
    found = company.collect(having(people(now)), lambda c: c.empty_is_proven("all"))
    assert (found.shrunk_to == now) is held
    assert (found.outcome is Outcome.PARTIAL) is held
    assert found.lists_all is not held


def test_the_next_reading_confirms_it(company: Company) -> None:
    company.collect(having(people(50)))
    assert not company.collect(having(people(20))).lists_all
    assert company.head.population == 50
    assert company.collect(having(people(21))).lists_all
    assert company.head == replace(company.head, population=21, shrunk_to=None)


def test_or_finds_them_again(company: Company) -> None:
    company.collect(having(people(50)))
    company.collect(having(people(20)))
    assert company.collect(having(people(50))).lists_all
    assert not company.collect(having(people(20))).lists_all, "what was seen before they were back confirms nothing"


def test_a_reading_that_failed_neither_confirms_nor_is_confirmed(company: Company) -> None:
    company.collect(having(people(50)))
    assert company.collect(having(people(20)), broken).shrunk_to is None
    assert company.collect(having(people(20))).shrunk_to == 20


def test_a_log_may_shrink_and_a_delta_is_guarded_too(company: Company) -> None:
    company.collect(having(people(50)), cursor)
    assert company.collect(delta, lambda c: c.only(people(20)), cursor).shrunk_to == 20
    assert company.collect(having(people(5)), lambda c: c.may_shrink()).lists_all


def test_records_in_parts_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number * 7919 % 1009:04}" for number in range(1009)]
    short = Company(tmp_path / "a")
    one = short.collect(having(names))
    monkeypatch.setattr(records_module, "PART", 5_000)
    many = Company(tmp_path / "b")
    parts = many.collect(having(names))
    assert (parts.contents_sha256, parts.records) == (one.contents_sha256, 1009)
    texts = [many.store.get("acme", digest) for digest in (parts.records_sha256, *parts.records_more) if digest]
    assert {5_000 <= len(text) + text.count(b"\n") < 6_000 for text in texts[:-1]} == {True}
    lines = [text.split(b"\n") for text in texts]
    assert all(part == sorted(part) for part in lines)
    assert sorted(line for part in lines for line in part) == short.store.get("acme", str(one.records_sha256)).split(
        b"\n"
    )


def test_of_a_resource_that_is_listed_twice_the_first_record_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "PART", 1)
    company = Company(tmp_path)
    found = company.collect(having("abc"), having("b", "2"))
    assert (found.records, found.population, found.lists_all) == (3, 3, False)
    assert found.contents_sha256 == Company(tmp_path / "other").collect(having("abc")).contents_sha256
    texts = [company.store.get("acme", digest) for digest in (found.records_sha256, *found.records_more) if digest]
    assert [decode(text)["body"] for text in texts] == [{"v": "1"}] * 3
