-- Collections that read only what changed: what they build on, how many resources there are with them, where the next one
-- goes on, and as of when all of the population is known. Portable: DuckDB and Postgres run this file.

ALTER TABLE raw.receipt ADD COLUMN base_sha256 VARCHAR;
ALTER TABLE raw.receipt ADD COLUMN population INTEGER;
ALTER TABLE raw.receipt ADD COLUMN cursor JSON;
ALTER TABLE raw.receipt ADD COLUMN proven_at TIMESTAMPTZ;

-- The last collection of every expected unit at ops.clock; a unit that was never collected has NULLs.
CREATE OR REPLACE VIEW raw.last_receipt_asof AS
SELECT
    u.tenant_id, u.connection_id, u.source, u.account_id, u.stream, u.scope, u.valid_from AS expected_since,
    CASE WHEN p.planned_at >= u.valid_from THEN p.planned_at END AS planned_at, r.collection_id, r.outcome, r.lists_all,
    r.pages, r.records, r.declared_total, r.declared_by, r.error, r.started_at, r.finished_at, r.receipt_sha256,
    r.last_page_sha256, r.proven_at, r.population
FROM raw.unit_asof AS u
LEFT JOIN (
    SELECT q.*
    FROM raw.receipt AS q
    CROSS JOIN ops.clock AS c
    WHERE q.finished_at <= c.as_of AND (q.superseded_at IS NULL OR q.superseded_at > c.as_of)
) AS r
    ON r.tenant_id = u.tenant_id AND r.connection_id = u.connection_id AND r.stream = u.stream AND r.scope = u.scope
LEFT JOIN (
    SELECT q.*
    FROM raw.plan AS q
    CROSS JOIN ops.clock AS c
    WHERE q.planned_at <= c.as_of AND (q.superseded_at IS NULL OR q.superseded_at > c.as_of)
) AS p
    ON p.tenant_id = u.tenant_id AND p.connection_id = u.connection_id;
