"""Every check gives the verdicts of its cases: all cases are tenants of one warehouse, judged in one evaluation."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.fixtures import Shelf, catalogue
from kushim_pipeline_tests.unit.checks.cases import Case, put, read_cases

CATALOGUE = catalogue()
CASES = read_cases()
Verdicts = dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdicts]:
    """tenant -> check -> resource -> status, with `:reason` behind UNKNOWN."""
    by_time: dict[datetime, list[Case]] = defaultdict(list)
    for case in CASES:
        by_time[case.as_of].append(case)
    found: dict[str, Verdicts] = {}
    for number, (as_of, cases) in enumerate(by_time.items()):
        found |= _judged(tmp_path_factory.mktemp(f"cases{number}"), as_of, cases)
    return found


def _judged(folder: Path, as_of: datetime, cases: list[Case]) -> dict[str, Verdicts]:
    shelf = Shelf(folder)
    units = [unit for case in cases for unit in put(case, shelf, CATALOGUE)]
    found: dict[str, Verdicts] = defaultdict(lambda: defaultdict(dict))
    with open_writer(f"duckdb:///{folder / 'w.duckdb'}") as warehouse:
        register(
            warehouse,
            [case.tenant for case in cases],
            units,
            lambda given: resolve(CATALOGUE.policy, given),
            at=min(case.as_of for case in cases).replace(year=2020),
        )
        land(warehouse, shelf.store, shelf.ledger)
        set_clock(warehouse, as_of)
        build_facts(warehouse, CATALOGUE)
        evaluation = judge(warehouse, CATALOGUE)
        assert evaluation.failed == ()
        rows = warehouse.query("SELECT tenant_id, check_id, resource_id, status, reason FROM verdict.check_result").rows
    for tenant_id, check_id, resource_id, status, reason in rows:
        assert resource_id not in found[tenant_id][check_id], f"{tenant_id} has two verdicts for {resource_id}"
        found[tenant_id][check_id][resource_id] = f"UNKNOWN:{reason}" if status == "UNKNOWN" else status
    return found


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_check_gives_the_verdicts_of_its_cases(case: Case, verdicts: dict[str, Verdicts]) -> None:
    found = verdicts.get(case.tenant.tenant, {}).get(case.check_id, {})
    expected = case.spec["expect"]
    shown = {
        resource: status if ":" in str(expected.get(resource, "")) else status.split(":")[0]
        for resource, status in found.items()
    }
    assert shown == expected


def test_every_check_has_cases_for_pass_fail_and_unknown() -> None:
    """A check that can only pass, or that never admits not to know, is no check."""
    seen: dict[str, set[str]] = defaultdict(set)
    for case in CASES:
        seen[case.check_id] |= {status.split(":")[0] for status in case.spec["expect"].values()}
    never_unknown = {"KSM-001", "KSM-002", "KSM-005"}  # they judge our own receipts, which are always at hand
    missing = {
        check_id: sorted(wanted - seen[check_id])
        for check_id in CATALOGUE.checks
        if (wanted := {"PASS", "FAIL"} | (set() if check_id in never_unknown else {"UNKNOWN"})) - seen[check_id]
    }
    assert missing == {}
