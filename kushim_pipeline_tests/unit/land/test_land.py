from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kushim_pipeline.catalogue.load import SQL_ROOT, load_facts
from kushim_pipeline.collect.run import ledger_entry
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.evidence.store import EvidenceCorrupt
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.land.ledger import Landed, land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import set_clock
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf, new_warehouse

BUCKETS = Unit("acme", "aws:111122223333", "aws", "111122223333", "aws.s3_bucket")
USERS = Unit("acme", "aws:111122223333", "aws", "111122223333", "aws.iam_user")
OTHERS = Unit("other", "aws:444455556666", "aws", "444455556666", "aws.s3_bucket")


def day(number: float) -> datetime:
    return AS_OF + timedelta(days=number)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_writer(new_warehouse(tmp_path / "w.duckdb")) as warehouse:
        yield warehouse


def landed(warehouse: Warehouse, shelf: Shelf) -> Landed:
    return land(warehouse, shelf.store, shelf.ledger)


def versions(warehouse: Warehouse, unit: Unit = BUCKETS) -> list[tuple[Any, ...]]:
    return warehouse.query(
        "SELECT resource_id, body->>'v', valid_from, valid_to FROM raw.record WHERE tenant_id = ? AND stream = ? "
        "ORDER BY resource_id, valid_from",
        (unit.tenant_id, unit.stream),
    ).rows


def test_records_become_versions(warehouse: Warehouse, shelf: Shelf) -> None:
    shelf.collect(BUCKETS, {"a": {"v": "1"}, "b": {"v": "1"}}, at=day(0))
    landed(warehouse, shelf)
    shelf.collect(BUCKETS, {"a": {"v": "2"}, "c": {"v": "1"}}, at=day(1))
    landed(warehouse, shelf)
    assert versions(warehouse) == [
        ("a", "1", day(0), day(1)),
        ("a", "2", day(1), None),
        ("b", "1", day(0), day(1)),
        ("c", "1", day(1), None),
    ]


def test_a_day_without_change_adds_no_record(warehouse: Warehouse, shelf: Shelf) -> None:
    for number in range(3):
        shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(number))
        result = landed(warehouse, shelf)
    assert (result.receipts, result.unchanged, result.records) == (1, 1, 0)
    assert versions(warehouse) == [("a", "1", day(0), None)]
    assert warehouse.query("SELECT count(*), count(superseded_at) FROM raw.receipt").rows == [(3, 2)]


def test_landing_twice_adds_nothing(warehouse: Warehouse, shelf: Shelf) -> None:
    shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(0))
    landed(warehouse, shelf)
    before = versions(warehouse)
    assert landed(warehouse, shelf).receipts == 0
    assert versions(warehouse) == before


def test_several_collections_since_the_last_landing_count_in_their_order(warehouse: Warehouse, shelf: Shelf) -> None:
    for number, value in enumerate(["1", "2", "1"]):
        shelf.collect(BUCKETS, {"a": {"v": value}}, at=day(number))
    assert landed(warehouse, shelf).receipts == 3
    assert versions(warehouse) == [
        ("a", "1", day(0), day(1)),
        ("a", "2", day(1), day(2)),
        ("a", "1", day(2), None),
    ]


@pytest.mark.parametrize("reason", [Reason.DENIED, Reason.NOT_COLLECTED, Reason.INCOMPLETE])
def test_an_unread_listing_closes_nothing(warehouse: Warehouse, shelf: Shelf, reason: Reason) -> None:
    shelf.collect(BUCKETS, {"a": {"v": "1"}, "b": {"v": "1"}}, at=day(0))
    shelf.collect(BUCKETS, {"a": {"v": "2"}} if reason is Reason.INCOMPLETE else {}, at=day(1), problem=reason)
    landed(warehouse, shelf)
    assert versions(warehouse) == [("a", "1", day(0), None), ("b", "1", day(0), None)]
    assert warehouse.query("SELECT reason FROM raw.receipt_error").rows == [(reason.value,)]


