-- One check, all tenants. The engine fills in the names in double braces: from the check's header, and the check's own
-- SELECT as the answer. Every applicable row of the population gets exactly one row here.

INSERT INTO verdict.stage (tenant_id, check_id, connection_id, resource_id, status, reason, evidence_sha256)
WITH population AS (
    SELECT f.tenant_id, f.connection_id, f.account_id, f.scope, f.resource_id, f.evidence_sha256, f.unreadable,
        ({{applies_to}}) AS applies
    FROM facts.{{population}} AS f
),
answer AS (
    SELECT DISTINCT ON (a.tenant_id, a.resource_id) a.tenant_id, a.resource_id, a.status, a.reason
    FROM ({{check_sql}}) AS a
    -- Several answers for one resource: the worst counts.
    ORDER BY a.tenant_id, a.resource_id, CASE a.status WHEN 'FAIL' THEN 1 WHEN 'PASS' THEN 3 ELSE 2 END
),
problem AS (
    SELECT * FROM verdict.problem WHERE check_id = '{{check_id}}'
),
-- A problem of one resource that is in the population concerns that resource alone …
resource_problem AS (
    SELECT q.tenant_id, q.connection_id, q.resource_id, min(q.priority) AS priority, max(q.evidence_sha256) AS evidence
    FROM problem AS q
    WHERE q.resource_id IS NOT NULL
    GROUP BY q.tenant_id, q.connection_id, q.resource_id
),
-- … every other problem concerns all rows of its scope, and a row of the whole account is concerned by every scope.
wide_problem AS (
    SELECT q.tenant_id, q.connection_id, q.account_id, q.scope, q.is_population AND q.resource_id IS NULL AS hides_rows,
        q.priority, q.evidence_sha256
    FROM problem AS q
    WHERE q.resource_id IS NULL
        OR (
            NOT q.is_population
            AND NOT EXISTS (
                SELECT 1 FROM population AS p WHERE p.tenant_id = q.tenant_id AND p.resource_id = q.resource_id
            )
        )
),
blocked AS (
    SELECT w.tenant_id, w.connection_id, k.scope, min(w.priority) AS priority, max(w.evidence_sha256) AS evidence,
        bool_or(w.hides_rows) AS hides_rows
    FROM wide_problem AS w
    JOIN (SELECT DISTINCT u.tenant_id, u.connection_id, u.scope FROM verdict.unit_state AS u
          UNION SELECT DISTINCT u.tenant_id, u.connection_id, 'global' FROM verdict.unit_state AS u) AS k
        ON k.tenant_id = w.tenant_id
        AND k.connection_id = w.connection_id
        AND (k.scope = w.scope OR w.scope = 'global' OR k.scope = 'global')
    GROUP BY w.tenant_id, w.connection_id, k.scope
),
judged AS (
    SELECT p.tenant_id, p.connection_id, p.resource_id, a.status, a.reason,
        -- The word for UNKNOWN, if it is that: from receipts first, then from the row, then from the check itself.
        CASE
            WHEN r.priority IS NOT NULL OR b.priority IS NOT NULL THEN least(coalesce(r.priority, 9), coalesce(b.priority, 9))
            WHEN p.unreadable IS NOT NULL THEN 4
            WHEN p.applies IS NULL OR a.status IS NULL OR a.status NOT IN ('PASS', 'FAIL') THEN
                coalesce((SELECT w.priority FROM verdict.reason AS w WHERE w.reason = a.reason AND a.status = 'UNKNOWN'), 3)
        END AS priority,
        coalesce(p.evidence_sha256, r.evidence, b.evidence) AS evidence
    FROM population AS p
    LEFT JOIN answer AS a ON a.tenant_id = p.tenant_id AND a.resource_id = p.resource_id
    LEFT JOIN resource_problem AS r
        ON r.tenant_id = p.tenant_id AND r.connection_id = p.connection_id AND r.resource_id = p.resource_id
    LEFT JOIN blocked AS b ON b.tenant_id = p.tenant_id AND b.connection_id = p.connection_id AND b.scope = p.scope
    WHERE p.applies IS NOT FALSE AND b.hides_rows IS NOT TRUE
)
SELECT j.tenant_id, '{{check_id}}', j.connection_id, j.resource_id,
    CASE WHEN j.priority IS NULL THEN j.status ELSE 'UNKNOWN' END,
    CASE WHEN j.priority IS NULL THEN j.reason ELSE w.reason END,
    j.evidence
FROM judged AS j
LEFT JOIN verdict.reason AS w ON w.priority = j.priority
UNION ALL
-- Resources that were listed but could not be read at all.
SELECT r.tenant_id, '{{check_id}}', r.connection_id, r.resource_id, 'UNKNOWN', w.reason, r.evidence
FROM resource_problem AS r
JOIN verdict.reason AS w ON w.priority = r.priority
WHERE EXISTS (
        SELECT 1 FROM problem AS q
        WHERE q.is_population AND q.tenant_id = r.tenant_id AND q.connection_id = r.connection_id
            AND q.resource_id = r.resource_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM population AS p WHERE p.tenant_id = r.tenant_id AND p.resource_id = r.resource_id
    )
UNION ALL
-- Populations that could not be read: one row for each, named by the account.
SELECT g.tenant_id, '{{check_id}}', g.connection_id, g.account_id, 'UNKNOWN', w.reason, g.evidence
FROM (
    SELECT q.tenant_id, q.connection_id, q.account_id, min(q.priority) AS priority, max(q.evidence_sha256) AS evidence
    FROM problem AS q
    WHERE q.is_population AND q.resource_id IS NULL
    GROUP BY q.tenant_id, q.connection_id, q.account_id
) AS g
JOIN verdict.reason AS w ON w.priority = g.priority;
