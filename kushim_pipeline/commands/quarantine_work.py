"""What `kushim quarantine` shows: records that a collection set aside, and those that a fact table could not use."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from kushim_pipeline.commands.output import show
from kushim_pipeline.commands.read import refuse_unknown
from kushim_pipeline.settings import Settings

if TYPE_CHECKING:
    from kushim_pipeline.evidence.store import EvidenceStore
    from kushim_pipeline.warehouse.engine import Reader

COLUMNS = (
    "tenant_id", "connection_id", "source", "stream", "scope", "resource_id", "where", "reason", "evidence_sha256",
    "receipt_sha256",
)  # fmt: skip
_COLLECTED = """
SELECT r.tenant_id, r.connection_id, r.source, r.stream, r.scope, e.resource_id, e.operation, e.message,
    r.receipt_sha256
FROM raw.receipt_error AS e
JOIN raw.receipt AS r ON r.tenant_id = e.tenant_id AND r.collection_id = e.collection_id
JOIN raw.unit AS u
    ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.stream = r.stream AND u.scope = r.scope
WHERE e.reason = 'quarantined' AND r.superseded_at IS NULL AND u.valid_to IS NULL
"""
# One for each table; the names are the warehouse's own.
_FACTS = """
SELECT q.tenant_id, q.connection_id, q.scope, q.resource_id, q.missing, max(f.evidence_sha256) AS evidence_sha256
FROM facts.quarantine AS q
LEFT JOIN facts.{table} AS f
    ON f.tenant_id = q.tenant_id AND f.connection_id = q.connection_id AND f.resource_id = q.resource_id
    AND f.scope = q.scope
WHERE q.fact_table = '{table}'
GROUP BY q.tenant_id, q.connection_id, q.scope, q.resource_id, q.missing
"""
_TABLE = re.compile(r"[a-z][a-z0-9_]*")
Row = tuple[object, ...]


def quarantine(settings: Settings, tenants: Sequence[str], form: str) -> None:
    """Print a row for each record that is set aside. `evidence_sha256` is the answer that it stands in, empty where
    that cannot be told. Raises UsageError for an unknown tenant, and what opening the warehouse raises."""
    from kushim_pipeline.stores import open_stores
    from kushim_pipeline.warehouse import open_reader

    # A login behind the walls of Postgres sees one tenant at a time.
    with open_reader(settings.warehouse_url, tenants[0] if len(tenants) == 1 else None) as reader:
        found = [*_collected(reader, open_stores(settings).evidence, tenants), *_of_facts(reader, tenants)]
        if tenants and not found:
            known = reader.query("SELECT tenant_id FROM verdict.tenant ORDER BY tenant_id").rows
            refuse_unknown("tenant", tenants, [str(row[0]) for row in known])
    show(COLUMNS, sorted(found, key=lambda row: [str(value or "") for value in row]), form)


def _collected(reader: "Reader", store: "EvidenceStore", tenants: Sequence[str]) -> list[Row]:
    """What the last collections set aside."""
    finder = _Pages(store)
    return [
        (*unit, resource_id, operation, message, finder.page(str(unit[0]), receipt, operation, resource_id), receipt)
        for *unit, resource_id, operation, message, receipt in reader.query(_COLLECTED).rows
        if not tenants or unit[0] in tenants
    ]


def _of_facts(reader: "Reader", tenants: Sequence[str]) -> list[Row]:
    """The rows of fact tables in which a field that is needed is missing, renamed or of another type."""
    from kushim_pipeline.catalogue.load import SQL_ROOT, load_facts

    facts = load_facts(SQL_ROOT / "facts")
    tables = [str(row[0]) for row in reader.query("SELECT DISTINCT fact_table FROM facts.quarantine").rows]
    found: list[Row] = []
    for table in sorted(table for table in tables if _TABLE.fullmatch(table)):
        stream = facts[table].population_streams[0] if table in facts else ""
        for tenant, connection, scope, resource_id, missing, evidence in reader.query(_FACTS.format(table=table)).rows:
            if not tenants or tenant in tenants:
                words = f"no usable {', '.join(str(missing).split())}"
                where = f"facts.{table}"
                source = stream.partition(".")[0]
                found.append((tenant, connection, source, stream, scope, resource_id, where, words, evidence, None))
    return found


class _Pages:
    """Finds the answer that a record stands in: of the call that the receipt names, the only one, or the one in whose
    bytes its id stands."""

    def __init__(self, store: "EvidenceStore") -> None:
        self._store = store
        self._receipt = cache(self._read)

    def page(self, tenant_id: str, receipt: str, operation: str, resource_id: str | None) -> str | None:
        """The digest; None where there is none, or where the evidence is not here or cannot be opened."""
        asked = [digest for named, digest in self._receipt(tenant_id, receipt) if named == operation]
        if len(asked) == 1 or not resource_id:
            return asked[0] if len(asked) == 1 else None
        wanted = resource_id.encode()
        holding = [digest for digest in asked if wanted in (self._bytes(tenant_id, digest) or b"")]
        return holding[0] if len(holding) == 1 else None

    def _read(self, tenant_id: str, receipt: str) -> list[tuple[str, str]]:
        from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceMissing, EvidenceShredded
        from kushim_pipeline.evidence.verify import read_receipt

        try:
            pages = read_receipt(self._store, tenant_id, receipt).pages
        except (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded, ValueError):
            return []
        return list(dict.fromkeys((page.operation, page.sha256) for page in pages))

    def _bytes(self, tenant_id: str, digest: str) -> bytes | None:
        from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceMissing, EvidenceShredded

        try:
            return self._store.get(tenant_id, digest)
        except (EvidenceMissing, EvidenceCorrupt, EvidenceLocked, EvidenceShredded):
            return None
