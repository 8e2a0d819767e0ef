"""The marts: what analysts and auditors query. Views over verdicts, receipts and the catalogue, stable as `mart_v1`."""

from kushim_pipeline.warehouse import Warehouse, sql_text

# In order of dependence.
MARTS = (
    "check_result",
    "check_result_history",
    "check_status",
    "failure",
    "control_status",
    "criterion_status",
    "receipt",
    "source_health",
    "posture",
)


def build_marts(warehouse: Warehouse) -> dict[str, int]:
    """Make the marts. Out: mart -> number of rows that it has now."""
    with warehouse.transaction():
        for name in MARTS:
            warehouse.define_view(f"mart_v1.{name}", mart_sql(name))
    return {name: int(warehouse.query(f"SELECT count(*) FROM mart_v1.{name}").rows[0][0]) for name in MARTS}


def mart_sql(name: str) -> str:
    """The file of a mart: its header and its one statement."""
    return sql_text(f"marts/{name}.sql")
