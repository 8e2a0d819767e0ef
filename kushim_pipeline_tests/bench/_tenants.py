"""Tenants by the thousand in a warehouse, as landing would have left them: units, plans, receipts, errors, records."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.warehouse import Warehouse
from kushim_pipeline_tests.bench._company import ACCOUNT, ORG, REGIONS, company, trouble

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
COLLECTED = AS_OF - timedelta(hours=1)
COMPANIES = 8  # tenants differ in their names, and in which of these companies they are
BATCH = 100  # tenants loaded at a time, as landing would
RECEIPT = (
    "tenant_id, collection_id, connection_id, source, account_id, stream, scope, outcome, lists_all, pages, records, "
    "declared_total, declared_by, error, parameters, started_at, finished_at, superseded_at, code_version, "
    "receipt_sha256, records_sha256, contents_sha256, last_page_sha256, ledger_sequence, recorded_at"
)
"""The columns of raw.receipt that a collection which is no delta fills."""
_UNITS = """
INSERT INTO raw.unit
SELECT {tenant}, {mine_connection}, u.source, {mine_account}, u.stream, u.scope, TIMESTAMPTZ '2026-01-01', NULL
FROM model_unit AS u JOIN generate_series({first}, {last}) AS t(n) ON t.n % {companies} = u.company;
INSERT INTO raw.plan
SELECT DISTINCT {tenant}, {mine_connection}, CAST(u.collected_at AS TIMESTAMPTZ), CAST(NULL AS TIMESTAMPTZ), 1,
    current_timestamp
FROM model_unit AS u JOIN generate_series({first}, {last}) AS t(n) ON t.n % {companies} = u.company
WHERE u.source <> 'kushim';
INSERT INTO raw.receipt ({receipt})
SELECT {tenant}, u.source || u.stream || u.scope || {tenant}, {mine_connection}, u.source, {mine_account}, u.stream,
    u.scope, u.outcome, u.outcome <> 'denied', 1, u.records, NULL, NULL, NULL, NULL,
    CAST(u.collected_at AS TIMESTAMPTZ), CAST(u.collected_at AS TIMESTAMPTZ), NULL, '1', {digest}, NULL, {digest}, NULL,
    1, current_timestamp
FROM model_unit AS u JOIN generate_series({first}, {last}) AS t(n) ON t.n % {companies} = u.company
WHERE u.source <> 'kushim';
INSERT INTO raw.receipt_error
SELECT {tenant}, 'aws' || e.stream || e.scope || {tenant}, {mine_connection}, e.stream, e.scope,
    replace(replace(e.resource_id, '{account}', {new_account}), '{org}', {new_org}), e.reason, 'Read', 'planted'
FROM model_error AS e
JOIN (SELECT DISTINCT connection_id, company FROM model_unit WHERE source = 'aws') AS u ON u.company = e.company
JOIN generate_series({first}, {last}) AS t(n) ON t.n % {companies} = u.company;
INSERT INTO raw.record
SELECT {tenant}, {mine_connection}, u.source, {mine_account}, u.stream, u.scope,
    replace(replace(replace(u.resource_id, '{account}', {new_account}), '{org}', {new_org}), 'TENANT', {tenant}),
    u.content_hash, CAST(replace(replace(u.body, '{account}', {new_account}), '{org}', {new_org}) AS JSON),
    {digest}, NULL, CAST(u.collected_at AS TIMESTAMPTZ), CAST(u.collected_at AS TIMESTAMPTZ), NULL, current_timestamp
