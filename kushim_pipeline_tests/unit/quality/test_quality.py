"""Every rule finds the rows that break it, and sound data breaks none."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.quality.expectations import broken_rules
from kushim_pipeline.quality.profile import profile_facts, profile_receipts, profile_verdicts
from kushim_pipeline.quality.rules import RULES, Broken, Layer, Profile, Rule
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf, catalogue

CATALOGUE = catalogue()
ORG = {"login": "acme", "id": 1, "two_factor_requirement_enabled": True, "default_repository_permission": "read"}
REPOSITORY = {
    "id": 7,
    "name": "app",
    "full_name": "acme/app",
    "private": True,
    "visibility": "private",
    "archived": False,
    "default_branch": "main",
    "size": 1,
}


def tenant(name: str) -> TenantConfig:
    return TenantConfig.model_validate(
        {"tenant": name, "name": name, "connections": [{"source": "github", "org": "acme", "token": "env:T"}]}
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Two tenants, collected, landed and judged."""
    folder = tmp_path_factory.mktemp("quality")
    shelf = Shelf(folder)
    tenants = [tenant("acme"), tenant("beta")]
    units = [unit for config in tenants for unit in expected_units(config)]
    with open_writer(f"duckdb:///{folder / 'w.duckdb'}") as found:
        register(found, tenants, units, lambda given: resolve(CATALOGUE.policy, given), at=AS_OF - timedelta(days=9))
        for unit in units:
            records = {"github.organization": {"acme": ORG}, "github.repository": {"acme/app": REPOSITORY}}
            shelf.collect(unit, records.get(unit.stream, {}), at=AS_OF - timedelta(hours=1))
        land(found, shelf.store, shelf.ledger)
        set_clock(found, AS_OF)
        build_facts(found, CATALOGUE)
        judge(found, CATALOGUE)
        yield found


def profile(warehouse: Warehouse, layer: Layer, tables: Collection[str] | None = None) -> Profile:
    if layer == "receipts":
        return profile_receipts(warehouse)
    return profile_facts(warehouse, CATALOGUE, tables) if layer == "facts" else profile_verdicts(warehouse)


@pytest.mark.parametrize("layer", ["receipts", "facts", "verdicts"])
def test_sound_data_breaks_no_rule(warehouse: Warehouse, layer: Layer) -> None:
    found = profile(warehouse, layer)
    assert sum(numbers["looked_at"] for numbers in found.subjects.values()) > 0
    assert broken_rules(found) == []


FACT = "facts.github_repository"
GITHUBS = [name for name, fact in CATALOGUE.facts.items() if fact.source == "github"]
"""The tables with rows, among which a rule could blame the wrong one."""
ONE_ROW = "tenant_id = 'acme' AND resource_id = 'acme/app'"
ONE_RECEIPT = "tenant_id = 'acme' AND stream = 'github.repository'"
ONE_VERDICT = "tenant_id = 'acme' AND check_id = 'GH-ORG-001'"
PLANTED: dict[tuple[Layer, str], str] = {
    ("receipts", "unknown_outcome"): f"UPDATE raw.receipt SET outcome = 'fine' WHERE {ONE_RECEIPT}",
    ("receipts", "missing_key"): f"UPDATE raw.receipt SET account_id = '' WHERE {ONE_RECEIPT}",
    ("receipts", "negative_number"): f"UPDATE raw.receipt SET pages = -1 WHERE {ONE_RECEIPT}",
    ("receipts", "repeated_collection"): f"INSERT INTO raw.receipt SELECT * FROM raw.receipt WHERE {ONE_RECEIPT}",
    ("receipts", "unreconciled"): f"UPDATE raw.receipt SET declared_total = 9 WHERE {ONE_RECEIPT}",
    (
        "receipts",
        "complete_with_errors",
    ): "INSERT INTO raw.receipt_error SELECT tenant_id, collection_id, connection_id, "
    f"stream, scope, NULL, 'denied', 'x', 'x' FROM raw.receipt WHERE {ONE_RECEIPT}",
    (
        "receipts",
        "backwards",
    ): f"UPDATE raw.receipt SET finished_at = started_at - INTERVAL '1 day' WHERE {ONE_RECEIPT}",
    ("receipts", "lost_records"): f"DELETE FROM raw.record WHERE {ONE_RECEIPT}",
    ("receipts", "two_versions"): f"INSERT INTO raw.record SELECT * FROM raw.record WHERE {ONE_RECEIPT}",
    ("facts", "missing_column"): f"ALTER TABLE {FACT} DROP COLUMN scope",
    ("facts", "no_tenant"): f"UPDATE {FACT} SET tenant_id = NULL WHERE {ONE_ROW}",
    ("facts", "no_connection"): f"UPDATE {FACT} SET connection_id = NULL WHERE {ONE_ROW}",
    ("facts", "no_account"): f"UPDATE {FACT} SET account_id = '' WHERE {ONE_ROW}",
    ("facts", "no_scope"): f"UPDATE {FACT} SET scope = NULL WHERE {ONE_ROW}",
    ("facts", "no_resource"): f"UPDATE {FACT} SET resource_id = NULL WHERE {ONE_ROW}",
    ("facts", "no_collected_at"): f"UPDATE {FACT} SET collected_at = NULL WHERE {ONE_ROW}",
    ("facts", "no_evidence"): f"UPDATE {FACT} SET evidence_sha256 = NULL WHERE {ONE_ROW}",
    ("facts", "repeated_key"): f"INSERT INTO {FACT} SELECT * FROM {FACT} WHERE {ONE_ROW}",
    ("facts", "stranger"): f"UPDATE {FACT} SET connection_id = 'github:other' WHERE {ONE_ROW}",
    ("facts", "impossible_time"): f"UPDATE {FACT} SET collected_at = collected_at + INTERVAL '1 day' WHERE {ONE_ROW}",
    ("facts", "unlisted_quarantine"): f"UPDATE {FACT} SET unreadable = 'quarantined' WHERE {ONE_ROW}",
    (
        "facts",
        "observed_in_future",
    ): f"UPDATE {FACT} SET observed_at = collected_at + INTERVAL '3 days' WHERE {ONE_ROW}",
    ("verdicts", "unknown_status"): f"UPDATE verdict.check_result SET status = 'OK' WHERE {ONE_VERDICT}",
    ("verdicts", "unexplained"): "UPDATE verdict.check_result SET status = 'UNKNOWN', reason = 'who knows' "
    f"WHERE {ONE_VERDICT}",
    ("verdicts", "missing_key"): f"UPDATE verdict.check_result SET check_version = '' WHERE {ONE_VERDICT}",
    ("verdicts", "overlap"): f"INSERT INTO verdict.check_result SELECT * FROM verdict.check_result WHERE {ONE_VERDICT}",
    ("verdicts", "backwards"): "UPDATE verdict.check_result SET valid_to = valid_from - INTERVAL '1 day' "
    f"WHERE {ONE_VERDICT}",
    ("verdicts", "in_future"): "UPDATE verdict.check_result SET valid_from = valid_from + INTERVAL '1 day' "
    f"WHERE {ONE_VERDICT}",
    ("verdicts", "unrecorded"): f"DELETE FROM verdict.check_result WHERE {ONE_VERDICT}",
}


