"""The policies of many tenants, read within little memory."""

from pathlib import Path

from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.land.tenants import register
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import POLICY_TABLE, build_facts, set_clock
from kushim_pipeline.warehouse.duckdb_engine import DuckDBWarehouse
from kushim_pipeline_tests.fixtures import AS_OF, catalogue, new_warehouse

TENANTS = 300


def test_the_policies_of_many_tenants_fit_into_little_memory(tmp_path: Path) -> None:
    rules = catalogue()
    tenants = [
        TenantConfig.model_validate(
            {"tenant": f"t{number}", "name": "T", "policy": {"access_key_max_age_days": number}, "connections": []}
        )
        for number in range(1, TENANTS + 1)
    ]
    new_warehouse(tmp_path / "w.duckdb")
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", memory_limit="300MB")
    try:
        register(warehouse, tenants, [], lambda given: resolve(rules.policy, given), at=AS_OF)
        set_clock(warehouse, AS_OF)
        build_facts(warehouse, rules, {POLICY_TABLE})
        found = warehouse.query(
            "SELECT count(*), sum(access_key_max_age_days), "
            "count(*) FILTER (WHERE json_holds(hr_left_statuses, 'left')) FROM facts.tenant_policy"
        ).rows
    finally:
        warehouse.close()
    assert found == [(TENANTS, TENANTS * (TENANTS + 1) // 2, TENANTS)]
