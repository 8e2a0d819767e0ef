"""Ten faults that an earlier platform of this name had, and a few more: each by its name, none to come back."""

import inspect
from datetime import timedelta
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.evidence.verify import Broken, verify
from kushim_pipeline.land.tenants import register
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline_tests.fixtures import Shelf, catalogue
from kushim_pipeline_tests.unit.checks.cases import read_cases
from kushim_pipeline_tests.unit.verdicts.world import (
    ACCOUNT,
    DISKS,
    DISKS_WEST,
    UNITS,
    World,
    check,
    day,
    world,
)
from kushim_pipeline_tests.unit.verdicts.world import catalogue as small_catalogue


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return catalogue()


def test_1_no_fallback_check_decides_what_has_no_check_of_its_own(real: Catalogue) -> None:
    for control in real.controls.values():
        assert control.checks
    most = max(len(real.controls_of(check_id)) for check_id in real.checks)
    assert most <= 4, "one check decides many controls"
    bodies = [one.sql for one in real.checks.values()]
    assert len(set(bodies)) == len(bodies), "two checks are the same test under two names"


def test_2_no_check_can_only_pass(real: Catalogue) -> None:
    expected = {check_id: set[str]() for check_id in real.checks}
    for case in read_cases():
        expected[case.check_id] |= {status.split(":")[0] for status in case.spec["expect"].values()}
    assert {check_id for check_id, seen in expected.items() if not {"PASS", "FAIL"} <= seen} == set()


@pytest.mark.parametrize("reason", [Reason.DENIED, Reason.NOT_COLLECTED, Reason.INCOMPLETE])
def test_3_a_collection_error_is_no_verdict(tmp_path: Path, reason: Reason) -> None:
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), problem=reason)
        here.collect_rest(day(0), DISKS)
        here.judge(small_catalogue(), day(0.1))
        assert set(here.verdicts().values()) == {f"UNKNOWN:{reason.value}"}


def test_4_evidence_is_not_graded_again_for_ever(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        for number in range(4):
            here.judge(small_catalogue(check(freshness_hours=36)), day(number + 0.1))
        assert here.verdicts() == {ACCOUNT: "UNKNOWN:stale"}
        assert here.history("a")[0] == ("PASS", 0.1, 1.5)


def test_5_there_is_a_scheduler() -> None:
    from kushim_pipeline.definitions import defs

    definitions = defs() if callable(defs) and not hasattr(defs, "resolve_all_asset_specs") else defs
    schedules = list(getattr(definitions, "schedules", None) or [])
    assert any("daily" in schedule.name for schedule in schedules)


def test_6_large_evidence_keeps_its_status(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        disks = {f"d{number}": {"encrypted": number % 2 == 0, "padding": "x" * 2_000} for number in range(3_000)}
        disks["huge"] = {"encrypted": False, "padding": "y" * 5_000_000}
        here.collect(DISKS, day(0), disks)
        here.collect_rest(day(0), DISKS)
        here.judge(small_catalogue(), day(0.1))
        verdicts = here.verdicts()
        assert (len(verdicts), verdicts["huge"], verdicts["d2"], verdicts["d3"]) == (3_001, "FAIL", "PASS", "FAIL")


def test_7_every_region_counts(tmp_path: Path) -> None:
    """Pages are tried in integration/collect."""
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), {"east": True})
        here.collect(DISKS_WEST, day(0), {"west": False})
        here.collect_rest(day(0), DISKS, DISKS_WEST)
        here.judge(small_catalogue(), day(0.1))
        assert here.verdicts() == {"east": "PASS", "west": "FAIL"}


def test_8_what_every_account_has_by_default_proves_nothing() -> None:
    """SSE-S3 is every bucket's default, and event history every account's: neither passes a check."""
    cases = {case.name: case for case in read_cases() if case.check_id in ("AWS-S3-003", "AWS-LOG-001")}
    encrypted_by_default = [
        case
        for case in cases.values()
        if case.check_id == "AWS-S3-003"
        and "AES256" in str(case.spec.get("records"))
        and "PASS" not in {str(status) for status in case.spec["expect"].values()}
    ]
    assert encrypted_by_default
    without_trail = [
        case
        for case in cases.values()
        if case.check_id == "AWS-LOG-001" and not (case.spec.get("records") or {}).get("aws.cloudtrail_trail")
    ]
    assert without_trail
    for case in without_trail:
        assert "PASS" not in set(case.spec["expect"].values())


