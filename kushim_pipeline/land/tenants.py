"""Bring the tenant files into raw.*: the units that are expected, and tenant, policy and exceptions as records.

A threshold or an exception decides verdicts, so it is kept in versions like any record of a vendor.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import canonical, content_hash
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.warehouse import Warehouse, sql_text

STREAMS = ("kushim.tenant", "kushim.policy", "kushim.exception")

ResolvePolicy = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def register(
    warehouse: Warehouse,
    tenants: Sequence[TenantConfig],
    units: Sequence[Unit],
    resolve_policy: ResolvePolicy,
    *,
    gone: Sequence[str] = (),
    at: datetime | None = None,
) -> None:
    """Make the warehouse expect what the tenant files say.

    In: the tenants whose files are sound, the units of their connections, how a policy's defaults are filled in, and
    the tenants that no file names any more. Tenants in neither list (their file has a mistake) stay as they are.
    """
    moment = at or datetime.now(UTC)
    own = [
        Unit(tenant.tenant, f"kushim:{tenant.tenant}", "kushim", tenant.tenant, stream)
        for tenant in tenants
        for stream in STREAMS
    ]
    with warehouse.transaction():
        warehouse.script(sql_text("land/stage_units.sql"))
        warehouse.load("stage_moment", ("registered_at",), [(moment,)])
        warehouse.load("stage_tenant", ("tenant_id",), [(t.tenant,) for t in tenants] + [(name,) for name in gone])
        warehouse.load(
            "stage_expected",
            ("tenant_id", "connection_id", "source", "account_id", "stream", "scope"),
            [(u.tenant_id, u.connection_id, u.source, u.account_id, u.stream, u.scope) for u in [*units, *own]],
        )
        warehouse.script(sql_text("land/register_units.sql"))
        warehouse.script(sql_text("land/stage.sql"))
        warehouse.load(
            "stage_unit",
            ("tenant_id", "connection_id", "source", "account_id", "stream", "scope", "collected_at", "is_delta"),
            [(u.tenant_id, u.connection_id, u.source, u.account_id, u.stream, u.scope, moment, False) for u in own],
        )
        warehouse.load(
            "stage_record",
            ("tenant_id", "connection_id", "stream", "scope", "resource_id", "content_hash", "body"),
            [row for tenant in tenants for row in _records(tenant, resolve_policy)],
        )
        warehouse.script(sql_text("land/merge_records.sql"))


def _records(tenant: TenantConfig, resolve_policy: ResolvePolicy) -> list[tuple[Any, ...]]:
    found: list[tuple[str, str, dict[str, Any]]] = [
        ("kushim.tenant", tenant.tenant, {"name": tenant.name, "frameworks": list(tenant.frameworks)}),
        ("kushim.policy", tenant.tenant, dict(resolve_policy(tenant.policy))),
    ]
    for exception in tenant.exceptions:
        body = exception.model_dump(mode="json")
        found.append(("kushim.exception", body.pop("id"), body))
    return [
        (
            tenant.tenant,
            f"kushim:{tenant.tenant}",
            stream,
            "global",
            resource_id,
            content_hash(body),
            canonical(body).decode(),
        )
        for stream, resource_id, body in found
    ]
