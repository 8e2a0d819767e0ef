-- What has landed, counted per source: a column for each way in which receipts and records may be wrong. Receipts are
-- immutable, so only those that came in during the last seven days are looked at again.

WITH recent AS (
    SELECT r.* FROM raw.receipt AS r WHERE r.recorded_at > current_timestamp - INTERVAL '7 days'
),

receipts AS (
    SELECT
        r.source,
        count(*) AS looked_at,
        count(*) FILTER (WHERE r.outcome NOT IN ('complete', 'partial', 'denied', 'failed')) AS unknown_outcome,
        count(*) FILTER (
            WHERE '' IN (
                coalesce(r.tenant_id, ''), coalesce(r.connection_id, ''), coalesce(r.account_id, ''), coalesce(r.stream, ''),
                coalesce(r.scope, ''), coalesce(r.receipt_sha256, ''), coalesce(r.contents_sha256, '')
            )
        ) AS missing_key,
        count(*) FILTER (WHERE r.pages < 0 OR r.records < 0 OR r.declared_total < 0) AS negative_number,
        count(*) - count(DISTINCT r.collection_id) AS repeated_collection,
        count(*) FILTER (
            WHERE r.outcome = 'complete' AND r.declared_total IS NOT NULL AND r.declared_total <> coalesce(r.population, r.records)
        ) AS unreconciled,
        count(*) FILTER (
            WHERE r.outcome = 'complete'
            AND r.collection_id IN (SELECT e.collection_id FROM raw.receipt_error AS e)
        ) AS complete_with_errors,
        count(*) FILTER (WHERE r.finished_at < r.started_at) AS backwards
    FROM recent AS r
    GROUP BY r.source
),

-- The last whole reading of every unit that is expected; after a complete one its records are the current versions.
whole AS (
    SELECT DISTINCT ON (r.tenant_id, r.connection_id, r.stream, r.scope)
        r.tenant_id, r.connection_id, r.source, r.stream, r.scope, r.outcome,
        coalesce(r.population, r.records) AS records
    FROM raw.receipt AS r
    JOIN raw.unit AS u
        ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.stream = r.stream AND u.scope = r.scope
    WHERE r.lists_all AND u.valid_to IS NULL
    ORDER BY r.tenant_id, r.connection_id, r.stream, r.scope, r.ledger_sequence DESC
),

current_record AS (
    SELECT
        r.tenant_id, r.connection_id, r.source, r.stream, r.scope,
        count(*) AS versions,
        count(DISTINCT r.resource_id) AS resources
    FROM raw.record AS r
    WHERE r.valid_to IS NULL
    GROUP BY r.tenant_id, r.connection_id, r.source, r.stream, r.scope
),

lost AS (
    SELECT w.source, count(*) AS units
    FROM whole AS w
    LEFT JOIN current_record AS c
        ON c.tenant_id = w.tenant_id AND c.connection_id = w.connection_id AND c.stream = w.stream AND c.scope = w.scope
    WHERE w.outcome = 'complete' AND w.records <> coalesce(c.resources, 0)
    GROUP BY w.source
),

doubled AS (
    SELECT c.source, sum(c.versions - c.resources) AS versions FROM current_record AS c GROUP BY c.source
)

SELECT
    s.source AS subject,
    coalesce(r.looked_at, 0) AS looked_at,
    coalesce(r.unknown_outcome, 0) AS unknown_outcome,
    coalesce(r.missing_key, 0) AS missing_key,
    coalesce(r.negative_number, 0) AS negative_number,
    coalesce(r.repeated_collection, 0) AS repeated_collection,
    coalesce(r.unreconciled, 0) AS unreconciled,
    coalesce(r.complete_with_errors, 0) AS complete_with_errors,
    coalesce(r.backwards, 0) AS backwards,
    coalesce(l.units, 0) AS lost_records,
    coalesce(d.versions, 0) AS two_versions
FROM (
    SELECT u.source FROM raw.unit AS u
    UNION
    SELECT q.source FROM raw.receipt AS q
) AS s
LEFT JOIN receipts AS r ON r.source = s.source
LEFT JOIN lost AS l ON l.source = s.source
LEFT JOIN doubled AS d ON d.source = s.source
