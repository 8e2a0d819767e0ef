"""A tenant whose sources were never read breaks no rule, and stops nobody else's verdicts."""

from datetime import timedelta
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.quality.expectations import broken_rules
from kushim_pipeline.quality.profile import profile_facts, profile_receipts, profile_verdicts
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf, catalogue, new_warehouse

CONNECTIONS = [
    {"source": "aws", "account_id": "111122223333", "regions": ["us-east-1"]},
    {"source": "github", "org": "acme", "token": "env:T"},
    {"source": "okta", "org_url": "https://acme.okta.com", "token": "env:T"},
    {"source": "jira", "base_url": "https://acme.atlassian.net", "email": "a@acme.test", "token": "env:T"},
    {"source": "slack", "token": "env:T"},
]
POLICY = {
    "application_register": ["payroll", "wiki"],
    "application_register_reviewed": "2026-05-01",
    "slack_approved_outsiders": ["T9 until 2027-01-01"],
}


def tenant(name: str) -> TenantConfig:
    told = {"tenant": name, "name": name, "policy": POLICY, "connections": CONNECTIONS}
    return TenantConfig.model_validate(told)


def fail(shelf: Shelf, unit: Unit) -> None:
    """A receipt of a source that did not answer: it has no page."""
    collection = Collection(unit, shelf.store, code_version="test", mask=str)
    collection.problem(Reason.NOT_COLLECTED, "Read", "no answer")
    at = AS_OF - timedelta(hours=1)
    receipt = collection.finish().model_copy(update={"started_at": at, "finished_at": at})
    told = {"connection_id": unit.connection_id, "stream": unit.stream, "scope": unit.scope, "outcome": "failed"}
    shelf.ledger.append(unit.tenant_id, "receipt", {"receipt": write_receipt(shelf.store, receipt), **told})


@pytest.mark.parametrize("state", ["expected", "planned", "failed", "empty"])
def test_no_rule_is_broken(tmp_path: Path, state: str) -> None:
    rules, shelf, config = catalogue(), Shelf(tmp_path), tenant(state)
    units = expected_units(config)
    for connection_id in {unit.connection_id for unit in units} if state != "expected" else ():
        shelf.plan([unit for unit in units if unit.connection_id == connection_id], AS_OF - timedelta(hours=2))
    for unit in units:
        if state == "failed":
            fail(shelf, unit)
        elif state == "empty":
            shelf.collect(unit, {}, at=AS_OF - timedelta(hours=1))
    with open_writer(new_warehouse(tmp_path / "w.duckdb")) as warehouse:
        register(warehouse, [config], units, lambda given: resolve(rules.policy, given), at=AS_OF - timedelta(days=9))
        land(warehouse, shelf.store, shelf.ledger)
        set_clock(warehouse, AS_OF)
        build_facts(warehouse, rules)
        judge(warehouse, rules)
        for found in (
            profile_receipts(warehouse), profile_facts(warehouse, rules), profile_verdicts(warehouse)
        ):  # fmt: skip
            assert broken_rules(found) == []
        passed = warehouse.query("SELECT check_id FROM verdict.check_result WHERE status = 'PASS' ORDER BY 1").rows
        assert bool(passed) is (state == "empty")
