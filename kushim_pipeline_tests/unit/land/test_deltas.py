"""What lands from deltas is what would have landed had everything been read each time."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kushim_pipeline.collect.before import heads, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.run import ledger_entry
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason, Receipt
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.land.ledger import land
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import Shelf

NAMES = "abcdefg"
World = dict[str, str]


@dataclass(frozen=True)
class Step:
    """One reading. `change`: what became of resources before it (None: gone). `unread`: what cannot be read.

    `broken`: the listing does not come to its end. `told`: the vendor tells what is gone, rather than list what there
    is. `twice`: the ledger has its entry two times. `lands`: what becomes of a landing after it.
    """

    change: dict[str, str | None] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    broken: bool = False
    told: bool = False
    twice: bool = False
    lands: str = "no"


STEPS = st.lists(
    st.builds(
        Step,
        change=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1", "2", None]), max_size=6),
        unread=st.frozensets(st.sampled_from(NAMES), max_size=2),
        broken=st.sampled_from([False, False, False, True]),
        told=st.booleans(),
        twice=st.sampled_from([False, False, True]),
        lands=st.sampled_from(["no", "yes", "killed"]),
    ),
    min_size=2,
    max_size=6,
)


class Killed(Exception):
    """The process is gone."""


class Dies:
    """A store that gives out so many objects and no more."""

    def __init__(self, shelf: Shelf, objects: int) -> None:
        self._shelf, self._left = shelf, objects
        self.put, self.holds = shelf.store.put, shelf.store.holds

    def get(self, tenant_id: str, digest: str) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise Killed
        return self._shelf.store.get(tenant_id, digest)


@dataclass(frozen=True)
class Place:
    shelf: Shelf
    warehouse: Warehouse
    tenants: Iterator[int] = field(default_factory=itertools.count)

    def read(self, unit: Unit, world: World, step: Step, *, deltas: bool) -> Receipt:
        """One reading of a unit, of all that is there or of what changed since the one before."""
        head = heads(self.shelf.ledger, unit.tenant_id).get((unit.connection_id, unit.stream, unit.scope))
        before = partial(load_before, self.shelf.store, unit.tenant_id, head) if head else lambda: None
        c = Collection(unit, self.shelf.store, code_version="test", mask=str, head=head, before=before)
        page = c.keep(f"{unit} {world}".encode(), operation="List", parameters={}, status=200)
        chosen = set(world)
        if deltas and c.before is not None:
            marks, unread = c.before.marks, c.before.unread
            c.build_on_before()
            chosen = {name for name in world if marks.get(name) != world[name] or name in unread}
            if step.told:
                for name in (marks.keys() | unread) - world.keys():
                    c.gone(name)
            else:
                c.only(world)
        for name in sorted(chosen):
            if name in step.unread:
                c.unreadable(name, Reason.DENIED, "Get", "the vendor said no")
            else:
                c.record(name, {"v": world[name]}, evidence=page, mark=world[name])
        if step.broken:
            c.problem(Reason.INCOMPLETE, "List", "the list was cut off")
        c.set_cursor({"page": page})
        c.empty_is_proven("the test says so")
        receipt = c.finish()
        entry = ledger_entry(receipt, write_receipt(self.shelf.store, receipt))
        for _ in range(1 + step.twice):
            self.shelf.ledger.append(unit.tenant_id, "receipt", entry)
        return receipt

    def land(self, dies_after: int | None = None) -> None:
        store = self.shelf.store if dies_after is None else Dies(self.shelf, dies_after)
        land(self.warehouse, store, self.shelf.ledger)

    def history(self, unit: Unit) -> list[dict[str, tuple[str, str]]]:
        """What the versions say as of each of the unit's readings, the oldest first."""
        rows = self.warehouse.query(
            "SELECT p.ledger_sequence, r.resource_id, r.body->>'v', r.content_hash "
            "FROM raw.receipt AS p LEFT JOIN raw.record AS r ON r.tenant_id = p.tenant_id AND r.stream = p.stream "
            "AND r.valid_from <= p.finished_at AND (r.valid_to IS NULL OR r.valid_to > p.finished_at) "
            "WHERE p.tenant_id = ? AND p.stream = ? ORDER BY 1, 2",
            (unit.tenant_id, unit.stream),
        ).rows
        found: dict[int, dict[str, tuple[str, str]]] = {}
        for sequence, name, value, digest in rows:
            states = found.setdefault(sequence, {})
            if name is not None:
                assert name not in states, "two versions at one time"
                states[name] = (value, digest)
        return list(found.values())

    def open_versions(self, unit: Unit) -> list[tuple[Any, ...]]:
        return self.warehouse.query(
            "SELECT resource_id, body->>'v', content_hash FROM raw.record "
            "WHERE tenant_id = ? AND stream = ? AND valid_to IS NULL ORDER BY 1",
            (unit.tenant_id, unit.stream),
        ).rows

    def versions(self, unit: Unit) -> list[tuple[Any, ...]]:
        return self.warehouse.query(
            "SELECT resource_id, body->>'v', valid_from, valid_to FROM raw.record "
            "WHERE tenant_id = ? AND stream = ? ORDER BY 1, 3",
            (unit.tenant_id, unit.stream),
        ).rows


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("deltas")
    with open_writer(f"duckdb:///{root / 'w.duckdb'}") as warehouse:
        yield Place(Shelf(root / "shelf"), warehouse)


