"""Count a layer: one statement over all tenants, a row a subject, whatever the number of tenants, tables or checks."""

from collections.abc import Iterable, Mapping

from kushim_pipeline.catalogue.model import Catalogue, FactTable
from kushim_pipeline.quality.rules import RULES, Layer, Profile
from kushim_pipeline.warehouse import Warehouse, sql_text

STANDARD_COLUMNS = (
    "tenant_id", "connection_id", "account_id", "scope", "resource_id", "observed_at", "collected_at",
    "evidence_sha256", "unreadable",
)  # fmt: skip


def profile_receipts(warehouse: Warehouse) -> Profile:
    """What has landed, a subject a source."""
    return Profile("receipts", _counted(warehouse, "receipts", sql_text("quality/receipts.sql")))


def profile_facts(warehouse: Warehouse, catalogue: Catalogue, tables: Iterable[str] | None = None) -> Profile:
    """The fact tables, a subject a table. In: the tables to look at (all by default).

    A table without one of the standard columns is counted as such and not looked into, so that it hides no other.
    """
    wanted = set(tables) if tables is not None else set(catalogue.facts)
    columns = dict(
        warehouse.query(
            "SELECT table_name, count(*) FROM information_schema.columns "  # noqa: S608 # question marks alone are put in
            f"WHERE table_schema = 'facts' AND column_name IN ({', '.join('?' for _ in STANDARD_COLUMNS)}) "
            "GROUP BY table_name",
            STANDARD_COLUMNS,
        ).rows
    )
    facts = [fact for name, fact in catalogue.facts.items() if name in wanted]
    missing = {fact.table: len(STANDARD_COLUMNS) - int(columns.get(fact.table, 0)) for fact in facts}
    whole = [fact for fact in facts if not missing[fact.table]]
    template = sql_text("quality/fact_table.sql")
    text = "\nUNION ALL\n".join(_filled(template, fact) for fact in whole)
    counted = _counted(warehouse, "facts", text) if whole else {}
    nothing = {"looked_at": 0, **{rule.name: 0 for rule in RULES["facts"]}}
    return Profile(
        "facts",
        {
            fact.table: {**nothing, **counted.get(fact.table, {}), "missing_column": missing[fact.table]}
            for fact in facts
        },
    )


def profile_verdicts(warehouse: Warehouse, checks: Iterable[str] | None = None) -> Profile:
    """The verdicts, a subject a check. In: the checks to look at (all by default)."""
    counted = _counted(warehouse, "verdicts", sql_text("quality/verdicts.sql"))
    wanted = set(checks) if checks is not None else set(counted)
    return Profile("verdicts", {check: numbers for check, numbers in counted.items() if check in wanted})


def _counted(warehouse: Warehouse, layer: Layer, sql: str) -> Mapping[str, Mapping[str, int]]:
    found = warehouse.query(sql)
    numbers = {"looked_at", *(rule.name for rule in RULES[layer])}
    return {
        str(row[0]): {column: int(value) for column, value in zip(found.columns, row, strict=True) if column in numbers}
        for row in sorted(found.rows)
    }


def _filled(template: str, fact: FactTable) -> str:
    vendor = "FALSE" if fact.source == "kushim" else "TRUE"
    return template.replace("{{table}}", fact.table).replace("{{vendor}}", vendor)