def test_every_rule_has_a_planted_row() -> None:
    assert {(layer, rule.name) for layer, rules in RULES.items() for rule in rules} == set(PLANTED)


@pytest.mark.parametrize(("layer", "name"), PLANTED, ids=lambda word: word)
def test_a_rule_finds_what_breaks_it(warehouse: Warehouse, layer: Layer, name: str) -> None:
    with warehouse.transaction(keep=False):
        warehouse.script(PLANTED[layer, name])
        found = broken_rules(profile(warehouse, layer, GITHUBS))
    subject = {"receipts": "github", "facts": "github_repository", "verdicts": "GH-ORG-001"}[layer]
    broken = [b for b in found if b.rule.name == name]
    assert [(b.subject, b.count > 0) for b in broken] == [(subject, True)]
    assert {b.subject for b in found} == {subject}, "nobody else is blamed"
    assert subject in str(broken[0])
    assert name in str(broken[0])


def test_a_table_without_a_standard_column_hides_no_other(warehouse: Warehouse) -> None:
    with warehouse.transaction(keep=False):
        warehouse.script(f"ALTER TABLE {FACT} DROP COLUMN scope")
        warehouse.script("UPDATE facts.github_organization SET account_id = NULL WHERE tenant_id = 'beta'")
        found = broken_rules(profile_facts(warehouse, CATALOGUE))
    assert {(b.subject, b.rule.name, b.count) for b in found} == {
        ("github_repository", "missing_column", 1),
        ("github_organization", "no_account", 1),
    }


def test_a_table_that_was_never_built_is_missing_all_its_columns(tmp_path: Path) -> None:
    with open_writer(f"duckdb:///{tmp_path / 'w.duckdb'}") as empty:
        found = broken_rules(profile_facts(empty, CATALOGUE, ["github_repository"]))
    assert [(b.subject, b.rule.name) for b in found] == [("github_repository", "missing_column")]


def test_rules_are_told_apart_by_severity() -> None:
    """A vendor's odd clock warns; it must not stop all tenants' verdicts."""
    assert [rule.name for rules in RULES.values() for rule in rules if not rule.blocks] == ["observed_in_future"]


def test_each_broken_subject_is_named_with_its_own_count() -> None:
    numbers = {rule.name: 0 for rule in RULES["verdicts"]}
    found = broken_rules(
        Profile(
            "verdicts", {"A": {**numbers, "overlap": 2}, "B": numbers, "C": {**numbers, "overlap": 5, "backwards": 1}}
        )
    )
    assert sorted((b.subject, b.rule.name, b.count) for b in found) == [
        ("A", "overlap", 2),
        ("C", "backwards", 1),
        ("C", "overlap", 5),
    ]


def test_nothing_to_look_at_is_sound() -> None:
    assert broken_rules(Profile("facts", {})) == []


def test_a_broken_rule_is_a_sentence() -> None:
    assert str(Broken("aws", Rule("backwards", "receipts that end before they start"), 3)) == (
        "aws: 3 receipts that end before they start (backwards)"
    )
