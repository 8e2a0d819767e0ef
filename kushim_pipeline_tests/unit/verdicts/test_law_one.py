"""Never a false PASS: a naive check, every way in which something was not observed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline_tests.unit.verdicts.world import (
    ACCOUNT,
    DISKS,
    DISKS_WEST,
    KEYS,
    World,
    catalogue,
    check,
    day,
    world,
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as found:
        yield found


def test_what_was_observed_is_judged(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True, "b": False})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {"a": "PASS", "b": "FAIL"}


def test_a_whole_empty_population_is_not_applicable(here: World) -> None:
    here.collect_rest(day(0))
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {ACCOUNT: "NOT_APPLICABLE"}


def test_nothing_collected_is_unknown(here: World) -> None:
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {ACCOUNT: "UNKNOWN:not_collected"}


@pytest.mark.parametrize(
    ("problem", "reason"),
    [(Reason.DENIED, "denied"), (Reason.NOT_COLLECTED, "not_collected"), (Reason.INCOMPLETE, "incomplete")],
)
def test_an_unread_population_is_one_unknown_row_beside_the_regions_that_were_read(
    here: World, problem: Reason, reason: str
) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect(DISKS_WEST, day(0), {"b": True} if problem is Reason.INCOMPLETE else {}, problem=problem)
    here.collect_rest(day(0), DISKS, DISKS_WEST)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {"a": "PASS", ACCOUNT: f"UNKNOWN:{reason}"}


def test_a_failed_reading_takes_back_yesterdays_pass(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(), day(0.1))
    here.collect(DISKS, day(0.5), problem=Reason.DENIED)
    here.judge(catalogue(), day(0.6))
    assert here.verdicts() == {ACCOUNT: "UNKNOWN:denied"}
    assert here.history("a") == [("PASS", 0.1, 0.6)]


def test_an_unread_resource_is_unknown_and_the_others_are_not(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True, "b": True})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(), day(0.1))
    here.collect(DISKS, day(0.5), {"a": True}, unreadable={"b": Reason.DENIED, "new": Reason.INCOMPLETE})
    here.judge(catalogue(), day(0.6))
    assert here.verdicts() == {"a": "PASS", "b": "UNKNOWN:denied", "new": "UNKNOWN:incomplete"}


def test_a_problem_of_a_joined_stream_blocks_every_row(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True, "b": False})
    here.collect(KEYS, day(0), problem=Reason.DENIED)
    here.collect_rest(day(0), DISKS, KEYS)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:denied", "b": "UNKNOWN:denied"}


def test_an_unread_resource_of_a_joined_stream_concerns_its_namesake_or_all(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True, "b": True})
    here.collect(KEYS, day(0), {}, unreadable={"a": Reason.DENIED})
    here.collect_rest(day(0), DISKS, KEYS)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:denied", "b": "PASS"}
    here.collect(KEYS, day(0.2), {}, unreadable={"some-key": Reason.DENIED})
    here.judge(catalogue(), day(0.3))
    assert here.verdicts() == {"a": "UNKNOWN:denied", "b": "UNKNOWN:denied"}


def test_an_empty_population_is_not_proven_empty_while_a_joined_stream_is_unread(here: World) -> None:
    here.collect(KEYS, day(0), problem=Reason.DENIED)
    here.collect_rest(day(0), KEYS)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {ACCOUNT: "UNKNOWN:denied"}


@pytest.mark.parametrize(
    "body", [{}, {"Encrypted": True}, {"encrypted": "yes"}, {"encrypted": None}, {"encrypted": [True]}]
)
def test_schema_drift_is_quarantined(here: World, body: dict[str, object]) -> None:
    here.collect(DISKS, day(0), {"a": body, "b": True})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:quarantined", "b": "PASS"}


def test_a_drifted_record_of_a_joined_stream_blocks_every_row(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect(KEYS, day(0), {"k": {"renamed": True}})
    here.collect_rest(day(0), DISKS, KEYS)
    here.judge(catalogue(), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:quarantined"}


def test_an_old_reading_is_stale(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(check(freshness_hours=24)), day(1.01))
    assert here.verdicts() == {ACCOUNT: "UNKNOWN:stale"}


def test_an_old_reading_of_a_joined_stream_is_stale_for_every_row(here: World) -> None:
    here.collect(DISKS, day(2), {"a": True})
    here.collect(DISKS_WEST, day(2))
    here.collect(KEYS, day(0))
    here.judge(catalogue(check(freshness_hours=24)), day(2.1))
    assert here.verdicts() == {"a": "UNKNOWN:stale"}


def test_a_stream_that_nobody_collects_is_not_collected(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(check(streams=("aws.disk", "aws.misspelt"))), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:not_collected"}


def test_another_source_that_the_tenant_does_not_have_is_not_collected(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(check(streams=("aws.disk", "okta.user"))), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:not_collected"}


def test_another_source_blocks_while_it_is_unread(tmp_path: Path) -> None:
    people = Unit("acme", "okta:acme", "okta", "acme", "okta.user")
    with world(tmp_path, units=(DISKS, DISKS_WEST, KEYS, people)) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        catalogue_ = catalogue(check(streams=("aws.disk", "okta.user")))
        here.collect(people, day(0), problem=Reason.DENIED)
        here.judge(catalogue_, day(0.1))
        assert here.verdicts() == {"a": "UNKNOWN:denied"}
        here.collect(people, day(0.2), {"p": {}})
        here.judge(catalogue_, day(0.3))
        assert here.verdicts() == {"a": "PASS"}


def test_an_unread_or_drifted_resource_of_another_source_blocks_every_row(tmp_path: Path) -> None:
    keys = Unit("acme", "okta:acme", "okta", "acme", "okta.key")
    with world(tmp_path, units=(DISKS, DISKS_WEST, KEYS, keys)) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        plain = catalogue(check(streams=("aws.disk", "okta.key")))
        sql = plain.facts["key"].sql.replace("aws.key", "okta.key")
        of_okta = plain.facts["key"].model_copy(
            update={"streams": ("okta.key",), "population_streams": ("okta.key",), "sql": sql}
        )
        catalogue_ = plain.model_copy(update={"facts": {**plain.facts, "key": of_okta}})
        here.collect(keys, day(0), {"p": {"on": True}}, unreadable={"q": Reason.DENIED})
        here.judge(catalogue_, day(0.1))
        assert here.verdicts() == {"a": "UNKNOWN:denied"}
        here.collect(keys, day(0.2), {"p": {"renamed": True}})
        here.judge(catalogue_, day(0.3))
        assert here.verdicts() == {"a": "UNKNOWN:quarantined"}
        here.collect(keys, day(0.4), {"p": {"on": True}})
        here.judge(catalogue_, day(0.5))
        assert here.verdicts() == {"a": "PASS"}


def test_a_verdict_holds_no_longer_than_the_reading_of_another_source(tmp_path: Path) -> None:
    people = Unit("acme", "okta:acme", "okta", "acme", "okta.user")
    with world(tmp_path, units=(DISKS, DISKS_WEST, KEYS, people)) as here:
        catalogue_ = catalogue(check(streams=("aws.disk", "okta.user"), freshness_hours=24))
        here.collect(people, day(0), {"p": {}})
        for number in (0.9, 1.9):
            here.collect(DISKS, day(number), {"a": True})
            here.collect_rest(day(number), DISKS)
            here.judge(catalogue_, day(number + 0.05))
        assert here.verdicts() == {"a": "UNKNOWN:stale"}
        assert here.history("a") == [("PASS", 0.95, 1.0), ("UNKNOWN", 1.0, None)]


def test_an_outcome_that_is_not_known_is_no_pass(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    here.warehouse.script("SELECT 1")
    here.judge(catalogue(), day(0.1))
    here.warehouse.script("UPDATE raw.receipt SET outcome = 'splendid'")
    here.judge(catalogue(), day(0.2))
    assert here.verdicts() == {ACCOUNT: "UNKNOWN:incomplete"}
    assert "splendid" not in {outcome.value for outcome in Outcome}


@pytest.mark.parametrize(
    ("status", "reason", "rest", "expected"),
    [
        pytest.param("'FAIL'", "'x'", "facts.disk WHERE NOT encrypted", "UNKNOWN:incomplete", id="no answer"),
        pytest.param("NULL", "NULL", "facts.disk", "UNKNOWN:incomplete", id="null"),
        pytest.param("'pass'", "NULL", "facts.disk", "UNKNOWN:incomplete", id="no status"),
        pytest.param("'NOT_APPLICABLE'", "''", "facts.disk", "UNKNOWN:incomplete", id="not for a check to say"),
        pytest.param("'UNKNOWN'", "'denied'", "facts.disk", "UNKNOWN:denied", id="own unknown"),
        pytest.param("'UNKNOWN'", "'dunno'", "facts.disk", "UNKNOWN:incomplete", id="no reason"),
        pytest.param("s", "s", "facts.disk, (VALUES ('PASS'), ('FAIL')) AS v(s)", "FAIL", id="worst"),
        pytest.param("s", "''", "facts.disk, (VALUES ('PASS'), ('?')) AS v(s)", "UNKNOWN:incomplete", id="worse"),
    ],
)
def test_what_a_check_may_say(here: World, status: str, reason: str, rest: str, expected: str) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    sql = f"SELECT tenant_id, resource_id, {status} AS status, {reason} AS reason FROM {rest}"
    here.judge(catalogue(check(sql=sql)), day(0.1))
    assert here.verdicts() == {"a": expected}


def test_an_answer_for_another_tenant_is_no_answer(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    sql = "SELECT 'other' AS tenant_id, resource_id, 'PASS' AS status, '' AS reason FROM facts.disk"
    here.judge(catalogue(check(sql=sql)), day(0.1))
    assert here.verdicts() == {"a": "UNKNOWN:incomplete"}


def test_what_a_check_applies_to(here: World) -> None:
    disks = {
        name: {"encrypted": True, **tier} for name, tier in {"a": {"tier": "1"}, "b": {"tier": "2"}, "c": {}}.items()
    }
    here.collect(DISKS, day(0), disks)
    here.collect_rest(day(0), DISKS)
    here.judge(catalogue(check(applies_to="tier = '1'")), day(0.1))
    assert here.verdicts() == {"a": "PASS", "c": "UNKNOWN:incomplete"}
    here.judge(catalogue(check(applies_to="coalesce(tier, '') = 'none'")), day(0.2))
    assert here.verdicts() == {ACCOUNT: "NOT_APPLICABLE"}


def test_a_check_whose_sql_fails_takes_no_other_with_it(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True})
    here.collect_rest(day(0), DISKS)
    broken = check("T-002", sql="SELECT tenant_id, resource_id, 'PASS' AS status, nonsense AS reason FROM facts.disk")
    number = "CAST('x' || resource_id AS INTEGER)"
    at_run_time = check(
        "T-003", sql=f"SELECT tenant_id, resource_id, 'PASS' AS status, {number} AS reason FROM facts.disk"
    )
    evaluation = here.judge(catalogue(broken, at_run_time, check()), day(0.1))
    assert [check_id for check_id, _ in evaluation.failed] == ["T-002", "T-003"]
    assert "nonsense" in evaluation.failed[0][1]
    assert here.verdicts("T-002") == here.verdicts("T-003") == {"a": "UNKNOWN:incomplete"}
    assert here.verdicts() == {"a": "PASS"}


def test_a_check_that_stands_on_another(here: World) -> None:
    here.collect(DISKS, day(0), {"a": True, "b": False})
    here.collect_rest(day(0), DISKS)
    upper = check("T-002", depends_on=("T-001",))
    here.judge(catalogue(upper, check()), day(0.1))
    assert here.verdicts("T-002") == {"a": "UNKNOWN:depends_on_unknown", "b": "UNKNOWN:depends_on_unknown"}
    here.collect(DISKS, day(0.2), {"a": True, "b": True})
    here.judge(catalogue(upper, check()), day(0.3))
    assert here.verdicts("T-002") == {"a": "PASS", "b": "PASS"}