def unit_of(tenant: str, stream: str) -> Unit:
    return Unit(tenant, "okta:acme.okta.com", "okta", "acme.okta.com", stream)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(steps=[Step({name: "1" for name in NAMES}), Step({name: None for name in "abcdef"}), Step(lands="killed")])
@example(steps=[Step({"a": "1", "b": "1"}), Step({"a": "2"}, unread=frozenset("a")), Step({"a": "1"}, told=True)])
@example(steps=[Step({"a": "1"}), Step({"a": "2"}, broken=True, lands="yes"), Step({"a": "1"}, twice=True)])
@given(steps=STEPS)
def test_deltas_tell_the_same_history_as_full_readings(place: Place, steps: list[Step]) -> None:
    tenant = f"t{next(place.tenants)}"
    deltas, whole, fresh = (unit_of(tenant, name) for name in ("okta.deltas", "okta.whole", "okta.fresh"))
    world: World = {}
    bases = 0
    # At last everything can be read, and twice, since a population that shrank has to be confirmed.
    for step in [*steps, Step(), Step()]:
        world = {name: value for name, value in {**world, **step.change}.items() if value is not None}
        read = place.read(deltas, world, step, deltas=True)
        assert read.lists_all == place.read(whole, world, step, deltas=False).lists_all
        bases += read.base is not None
        if step.lands == "killed":
            for objects in (0, 1, 3):
                try:
                    place.land(objects)
                except Killed:
                    continue
        if step.lands == "yes":
            place.land()
    place.read(fresh, world, Step(), deltas=False)
    place.land()
    assert bases >= 1
    told = place.history(deltas)
    assert told == place.history(whole)
    assert {name: value for name, (value, _) in told[-1].items()} == world
    assert place.open_versions(deltas) == place.open_versions(fresh) == place.open_versions(whole)
    before = [place.versions(unit) for unit in (deltas, whole, fresh)]
    place.land()
    assert [place.versions(unit) for unit in (deltas, whole, fresh)] == before


def test_a_receipt_that_lands_again_changes_no_version(place: Place) -> None:
    """A delta, too: what it says is gone is gone already, and what it has read stands."""
    unit = unit_of("again", "okta.again")
    place.read(unit, {"a": "1", "b": "1", "c": "1"}, Step(), deltas=True)
    delta = place.read(unit, {"a": "2", "b": "1", "d": "1"}, Step(), deltas=True)
    assert delta.base and delta.gone == ("c",)
    place.land()
    before = place.versions(unit)
    assert [row[:2] for row in before if row[3] is None] == [("a", "2"), ("b", "1"), ("d", "1")]
    for _ in range(2):
        place.shelf.ledger.append("again", "receipt", ledger_entry(delta, write_receipt(place.shelf.store, delta)))
        place.land()
        assert place.versions(unit) == before
    place.warehouse.query("DELETE FROM raw.ledger_position WHERE tenant_id = 'again'")
    place.land()
    assert [row[:2] for row in place.open_versions(unit)] == [("a", "2"), ("b", "1"), ("d", "1")], "all of it once more"