def test_an_unread_resource_keeps_its_version_until_it_is_gone(warehouse: Warehouse, shelf: Shelf) -> None:
    shelf.collect(BUCKETS, {"a": {"v": "1"}, "b": {"v": "1"}}, at=day(0))
    shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(1), unreadable={"b": Reason.DENIED})
    landed(warehouse, shelf)
    assert versions(warehouse)[1] == ("b", "1", day(0), None)
    # The same records as the day before, but now without the unread one: it is gone.
    shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(2))
    landed(warehouse, shelf)
    assert versions(warehouse)[1] == ("b", "1", day(0), day(2))


def test_a_clock_set_back_does_not_fold_time(warehouse: Warehouse, shelf: Shelf) -> None:
    shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(1))
    landed(warehouse, shelf)
    shelf.collect(BUCKETS, {"a": {"v": "2"}}, at=day(0))
    landed(warehouse, shelf)
    first, second = versions(warehouse)
    assert first[2] < first[3] == second[2]


def test_units_do_not_touch_each_other(warehouse: Warehouse, shelf: Shelf) -> None:
    for unit in (BUCKETS, USERS, OTHERS):
        shelf.collect(unit, {"a": {"v": unit.tenant_id}}, at=day(0))
    shelf.collect(USERS, {"z": {"v": "new"}}, at=day(1))
    landed(warehouse, shelf)
    assert versions(warehouse, BUCKETS) == [("a", "acme", day(0), None)]
    assert versions(warehouse, OTHERS) == [("a", "other", day(0), None)]


def test_damaged_evidence_lands_nothing_of_its_batch(warehouse: Warehouse, shelf: Shelf) -> None:
    shelf.collect(USERS, {"a": {"v": "1"}}, at=day(0))
    receipt = shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(0))
    assert receipt.records_sha256
    path = shelf.root / "objects" / BUCKETS.tenant_id / receipt.records_sha256[:2] / f"{receipt.records_sha256[2:]}.gz"
    path.write_bytes(b"damaged")
    with pytest.raises(EvidenceCorrupt):
        landed(warehouse, shelf)
    assert warehouse.query("SELECT count(*) FROM raw.receipt").rows == [(0,)]
    assert warehouse.query("SELECT count(*) FROM raw.ledger_position").rows == [(0,)]


def test_a_collection_that_was_cut_off_is_seen(warehouse: Warehouse, shelf: Shelf) -> None:
    tenant = TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "frameworks": [], "connections": []})
    register(warehouse, [tenant], [BUCKETS, USERS], dict, at=day(0))
    shelf.plan([BUCKETS, USERS], day(1))
    shelf.collect(BUCKETS, {"a": {}}, at=day(1.1))
    landed(warehouse, shelf)
    shelf.plan([BUCKETS, USERS], day(3))
    landed(warehouse, shelf)
    for as_of, planned in ((day(0.5), None), (day(2), day(1)), (day(3), day(3))):
        set_clock(warehouse, as_of)
        rows = warehouse.query("SELECT stream, planned_at, finished_at FROM raw.last_receipt_asof ORDER BY stream").rows
        assert [row for row in rows if row[0].startswith("aws.")] == [
            ("aws.iam_user", planned, None),
            ("aws.s3_bucket", planned, day(1.1) if planned else None),
        ]


def test_a_replay_mends_from_its_own_time_on_and_makes_nothing_fresher(warehouse: Warehouse, shelf: Shelf) -> None:
    tenant = TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "frameworks": [], "connections": []})
    register(warehouse, [tenant], [BUCKETS], dict, at=day(0))
    first = shelf.collect(BUCKETS, {"a": {"v": "1"}}, at=day(1), unreadable={"b": Reason.QUARANTINED})
    landed(warehouse, shelf)
    aside = Shelf(shelf.root)
    aside.ledger = Ledger(shelf.root / "aside")
    mended = aside.collect(BUCKETS, {"a": {"v": "1"}, "b": {"v": "1"}}, at=day(3))
    told = {"collection_id": "replay", "proven_at": first.finished_at, "replay_of": "d" * 64}
    replay = mended.model_copy(update=told)
    shelf.ledger.append("acme", "receipt", ledger_entry(replay, write_receipt(shelf.store, replay)))
    landed(warehouse, shelf)
    fact = load_facts(SQL_ROOT / "facts")["kushim_unit"].sql
    seen = []
    for as_of in (day(2), day(4)):
        set_clock(warehouse, as_of)
        ((outcome, known_at, error),) = warehouse.query(
            "SELECT outcome, coalesce(proven_at, finished_at), error FROM raw.last_receipt_asof "
            "WHERE stream = 'aws.s3_bucket'"
        ).rows
        ((evidence_at,),) = warehouse.query(f"SELECT f.evidence_at FROM ({fact}) AS f").rows
        seen.append((outcome, known_at, error is None, evidence_at))
    assert seen == [("partial", day(1), False, day(1)), ("complete", day(1), True, day(1))]
    assert [row[0] for row in versions(warehouse) if row[2] <= day(2)] == ["a"]


