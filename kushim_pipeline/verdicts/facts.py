"""Build the typed tables facts.* from the records, for all tenants, as of a time."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from kushim_pipeline.catalogue.model import POLICY_TABLE, Catalogue, FactTable, PolicyKey
from kushim_pipeline.warehouse import Warehouse

_POLICY_READERS = {
    "integer": "as_integer(max(json_text(m.item)) FILTER (WHERE m.key = '{key}'))",
    "boolean": "as_boolean(max(json_text(m.item)) FILTER (WHERE m.key = '{key}'))",
    "text": "max(json_text(m.item)) FILTER (WHERE m.key = '{key}')",
    "list": "CAST(max(CAST(m.item AS VARCHAR)) FILTER (WHERE m.key = '{key}') AS JSON)",
}


def set_clock(warehouse: Warehouse, as_of: datetime) -> None:
    """Set the time as of which facts and verdicts are read. In: an aware time."""
    warehouse.script("DELETE FROM ops.clock")
    warehouse.query("INSERT INTO ops.clock VALUES (?)", (as_of,))
    # Every view as of a time joins this one row: a planner that guesses thousands goes astray.
    warehouse.refresh_statistics("ops.clock")


def build_facts(warehouse: Warehouse, catalogue: Catalogue, tables: Iterable[str] | None = None) -> dict[str, int]:
    """Make fact tables anew as of ops.clock.

    In: the tables to build (all by default). Out: table -> number of rows. A row in which a required column is NULL
    (the vendor's field is missing, renamed or retyped) stays in its table as `unreadable`; facts.quarantine names it.
    """
    built: dict[str, int] = {}
    wanted = set(tables) if tables is not None else None
    if wanted is None or POLICY_TABLE in wanted:
        warehouse.derive(f"facts.{POLICY_TABLE}", _policy_sql(catalogue.policy))
    with warehouse.whole_tables():
        for fact in catalogue.facts.values():
            if wanted is None or fact.table in wanted:
                built[fact.table] = _build(warehouse, fact)
    return built


def definitions(catalogue: Catalogue) -> dict[str, str]:
    """Every fact table as `facts.NAME` with the SELECT that makes it, in the order of building."""
    tables = {f"facts.{POLICY_TABLE}": _policy_sql(catalogue.policy)}
    return tables | {f"facts.{fact.table}": _fact_sql(fact) for fact in catalogue.facts.values()}


def _fact_sql(fact: FactTable) -> str:
    null = " OR ".join(f"f.{column} IS NULL" for column in fact.required) or "FALSE"
    return f"SELECT f.*, CASE WHEN {null} THEN 'quarantined' END AS unreadable FROM ({fact.sql}\n) AS f"


def _build(warehouse: Warehouse, fact: FactTable) -> int:
    missing = (
        " || ".join(f"CASE WHEN f.{column} IS NULL THEN '{column} ' ELSE '' END" for column in fact.required) or "''"
    )
    with warehouse.transaction():
        rows = warehouse.derive(f"facts.{fact.table}", _fact_sql(fact))
        warehouse.script(
            f"DELETE FROM facts.quarantine WHERE fact_table = '{fact.table}';"
            "INSERT INTO facts.quarantine "
            f"SELECT '{fact.table}', f.tenant_id, f.connection_id, f.scope, f.resource_id, trim({missing}) "
            f"FROM facts.{fact.table} AS f WHERE f.unreadable IS NOT NULL"
        )
    return rows


def _policy_sql(keys: Mapping[str, PolicyKey]) -> str:
    columns = ", ".join(f"{_POLICY_READERS[key.type].format(key=name)} AS {name}" for name, key in keys.items())
    # Each policy is taken apart once: to read it anew for every key takes DuckDB 2.5 MB a tenant and statement.
    return (
        f"SELECT r.tenant_id, {columns} FROM raw.record_asof AS r, LATERAL json_members(r.body) AS m(key, item) "
        "WHERE r.stream = 'kushim.policy' GROUP BY r.tenant_id"
    )
