-- Law 1, for all checks at once: what was not observed is UNKNOWN, whatever the check answered.

-- Problems that concern whole scopes. A row of the whole account is concerned by every scope, and a problem of the whole
-- account concerns every row.
DELETE FROM verdict.block;
INSERT INTO verdict.block
SELECT
    w.check_id, w.tenant_id, w.connection_id, k.scope, min(w.priority), max(w.evidence_sha256),
    -- Where the population itself is not known, its rows are yesterday's: one row for the population stands for them.
    bool_or(w.is_population AND w.resource_id IS NULL)
FROM verdict.problem AS w
JOIN (
    SELECT DISTINCT u.tenant_id, u.connection_id, u.scope FROM verdict.unit_state AS u
    UNION
    SELECT DISTINCT u.tenant_id, u.connection_id, 'global' FROM verdict.unit_state AS u
) AS k
    ON k.tenant_id = w.tenant_id
    AND k.connection_id = w.connection_id
    AND (k.scope = w.scope OR w.scope = 'global' OR k.scope = 'global')
WHERE w.resource_id IS NULL OR (NOT w.is_population AND NOT w.in_population)
GROUP BY w.check_id, w.tenant_id, w.connection_id, k.scope;

DELETE FROM verdict.stage AS s
USING verdict.block AS b
WHERE b.hides_rows
    AND b.check_id = s.check_id
    AND b.tenant_id = s.tenant_id
    AND b.connection_id = s.connection_id
    AND b.scope = s.scope;

UPDATE verdict.stage AS s
SET status = 'UNKNOWN', reason = w.reason
FROM verdict.block AS b
JOIN verdict.reason AS w ON w.priority = b.priority
WHERE b.check_id = s.check_id
    AND b.tenant_id = s.tenant_id
    AND b.connection_id = s.connection_id
    AND b.scope = s.scope;

-- Single resources. Where the whole scope is blocked too, the more telling word stands.
UPDATE verdict.stage AS s
SET status = 'UNKNOWN', reason = w.reason
FROM (
    SELECT q.check_id, q.tenant_id, q.connection_id, q.resource_id, min(q.priority) AS priority
    FROM verdict.problem AS q
    WHERE q.resource_id IS NOT NULL
    GROUP BY q.check_id, q.tenant_id, q.connection_id, q.resource_id
) AS r
JOIN verdict.reason AS w ON w.priority = r.priority
WHERE r.check_id = s.check_id
    AND r.tenant_id = s.tenant_id
    AND r.connection_id = s.connection_id
    AND r.resource_id = s.resource_id
    AND (
        s.status <> 'UNKNOWN'
        OR r.priority < (SELECT o.priority FROM verdict.reason AS o WHERE o.reason = s.reason)
    );

-- Resources that were listed but could not be read at all.
INSERT INTO verdict.stage (tenant_id, check_id, connection_id, scope, resource_id, status, reason, evidence_sha256)
SELECT r.tenant_id, r.check_id, r.connection_id, r.scope, r.resource_id, 'UNKNOWN', w.reason, r.evidence
FROM (
    SELECT q.check_id, q.tenant_id, q.connection_id, q.resource_id, min(q.scope) AS scope, min(q.priority) AS priority,
        max(q.evidence_sha256) AS evidence
    FROM verdict.problem AS q
    WHERE q.is_population AND q.resource_id IS NOT NULL AND NOT q.in_population
    GROUP BY q.check_id, q.tenant_id, q.connection_id, q.resource_id
) AS r
JOIN verdict.reason AS w ON w.priority = r.priority
LEFT JOIN verdict.block AS b
    ON b.hides_rows AND b.check_id = r.check_id AND b.tenant_id = r.tenant_id AND b.connection_id = r.connection_id
    AND b.scope = r.scope
WHERE b.check_id IS NULL;

-- Populations that could not be read: one row for each, named by the account.
INSERT INTO verdict.stage (tenant_id, check_id, connection_id, scope, resource_id, status, reason, evidence_sha256)
SELECT g.tenant_id, g.check_id, g.connection_id, 'global', g.account_id, 'UNKNOWN', w.reason, g.evidence
FROM (
    SELECT q.check_id, q.tenant_id, q.connection_id, q.account_id, min(q.priority) AS priority,
        max(q.evidence_sha256) AS evidence
    FROM verdict.problem AS q
    WHERE q.is_population AND q.resource_id IS NULL
    GROUP BY q.check_id, q.tenant_id, q.connection_id, q.account_id
) AS g
JOIN verdict.reason AS w ON w.priority = g.priority;