def test_9_a_status_is_over_all_controls_not_the_first_fifty(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        here.judge(small_catalogue(), day(0.1))
        build_marts(here.warehouse)
        here.warehouse.script(
            "INSERT INTO catalogue.control SELECT 'KC-XX-' || i, 'title', 'text', 'role' FROM range(120) AS r(i);"
            "INSERT INTO catalogue.control_criterion SELECT 'KC-XX-' || i, 'soc2', 'CC6.1' FROM range(120) AS r(i);"
            "INSERT INTO catalogue.criterion VALUES ('soc2', 'CC6.1', 1, 'title', '')"
        )
        assert here.warehouse.query("SELECT count(*) FROM mart_v1.control_status").rows == [(120,)]
        rows = here.warehouse.query("SELECT controls, controls_unknown, status FROM mart_v1.criterion_status").rows
        assert rows == [(120, 120, "UNKNOWN")]


def test_10_health_is_about_the_pipeline_and_not_about_compliance(tmp_path: Path) -> None:
    def health(here: World) -> list[object]:
        build_marts(here.warehouse)
        sql = "SELECT stream, scope, last_outcome, population FROM mart_v1.source_health ORDER BY 1, 2"
        return list(here.warehouse.query(sql).rows)

    seen = []
    for name, encrypted in (("good", True), ("bad", False)):
        (tmp_path / name).mkdir()
        with world(tmp_path / name) as here:
            here.collect(DISKS, day(0), {"a": encrypted})
            here.collect_rest(day(0), DISKS)
            here.judge(small_catalogue(), day(0.1))
            seen.append(health(here))
    assert seen[0] == seen[1]
    assert seen[0]


def test_a_chain_without_the_previous_hash_is_no_chain(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append("acme", "plan", {"number": number})
    entries = list(ledger.entries("acme"))
    assert len({entry.previous for entry in entries}) == 3
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]


def test_deleting_a_connection_deletes_no_evidence(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.collect(DISKS, day(0), {"a": True})
        here.collect_rest(day(0), DISKS)
        here.judge(small_catalogue(), day(0.1))
        register(here.warehouse, [], [], dict, gone=["acme"], at=day(1))
        here.judge(small_catalogue(), day(1.1))
        assert here.verdicts() == {}
        assert here.history("a") == [("PASS", 0.1, 1.1)]
        assert not [one for one in verify(here.shelf.store, here.shelf.ledger, ["acme"]) if isinstance(one, Broken)]
        assert here.warehouse.query("SELECT count(*) FROM raw.receipt").rows == [(len(UNITS),)]
        assert not hasattr(here.shelf.store, "delete")


def test_one_tenants_trouble_is_no_other_tenants(tmp_path: Path) -> None:
    """Breakers and limits belong to one connection: nothing in the collectors is shared by tenants."""
    from kushim_pipeline.collect.aws import session
    from kushim_pipeline.collect.http import client, limiter

    for module in (session, client, limiter):
        shared = [
            name
            for name, value in vars(module).items()
            if isinstance(value, dict | list | set) and not name.startswith("__") and not name.isupper()
        ]
        assert shared == [], f"{inspect.getmodulename(str(module.__file__))} keeps {shared}"
    shelf = Shelf(tmp_path)
    bad = shelf.collect(Unit("a", "github:a", "github", "a", "github.member"), {}, at=day(0), problem=Reason.DENIED)
    good = shelf.collect(Unit("b", "github:b", "github", "b", "github.member"), {"x": {}}, at=day(0) + timedelta(0))
    assert (bad.outcome, good.outcome) == (Outcome.DENIED, Outcome.COMPLETE)