def tenant_file(policy: int, **more: Any) -> TenantConfig:
    base = {"tenant": "acme", "name": "Acme", "frameworks": ["soc2"], "policy": {"days": policy}, "connections": []}
    return TenantConfig.model_validate({**base, **more})


def test_policies_are_versions_too(warehouse: Warehouse) -> None:
    for number, policy in enumerate([90, 90, 30]):
        register(warehouse, [tenant_file(policy)], [], lambda given: {"days": 1, **given}, at=day(number))
    rows = warehouse.query(
        "SELECT body->>'days', valid_from, valid_to FROM raw.record WHERE stream = 'kushim.policy' ORDER BY valid_from"
    ).rows
    assert rows == [("90", day(0), day(2)), ("30", day(2), None)]


def test_units_follow_the_tenant_files(warehouse: Warehouse) -> None:
    def open_units() -> set[str]:
        rows = warehouse.query("SELECT stream FROM raw.unit WHERE valid_to IS NULL AND source = 'aws'").rows
        return {row[0] for row in rows}

    register(warehouse, [tenant_file(1)], [BUCKETS, USERS], dict, at=day(0))
    register(warehouse, [tenant_file(1)], [BUCKETS], dict, at=day(1))
    assert open_units() == {"aws.s3_bucket"}
    # A file with a mistake is neither there nor gone: what was expected stays expected.
    register(warehouse, [], [], dict, at=day(2))
    assert open_units() == {"aws.s3_bucket"}
    register(warehouse, [], [], dict, gone=["acme"], at=day(3))
    assert open_units() == set()
    history = warehouse.query("SELECT stream, valid_from, valid_to FROM raw.unit WHERE source = 'aws' ORDER BY 1").rows
    assert history == [("aws.iam_user", day(0), day(1)), ("aws.s3_bucket", day(0), day(3))]


READINGS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from("123")),
        st.sampled_from([Reason.DENIED, Reason.NOT_COLLECTED]),
    ),
    min_size=1,
    max_size=6,
)


@dataclass
class Kept:
    """A warehouse for all examples of one property, each a tenant of its own."""

    warehouse: Warehouse
    shelf: Shelf
    tenants: Iterator[int] = field(default_factory=count)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    root = tmp_path_factory.mktemp("land")
    with open_writer(new_warehouse(root / "w.duckdb")) as warehouse:
        yield Kept(warehouse, Shelf(root))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings=READINGS, stops=st.sets(st.integers(0, 5)))
def test_versions_tell_every_reading_again(
    readings: list[dict[str, str] | Reason], stops: set[int], kept: Kept
) -> None:
    """However landings fall between collections: as of each whole reading, the versions are what was read."""
    buckets = replace(BUCKETS, tenant_id=f"t{next(kept.tenants)}")
    for number, reading in enumerate(readings):
        if isinstance(reading, Reason):
            kept.shelf.collect(buckets, {}, at=day(number), problem=reading)
        else:
            kept.shelf.collect(buckets, {name: {"v": value} for name, value in reading.items()}, at=day(number))
        if number in stops:
            landed(kept.warehouse, kept.shelf)
    landed(kept.warehouse, kept.shelf)
    found = versions(kept.warehouse, buckets)
    known: dict[str, str] = {}
    for number, reading in enumerate(readings):
        known = known if isinstance(reading, Reason) else reading
        at = day(number + 0.5)
        assert {name: value for name, value, start, end in found if start <= at and (end is None or end > at)} == known
    for _, _, start, end in found:
        assert end is None or start < end
