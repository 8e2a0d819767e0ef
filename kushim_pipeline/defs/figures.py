"""The numbers that go to metadata: each one query over all tenants, never one a tenant or an asset."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kushim_pipeline.warehouse import Warehouse

STATUSES = ("PASS", "FAIL", "UNKNOWN", "NOT_APPLICABLE", "EXCEPTED")

FRAMEWORK_COLUMNS = ("tenants", "automated", "manual", *(status.lower() for status in STATUSES))

Counts = dict[str, int]


def of_sources(warehouse: Warehouse) -> dict[str, Counts]:
    """source -> tenants, units, current_records."""
    found: dict[str, Counts] = defaultdict(lambda: {"tenants": 0, "units": 0, "current_records": 0})
    units = warehouse.query(
        "SELECT source, count(DISTINCT tenant_id), count(*) FROM raw.unit WHERE valid_to IS NULL GROUP BY source"
    )
    for source, tenants, count in units.rows:
        found[source] |= {"tenants": int(tenants), "units": int(count)}
    records = warehouse.query("SELECT source, count(*) FROM raw.record WHERE valid_to IS NULL GROUP BY source")
    for source, count in records.rows:
        found[source]["current_records"] = int(count)
    return found


def of_facts(warehouse: Warehouse, tables: Iterable[str]) -> dict[str, Counts]:
    """table -> rows, tenants, quarantined. In: tables with the standard columns."""
    parts = [
        f"SELECT '{table}', count(*), count(DISTINCT tenant_id), count(unreadable) FROM facts.{table}"  # noqa: S608 # our own names
        for table in tables
    ]
    if not parts:
        return {}
    rows = warehouse.query(" UNION ALL ".join(parts)).rows
    return {table: {"rows": int(n), "tenants": int(t), "quarantined": int(q)} for table, n, t, q in rows}


def of_policies(warehouse: Warehouse) -> Counts:
    """rows and tenants of the table of policies, which has a row a tenant and no standard columns."""
    count = int(warehouse.query("SELECT count(*) FROM facts.tenant_policy").rows[0][0])
    return {"rows": count, "tenants": count}


def of_checks(warehouse: Warehouse) -> dict[str, Counts]:
    """check -> how many current verdicts have each status."""
    found: dict[str, Counts] = defaultdict(lambda: dict.fromkeys(STATUSES, 0))
    rows = warehouse.query(
        "SELECT check_id, status, count(*) FROM verdict.check_result WHERE valid_to IS NULL GROUP BY check_id, status"
    ).rows
    for check, status, count in rows:
        found[check][status] = int(count)
    return found


def of_controls(warehouse: Warehouse) -> dict[str, int]:
    """control -> how many tenants have a verdict of one of its checks."""
    rows = warehouse.query(
        "SELECT k.control_id, count(DISTINCT o.tenant_id) FROM verdict.check_result AS o "
        "JOIN catalogue.control_check AS k ON k.check_id = o.check_id WHERE o.valid_to IS NULL GROUP BY k.control_id"
    ).rows
    return {control: int(count) for control, count in rows}


def of_frameworks(warehouse: Warehouse) -> dict[str, Mapping[str, int]]:
    """framework -> tenants, and how many (tenant, criterion) pairs are automated, manual, and of each status."""
    found: dict[str, Mapping[str, int]] = {}
    rows = warehouse.query(
        "SELECT framework, count(DISTINCT tenant_id), count(*) FILTER (WHERE automated), "  # noqa: S608 # our own names
        "count(*) FILTER (WHERE NOT automated), "
        + ", ".join(f"count(*) FILTER (WHERE automated AND status = '{status}')" for status in STATUSES)
        + " FROM mart_v1.criterion_status GROUP BY framework"
    ).rows
    for framework, *numbers in rows:
        found[framework] = dict(zip(FRAMEWORK_COLUMNS, map(int, numbers), strict=True))
    return found
