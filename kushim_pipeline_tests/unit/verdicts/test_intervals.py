from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.verdicts.judge import OutOfOrder, replay
from kushim_pipeline_tests.unit.verdicts.world import (
    DISKS,
    DISKS_WEST,
    KEYS,
    catalogue,
    check,
    day,
    world,
)


def test_an_unchanged_day_adds_no_rows(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        for number in range(3):
            here.collect(DISKS, day(number), {"a": True, "b": False})
            here.collect_rest(day(number), DISKS)
            evaluation = here.judge(catalogue(), day(number + 0.1))
        assert (evaluation.opened, evaluation.closed) == (0, 0)
        assert here.history("a") == [("PASS", 0.1, None)]


def test_a_change_closes_and_opens(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        for number, encrypted in enumerate([True, False, True]):
            here.collect(DISKS, day(number), {"a": encrypted})
            here.collect_rest(day(number), DISKS)
            here.judge(catalogue(), day(number + 0.1))
        assert here.history("a") == [("PASS", 0.1, 1.1), ("FAIL", 1.1, 2.1), ("PASS", 2.1, None)]


def test_a_vanished_resource_ends(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        for number, disks in enumerate([{"a": True, "b": True}, {"a": True}]):
            here.collect(DISKS, day(number), disks)
            here.collect_rest(day(number), DISKS)
            here.judge(catalogue(), day(number + 0.1))
        assert here.history("b") == [("PASS", 0.1, 1.1)]


def test_a_verdict_holds_only_as_long_as_its_evidence(tmp_path: Path) -> None:
    """Three days without a reading are three days of UNKNOWN, though nobody evaluated on them."""
    with world(tmp_path) as here:
        for number in (0, 4):
            here.collect(DISKS, day(number), {"a": True})
            here.collect_rest(day(number), DISKS)
            here.judge(catalogue(check(freshness_hours=24)), day(number + 0.5))
        assert here.history("a") == [("PASS", 0.5, 1.0), ("UNKNOWN", 1.0, 4.5), ("PASS", 4.5, None)]


def test_a_changed_check_does_not_rewrite_the_past(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        here.judge(catalogue(), day(0.1))
        stricter = check(
            sql="SELECT tenant_id, resource_id, 'FAIL' AS status, '' AS reason FROM facts.disk", version="2"
        )
        here.judge(catalogue(stricter), day(0.2))
        assert here.history("a") == [("PASS", 0.1, 0.2), ("FAIL", 0.2, None)]


def test_a_check_that_is_gone_says_nothing_more(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        here.judge(catalogue(check(), check("T-002")), day(0.1))
        here.judge(catalogue(check()), day(0.2))
        assert here.history("a", "T-002") == [("PASS", 0.1, 0.2)]


def test_no_evaluation_goes_back_in_time(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.judge(catalogue(), day(1))
        with pytest.raises(OutOfOrder):
            here.judge(catalogue(), day(0))


def test_an_exception_turns_fail_into_excepted_until_it_ends(tmp_path: Path) -> None:
    exception = {
        "id": "x-1", "check": "T-001", "resource": "a", "reason": "replaced in July", "requested_by": "dev@acme.test",
        "approved_by": "ciso@acme.test", "until": "2026-06-02",
    }  # fmt: skip
    with world(tmp_path, exceptions=[exception]) as here:
        statuses = []
        for number in (0.5, 1.9, 2.1):
            here.collect(DISKS, day(number), {"a": False, "b": False, "c": True})
            here.collect_rest(day(number), DISKS)
            here.judge(catalogue(), day(number))
            statuses.append((here.verdicts()["a"], here.verdicts()["b"], here.verdicts()["c"]))
        assert statuses == [("EXCEPTED", "FAIL", "PASS"), ("EXCEPTED", "FAIL", "PASS"), ("FAIL", "FAIL", "PASS")]


def test_replay_gives_the_verdicts_of_then_and_changes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        for number, encrypted in enumerate([True, False]):
            here.collect(DISKS, day(number), {"a": encrypted})
            here.collect_rest(day(number), DISKS)
            here.judge(catalogue(), day(number + 0.1))
        before = here.history("a")
        again = replay(here.warehouse, catalogue(), day(0.1)).rows
        assert [(row[3], row[4]) for row in again] == [("a", "PASS")]
        assert [row[4] for row in replay(here.warehouse, catalogue(), day(0.9)).rows] == ["PASS"]
        assert here.history("a") == before
        assert here.warehouse.query("SELECT as_of FROM ops.clock").rows == [(day(1.1),)]


READING = st.one_of(
    st.dictionaries(st.sampled_from("ab"), st.booleans()),
    st.sampled_from([Reason.DENIED, Reason.INCOMPLETE]),
    st.none(),
)


TENANTS = ("acme", "beta", "gamma")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rounds=st.lists(st.tuples(*[READING] * len(TENANTS)), min_size=1, max_size=5),
    gaps=st.lists(st.sampled_from([0.25, 1, 3]), min_size=5, max_size=5),
)
def test_intervals_tile_time_and_agree_with_replay(
    rounds: list[tuple[dict[str, bool] | Reason | None, ...]],
    gaps: list[float],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """No overlap, no hole, one open end; and at every evaluation they are what replay says of that time.

    Each tenant has a history of its own; they are judged together, which costs no more than one.
    """
    rules = catalogue(check(freshness_hours=30))
    with world(tmp_path_factory.mktemp("tile"), tenants=TENANTS) as here:
        now, evaluated = 0.0, []
        for readings, gap in zip(rounds, gaps, strict=False):
            now += gap
            for tenant, reading in zip(TENANTS, readings, strict=True):
                if reading is None:
                    continue
                disks, west, keys = (replace(unit, tenant_id=tenant) for unit in (DISKS, DISKS_WEST, KEYS))
                problem = reading if isinstance(reading, Reason) else None
                here.collect(disks, day(now), None if problem else reading, problem=problem)
                for unit in (west, keys):
                    here.collect(unit, day(now))
            here.judge(rules, day(now + 0.01))
            evaluated.append(day(now + 0.01))
        rows = here.warehouse.query(
            "SELECT tenant_id, check_id, connection_id, resource_id, status, reason, valid_from, valid_to "
            "FROM verdict.check_result ORDER BY tenant_id, resource_id, valid_from"
        ).rows
        assert all(end is None or start < end for *_, start, end in rows)
        for earlier, later in zip(rows, rows[1:], strict=False):
            if (earlier[0], earlier[3]) == (later[0], later[3]):
                assert earlier[7] is not None, "an interval follows one that is still open"
                assert earlier[7] <= later[6], "two intervals overlap"
        for at in evaluated:
            said = [tuple(row[:6]) for row in rows if row[6] <= at and (row[7] is None or row[7] > at)]
            assert said == replay(here.warehouse, rules, at).rows
        # Between the first evaluation and the last, some verdict of each population stands at every moment.
        moments = [evaluated[0] + (evaluated[-1] - evaluated[0]) * step / 40 for step in range(41)]
        for at in [*moments, *(moment - timedelta(microseconds=1) for moment in evaluated[1:])]:
            stand = {row[0] for row in rows if row[6] <= at and (row[7] is None or row[7] > at)}
            assert stand == {*TENANTS}, at
