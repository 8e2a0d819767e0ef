-- Law 1, for all checks at once: what was not observed is UNKNOWN, whatever the check answered.

-- Problems that concern whole scopes. A row of the whole account is concerned by every scope, and a problem of the whole
-- account concerns every row.
INSERT INTO stage_block
SELECT
    w.check_id, w.tenant_id, w.connection_id, k.scope, min(w.priority), max(w.evidence_sha256),
    -- Where the population itself is not known, its rows are yesterday's: one row for the population stands for them.
    bool_or(w.is_population AND w.resource_id IS NULL)
FROM stage_problem AS w
JOIN (
    SELECT DISTINCT u.tenant_id, u.connection_id, u.scope FROM stage_unit_state AS u
    UNION
    SELECT DISTINCT u.tenant_id, u.connection_id, 'global' FROM stage_unit_state AS u
) AS k
    ON k.tenant_id = w.tenant_id
    AND k.connection_id = w.connection_id
    AND (k.scope = w.scope OR w.scope = 'global' OR k.scope = 'global')
WHERE w.resource_id IS NULL OR (NOT w.is_population AND NOT w.in_population)
GROUP BY w.check_id, w.tenant_id, w.connection_id, k.scope;

DELETE FROM stage_verdict AS s
USING stage_block AS b
WHERE b.hides_rows
    AND b.check_id = s.check_id
    AND b.tenant_id = s.tenant_id
    AND b.connection_id = s.connection_id
    AND b.scope = s.scope;

UPDATE stage_verdict AS s
SET status = 'UNKNOWN', reason = w.reason
FROM stage_block AS b
JOIN verdict.reason AS w ON w.priority = b.priority
WHERE b.check_id = s.check_id
    AND b.tenant_id = s.tenant_id
    AND b.connection_id = s.connection_id
    AND b.scope = s.scope;

-- Single resources. Where the whole scope is blocked too, the more telling word stands; the check's own word, which knows
-- nothing of receipts, never does.
UPDATE stage_verdict AS s
SET status = 'UNKNOWN', reason = w.reason
FROM (
    SELECT q.check_id, q.tenant_id, q.connection_id, q.resource_id, min(q.priority) AS priority
    FROM stage_problem AS q
    WHERE q.resource_id IS NOT NULL
    GROUP BY q.check_id, q.tenant_id, q.connection_id, q.resource_id
) AS r
JOIN verdict.reason AS w ON w.priority = r.priority
WHERE r.check_id = s.check_id
    AND r.tenant_id = s.tenant_id
    AND r.connection_id = s.connection_id
    AND r.resource_id = s.resource_id
    AND NOT EXISTS (
        SELECT 1
        FROM stage_block AS b
        WHERE b.check_id = s.check_id
            AND b.tenant_id = s.tenant_id
            AND b.connection_id = s.connection_id
            AND b.scope = s.scope
            AND b.priority <= r.priority
    );

-- Resources that were listed but could not be read at all.
INSERT INTO stage_verdict (tenant_id, check_id, connection_id, scope, resource_id, status, reason, evidence_sha256)
SELECT r.tenant_id, r.check_id, r.connection_id, r.scope, r.resource_id, 'UNKNOWN', w.reason, r.evidence
FROM (
    SELECT q.check_id, q.tenant_id, q.connection_id, q.resource_id, min(q.scope) AS scope, min(q.priority) AS priority,
        max(q.evidence_sha256) AS evidence
    FROM stage_problem AS q
    WHERE q.is_population AND q.resource_id IS NOT NULL AND NOT q.in_population
    GROUP BY q.check_id, q.tenant_id, q.connection_id, q.resource_id
) AS r
JOIN verdict.reason AS w ON w.priority = r.priority
LEFT JOIN stage_block AS b
    ON b.hides_rows AND b.check_id = r.check_id AND b.tenant_id = r.tenant_id AND b.connection_id = r.connection_id
    AND b.scope = r.scope
WHERE b.check_id IS NULL;

-- Populations that could not be read: one row for each, named by the account.
INSERT INTO stage_verdict (tenant_id, check_id, connection_id, scope, resource_id, status, reason, evidence_sha256)
SELECT g.tenant_id, g.check_id, g.connection_id, 'global', g.account_id, 'UNKNOWN', w.reason, g.evidence
FROM (
    SELECT q.check_id, q.tenant_id, q.connection_id, q.account_id, min(q.priority) AS priority,
        max(q.evidence_sha256) AS evidence
    FROM stage_problem AS q
    WHERE q.is_population AND q.resource_id IS NULL
    GROUP BY q.check_id, q.tenant_id, q.connection_id, q.account_id
) AS g
JOIN verdict.reason AS w ON w.priority = g.priority;