FROM model_record AS u JOIN generate_series({first}, {last}) AS t(n) ON t.n % {companies} = u.company;
"""
_NAMES = {
    "receipt": RECEIPT,
    "tenant": "('tenant-' || lpad(CAST(t.n AS VARCHAR), 5, '0'))",
    "new_account": "lpad(CAST(100000000000 + t.n AS VARCHAR), 12, '0')",
    "new_org": "('org-' || lpad(CAST(t.n AS VARCHAR), 5, '0'))",
    "digest": "(md5(u.stream || u.scope || t.n) || md5(u.scope || t.n))",
    "account": ACCOUNT,
    "org": ORG,
    "companies": str(COMPANIES),
}


def fill(warehouse: Warehouse, catalogue: Catalogue, tenants: int) -> int:
    """Load tenants 1 to `tenants`. Out: how many records."""
    with warehouse.transaction():
        _model(warehouse, catalogue)
    mine = "replace(replace({}, '{account}', {new_account}), '{org}', {new_org})"
    names = _NAMES | {
        name: mine.format(f"replace(u.{column}, 'TENANT', {_NAMES['tenant']})", **_NAMES)
        for name, column in (("mine_connection", "connection_id"), ("mine_account", "account_id"))
    }
    for first in range(1, tenants + 1, BATCH):
        with warehouse.transaction():
            warehouse.script(_UNITS.format(**names, first=first, last=min(first + BATCH - 1, tenants)))
    for table in ("raw.unit", "raw.plan", "raw.receipt", "raw.receipt_error", "raw.record"):
        warehouse.refresh_statistics(table)
    return int(warehouse.query("SELECT count(*) FROM raw.record").rows[0][0])


def _model(warehouse: Warehouse, catalogue: Catalogue) -> None:
    """The companies that tenants are copies of, in temporary tables."""
    warehouse.script(
        """
        CREATE TEMPORARY TABLE model_unit (company INTEGER, connection_id VARCHAR, source VARCHAR, account_id VARCHAR,
            stream VARCHAR, scope VARCHAR, outcome VARCHAR, records INTEGER, collected_at VARCHAR);
        CREATE TEMPORARY TABLE model_error (company INTEGER, stream VARCHAR, scope VARCHAR, resource_id VARCHAR,
            reason VARCHAR);
        CREATE TEMPORARY TABLE model_record (company INTEGER, connection_id VARCHAR, source VARCHAR, account_id VARCHAR,
            stream VARCHAR, scope VARCHAR, resource_id VARCHAR, content_hash VARCHAR, body VARCHAR,
            collected_at VARCHAR);
        """
    )
    units: list[tuple[Any, ...]] = []
    errors: list[tuple[Any, ...]] = []
    records: list[tuple[Any, ...]] = []
    for number in range(COMPANIES):
        places, found = _places(number), list(_records(catalogue, number))
        outcomes, unread = trouble(number)
        counts: dict[tuple[str, str], int] = {}
        for stream, scope, resource_id, body in found:
            if outcomes.get((stream, scope)) == "denied":
                continue
            counts[stream, scope] = counts.get((stream, scope), 0) + 1
            text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
            source, connection, account = places[stream, scope]
            hashed = hashlib.sha256(text).hexdigest()
            row = (number, connection, source, account, stream, scope, resource_id, hashed, text.decode())
            records.append((*row, COLLECTED.isoformat()))
        for (stream, scope), (source, connection, account) in places.items():
            outcome = outcomes.get((stream, scope), "complete")
            outcome = "partial" if any(e[:2] == (stream, scope) for e in unread) else outcome
            row = (number, connection, source, account, stream, scope, outcome, counts.get((stream, scope), 0))
            units.append((*row, COLLECTED.isoformat()))
            if outcome == "partial" and (stream, scope) in outcomes:
                errors.append((number, stream, scope, None, "incomplete"))
        errors += [(number, *resource, "denied") for resource in unread]
    warehouse.load(
        "model_unit",
        ("company", "connection_id", "source", "account_id", "stream", "scope", "outcome", "records", "collected_at"),
        units,
    )
    warehouse.load("model_error", ("company", "stream", "scope", "resource_id", "reason"), errors)
    warehouse.load(
        "model_record",
        ("company", "connection_id", "source", "account_id", "stream", "scope", "resource_id", "content_hash", "body",
         "collected_at"),
        records,
    )  # fmt: skip


def _places(number: int) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Of every unit of a company: source, connection and account."""
    connections = [
        {"source": "aws", "account_id": ACCOUNT, "regions": list(REGIONS)},
        {"source": "github", "org": ORG, "token": "env:T"},
    ]
    tenant = TenantConfig.model_validate(
        {"tenant": f"model-{number}", "name": "Model", "frameworks": ["soc2"], "connections": connections}
    )
    found = {(u.stream, u.scope): (u.source, u.connection_id, u.account_id) for u in expected_units(tenant)}
    own = ("kushim", "kushim:TENANT", "TENANT")
    return found | {(f"kushim.{name}", "global"): own for name in ("tenant", "policy", "exception")}


def _records(catalogue: Catalogue, number: int) -> Any:
    yield from company(number)
    frameworks = sorted(catalogue.frameworks)[: 2 + number % 2]
    yield "kushim.tenant", "global", "TENANT", {"name": "Made up", "frameworks": frameworks}
    yield "kushim.policy", "global", "TENANT", resolve(catalogue.policy, {})
    yield "kushim.exception", "global", "EX-1", {
        "check": "AWS-S3-001", "resource": ACCOUNT, "reason": "a website lives here", "requested_by": "web",
        "approved_by": "security", "until": "2026-12-31",
    }  # fmt: skip
