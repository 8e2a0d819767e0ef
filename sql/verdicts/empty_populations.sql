-- Connections for which a check has nothing to judge: NOT_APPLICABLE where everything the check needs was read whole,
-- UNKNOWN where it was not. An empty list alone never passes.

INSERT INTO stage_verdict (tenant_id, check_id, connection_id, scope, resource_id, status, reason, evidence_sha256)
SELECT
    k.tenant_id, k.check_id, k.connection_id, 'global', k.account_id,
    CASE WHEN q.priority IS NULL THEN 'NOT_APPLICABLE' ELSE 'UNKNOWN' END,
    CASE WHEN q.priority IS NULL THEN 'the population was read whole and is empty' ELSE w.reason END,
    coalesce(q.evidence, k.evidence)
FROM (
    SELECT u.tenant_id, s.check_id, u.connection_id, u.account_id, max(u.evidence_sha256) AS evidence
    FROM stage_unit_state AS u
    JOIN catalogue.check_stream AS s ON s.stream = u.stream AND s.check_source = u.source AND s.is_population
    JOIN stage_check AS e ON e.check_id = s.check_id
    GROUP BY u.tenant_id, s.check_id, u.connection_id, u.account_id
) AS k
LEFT JOIN (
    SELECT p.tenant_id, p.check_id, p.connection_id, min(p.priority) AS priority, max(p.evidence_sha256) AS evidence
    FROM stage_problem AS p
    GROUP BY p.tenant_id, p.check_id, p.connection_id
) AS q ON q.tenant_id = k.tenant_id AND q.check_id = k.check_id AND q.connection_id = k.connection_id
LEFT JOIN verdict.reason AS w ON w.priority = q.priority
WHERE NOT EXISTS (
    SELECT 1
    FROM stage_verdict AS g
    WHERE g.tenant_id = k.tenant_id AND g.check_id = k.check_id AND g.connection_id = k.connection_id
);
