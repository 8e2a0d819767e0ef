"""Every name of the graph in one place: asset keys, groups, pools, checks and jobs."""

from dagster import AssetKey

TENANTS = "tenants"
"""The name of the dynamic partitions: a partition a tenant."""

WAREHOUSE = "warehouse"
"""The pool of everything that writes the warehouse: dagster.yaml gives it one slot."""

COLLECT, RECOLLECT, JUDGE, RETENTION = "collect", "recollect", "judge", "retention"
"""The jobs."""

FULL = "kushim/full"
"""The tag of a run that reads everything anew, also what has not changed: "true"."""

RECEIPTS_CHECK, FACTS_CHECK, VERDICTS_CHECK = "receipts_reconcile", "rows_are_sound", "verdicts_are_sound"
"""The asset checks of the three layers."""

COMPLIANCE, DATA = "team:compliance", "team:data"
"""Who owns an asset: those who answer for what is judged, and those who keep the data flowing."""

RESOURCE = "kushim"


def evidence(source: str) -> AssetKey:
    """The evidence of a source: what a vendor's answers were, partitioned by tenant."""
    return AssetKey(["evidence", source])


def raw(source: str) -> AssetKey:
    """The landed records of a source."""
    return AssetKey(["raw", source])


def fact(table: str) -> AssetKey:
    """A fact table."""
    return AssetKey(["facts", table])


def control(control_id: str) -> AssetKey:
    """A control, with the verdicts of its checks."""
    return AssetKey(["controls", control_id])


def framework(framework_id: str) -> AssetKey:
    """A framework, with the status of its criteria."""
    return AssetKey(["frameworks", framework_id])


def mart(name: str) -> AssetKey:
    """A table of the public contract."""
    return AssetKey(["mart_v1", name])
