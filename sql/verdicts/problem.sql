-- What stands between a check and its verdicts, from the receipts alone: a check that knows nothing of receipts cannot
-- pass on what was not observed.

-- Until when the verdicts of a check hold, for every connection: its oldest reading plus the check's limit. Readings of
-- another source count as much.
INSERT INTO stage_freshness (tenant_id, connection_id, check_id, collected_at, fresh_until)
SELECT
    k.tenant_id,
    k.connection_id,
    s.check_id,
    max(u.collected_at) FILTER (WHERE s.is_population),
    -- A unit that was never read leaves nothing to hold.
    CASE WHEN count(*) = count(u.collected_at) THEN min(u.collected_at + s.freshness_hours * INTERVAL '1 hour') END
FROM (SELECT DISTINCT u.tenant_id, u.connection_id, u.source FROM stage_unit_state AS u) AS k
JOIN catalogue.check_stream AS s ON s.check_source = k.source
JOIN stage_check AS e ON e.check_id = s.check_id
JOIN stage_unit_state AS u
    ON u.tenant_id = k.tenant_id
    AND u.stream = s.stream
    AND (u.connection_id = k.connection_id OR s.stream_source <> s.check_source)
GROUP BY k.tenant_id, k.connection_id, s.check_id;

-- 1. Units whose population is not known, or was read too long ago.
INSERT INTO stage_problem (
    check_id, tenant_id, connection_id, account_id, scope, resource_id, is_population, priority, evidence_sha256
)
SELECT
    s.check_id, u.tenant_id, u.connection_id, u.account_id, u.scope, NULL, s.is_population, w.priority, u.evidence_sha256
FROM stage_unit_state AS u
CROSS JOIN ops.clock AS c
JOIN catalogue.check_stream AS s ON s.stream = u.stream AND s.check_source = u.source
JOIN stage_check AS e ON e.check_id = s.check_id
JOIN verdict.reason AS w
    ON w.reason = coalesce(
        u.reason, CASE WHEN u.collected_at + s.freshness_hours * INTERVAL '1 hour' < c.as_of THEN 'stale' END
    );

-- 2. Streams that a check needs and that its connection does not offer, or, of another source, the tenant does not have.
INSERT INTO stage_problem (
    check_id, tenant_id, connection_id, account_id, scope, resource_id, is_population, priority, evidence_sha256
)
SELECT DISTINCT
    s.check_id, k.tenant_id, k.connection_id, k.account_id, 'global', NULL, s.is_population, 2, CAST(NULL AS VARCHAR)
FROM (SELECT DISTINCT u.tenant_id, u.connection_id, u.account_id, u.source FROM stage_unit_state AS u) AS k
JOIN catalogue.check_stream AS s ON s.check_source = k.source
JOIN stage_check AS e ON e.check_id = s.check_id
WHERE NOT EXISTS (
    SELECT 1
    FROM stage_unit_state AS u
    WHERE u.tenant_id = k.tenant_id
        AND u.stream = s.stream
        AND (u.connection_id = k.connection_id OR s.stream_source <> s.check_source)
);

-- 3. Streams of another source: what blocks them blocks the whole connection that is judged.
INSERT INTO stage_problem (
    check_id, tenant_id, connection_id, account_id, scope, resource_id, is_population, priority, evidence_sha256
)
SELECT
    s.check_id, k.tenant_id, k.connection_id, k.account_id, 'global', NULL, FALSE, w.priority, u.evidence_sha256
FROM (SELECT DISTINCT u.tenant_id, u.connection_id, u.account_id, u.source FROM stage_unit_state AS u) AS k
CROSS JOIN ops.clock AS c
JOIN catalogue.check_stream AS s ON s.check_source = k.source AND s.stream_source <> s.check_source
JOIN stage_check AS e ON e.check_id = s.check_id
JOIN stage_unit_state AS u ON u.tenant_id = k.tenant_id AND u.stream = s.stream
JOIN verdict.reason AS w
    ON w.reason = coalesce(
        u.reason, CASE WHEN u.collected_at + s.freshness_hours * INTERVAL '1 hour' < c.as_of THEN 'stale' END
    );

-- ... and so does a single resource of it that could not be read, or that a fact table had to quarantine: which of the rows
-- it would have changed is not known.
INSERT INTO stage_problem (
    check_id, tenant_id, connection_id, account_id, scope, resource_id, is_population, priority, evidence_sha256
)
SELECT DISTINCT
    s.check_id, k.tenant_id, k.connection_id, k.account_id, 'global', CAST(NULL AS VARCHAR), FALSE, x.priority,
    x.evidence_sha256
FROM (SELECT DISTINCT u.tenant_id, u.connection_id, u.account_id, u.source FROM stage_unit_state AS u) AS k
JOIN catalogue.check_stream AS s ON s.check_source = k.source AND s.stream_source <> s.check_source
JOIN stage_check AS e ON e.check_id = s.check_id
JOIN (
    SELECT u.tenant_id, u.stream, u.evidence_sha256, w.priority
    FROM raw.receipt_error AS r
    JOIN stage_unit_state AS u ON u.tenant_id = r.tenant_id AND u.collection_id = r.collection_id
    JOIN verdict.reason AS w ON w.reason = r.reason
    WHERE r.resource_id IS NOT NULL
    UNION ALL
    SELECT u.tenant_id, u.stream, u.evidence_sha256, 4
    FROM facts.quarantine AS q
    JOIN catalogue.fact_stream AS f ON f.fact_table = q.fact_table
    JOIN stage_unit_state AS u
        ON u.tenant_id = q.tenant_id AND u.connection_id = q.connection_id AND u.stream = f.stream AND u.scope = q.scope
) AS x ON x.tenant_id = k.tenant_id AND x.stream = s.stream;

-- 4. Single resources that could not be read.
INSERT INTO stage_problem (
    check_id, tenant_id, connection_id, account_id, scope, resource_id, is_population, priority, evidence_sha256
)
SELECT
    s.check_id, u.tenant_id, u.connection_id, u.account_id, u.scope, x.resource_id, s.is_population, w.priority,
    u.evidence_sha256
FROM raw.receipt_error AS x
JOIN stage_unit_state AS u ON u.tenant_id = x.tenant_id AND u.collection_id = x.collection_id
JOIN catalogue.check_stream AS s ON s.stream = u.stream AND s.check_source = u.source
JOIN stage_check AS e ON e.check_id = s.check_id
JOIN verdict.reason AS w ON w.reason = x.reason
WHERE x.resource_id IS NOT NULL;

-- 5. Records that a fact table had to quarantine.
INSERT INTO stage_problem (
    check_id, tenant_id, connection_id, account_id, scope, resource_id, is_population, priority, evidence_sha256
)
SELECT DISTINCT
    s.check_id, q.tenant_id, q.connection_id, u.account_id, q.scope, q.resource_id, s.is_population, 4, u.evidence_sha256
FROM facts.quarantine AS q
JOIN catalogue.fact_stream AS f ON f.fact_table = q.fact_table
JOIN catalogue.check_stream AS s ON s.stream = f.stream
JOIN stage_check AS e ON e.check_id = s.check_id
JOIN stage_unit_state AS u
    ON u.tenant_id = q.tenant_id AND u.connection_id = q.connection_id AND u.stream = f.stream AND u.scope = q.scope;
