"""Forget a tenant when the time for which its evidence had to be kept is over: the end of its life.

Its keys are destroyed, and with them what they sealed, in every backup at once; its rows leave the warehouse. The
ledger stays: it holds hashes only, and still proves that nothing else was taken out.
"""

from collections.abc import Callable
from datetime import date

from kushim_pipeline.evidence.forget import forget_unsealed
from kushim_pipeline.evidence.life import SHREDDED
from kushim_pipeline.operate.life import (
    COMMAND,
    LifeRefused,
    Standing,
    recorded,
    revoke_grants,
    standing_of,
    write_down,
)
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores, shared_vault
from kushim_pipeline.tenants.edit import is_over
from kushim_pipeline.tenants.load import Loaded


def due(settings: Settings, loaded: Loaded, today: date) -> list[str]:
    """The tenants whose evidence need not be kept any longer, sorted. A file with a mistake keeps its tenant."""
    tenants = {tenant.tenant for tenant in loaded.tenants} | recorded(settings).keys()
    return sorted(tenant for tenant in tenants if why_not(settings, loaded, tenant, today) is None)


def why_not(settings: Settings, loaded: Loaded, tenant_id: str, today: date) -> str | None:
    """Why a tenant must not be shredded today, in words; None when it may."""
    if tenant_id in loaded.refused:
        return "its file has a mistake, so nobody knows what it says; correct it first"
    standing = standing_of(settings, loaded, tenant_id)
    if standing is None:
        return "no tenant file and no ledger names it"
    if standing.state == SHREDDED:
        return "it was shredded before"
    if standing.state != "offboarded":
        return f"it is {standing.state}; offboard it first: kushim tenants offboard {tenant_id} --retain-until DATE"
    if standing.retain_until is None:
        return f"its evidence is kept for ever; kushim tenants offboard {tenant_id} --retain-until DATE sets an end"
    if not is_over(standing.retain_until, today):
        return f"its evidence is kept until {standing.retain_until}, that day included"
    return None


def shred(
    settings: Settings, loaded: Loaded, tenant_id: str, today: date, say: Callable[[str], None], by: str = COMMAND
) -> None:
    """Forget a tenant, for ever. Raises LifeRefused before its time; WarehouseBusy with nothing destroyed yet.

    Every step can be done again: after a crash the tenant is due as before, until the last entry is written.
    """
    if reason := why_not(settings, loaded, tenant_id, today):
        raise LifeRefused(f"tenant {tenant_id} was not shredded: {reason}")
    standing = standing_of(settings, loaded, tenant_id)
    rows = forget_rows(settings, tenant_id)
    say(f"{tenant_id}: {rows} rows deleted from the warehouse")
    stores = open_stores(settings)
    files = forget_unsealed(stores.evidence, stores.ledger, tenant_id)
    keys = shared_vault(settings).shred(tenant_id)
    say(f"{tenant_id}: {keys} keys destroyed, what they sealed cannot be read any more")
    if files:
        say(f"{tenant_id}: {files} objects deleted that were kept unsealed")
    grants = revoke_grants(settings, tenant_id)
    until = standing.retain_until if standing else None
    write_down(
        settings, tenant_id, Standing(SHREDDED, until), by, rows=rows, keys=keys, unsealed_objects=files, grants=grants
    )


def forget_rows(settings: Settings, tenant_id: str) -> int:
    """Delete a tenant's rows from every table of the warehouse, bytes and all. Out: how many rows.

    In Postgres the deleted rows' bytes go with the next VACUUM, and from archived logs with their retention.
    """
    from kushim_pipeline.warehouse import duckdb_path, open_writer, sql_text

    embedded = settings.warehouse_url.startswith("duckdb:")
    if embedded and not duckdb_path(settings.warehouse_url).is_file():
        return 0
    with open_writer(settings.warehouse_url) as warehouse, warehouse.transaction():
        statements = [row[0] for row in warehouse.query(sql_text("life/forget_tenant.sql")).rows]
        rows = sum(warehouse.change(statement, (tenant_id,)) for statement in statements)
        warehouse.script(sql_text("life/forget_words.sql"))
    if embedded:
        from kushim_pipeline.warehouse.duckdb_compact import compact

        compact(duckdb_path(settings.warehouse_url))
    return rows
