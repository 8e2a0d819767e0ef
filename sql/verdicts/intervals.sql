-- From this evaluation's stage to intervals. What did not change adds no row; what changed is closed and opened; a verdict
-- whose evidence ran out before this evaluation ended when it ran out, and was unknown from then on.

-- 1. Evidence ran out since the last evaluation: the old verdict held until then, and UNKNOWN fills the gap.
INSERT INTO stage_closing
SELECT
    o.tenant_id, o.check_id, o.connection_id, o.resource_id, o.status, o.evidence_sha256, o.check_version, o.valid_from,
    greatest(f.fresh_until, o.valid_from), TRUE
FROM verdict.check_result AS o
CROSS JOIN ops.clock AS c
JOIN stage_check AS e ON e.check_id = o.check_id
JOIN verdict.freshness AS f
    ON f.tenant_id = o.tenant_id AND f.connection_id = o.connection_id AND f.check_id = o.check_id
WHERE o.valid_to IS NULL AND o.status <> 'UNKNOWN' AND f.fresh_until < c.as_of AND o.valid_from < c.as_of;

-- An interval without length covers no time and says nothing.
DELETE FROM verdict.check_result AS o
USING stage_closing AS k
WHERE o.valid_to IS NULL
    AND k.ended_at <= k.valid_from
    AND k.tenant_id = o.tenant_id
    AND k.check_id = o.check_id
    AND k.connection_id = o.connection_id
    AND k.resource_id = o.resource_id;

UPDATE verdict.check_result AS o
SET valid_to = k.ended_at
FROM stage_closing AS k
WHERE o.valid_to IS NULL
    AND k.tenant_id = o.tenant_id
    AND k.check_id = o.check_id
    AND k.connection_id = o.connection_id
    AND k.resource_id = o.resource_id;

INSERT INTO verdict.check_result
SELECT
    k.tenant_id, k.check_id, k.connection_id, k.resource_id, 'UNKNOWN', 'stale', k.evidence_sha256, k.check_version,
    k.ended_at, NULL, current_timestamp
FROM stage_closing AS k;

-- 2. Close what this evaluation no longer says.
INSERT INTO stage_closing
SELECT
    o.tenant_id, o.check_id, o.connection_id, o.resource_id, o.status, o.evidence_sha256, o.check_version, o.valid_from,
    c.as_of, FALSE
FROM verdict.check_result AS o
CROSS JOIN ops.clock AS c
WHERE o.valid_to IS NULL
    AND (
        o.check_id IN (SELECT e.check_id FROM stage_check AS e)
        OR o.check_id NOT IN (SELECT d.check_id FROM catalogue.check_definition AS d)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM stage_verdict AS s
        JOIN stage_check AS e ON e.check_id = s.check_id
        WHERE s.tenant_id = o.tenant_id
            AND s.check_id = o.check_id
            AND s.connection_id = o.connection_id
            AND s.resource_id = o.resource_id
            AND s.status = o.status
            AND s.reason IS NOT DISTINCT FROM o.reason
            AND e.check_version = o.check_version
    );

-- A second evaluation for the same as-of time takes back what the first one opened.
DELETE FROM verdict.check_result AS o
USING stage_closing AS k
WHERE o.valid_to IS NULL
    AND NOT k.ran_out
    AND k.ended_at <= k.valid_from
    AND k.tenant_id = o.tenant_id
    AND k.check_id = o.check_id
    AND k.connection_id = o.connection_id
    AND k.resource_id = o.resource_id;

UPDATE verdict.check_result AS o
SET valid_to = k.ended_at
FROM stage_closing AS k
WHERE o.valid_to IS NULL
    AND NOT k.ran_out
    AND k.tenant_id = o.tenant_id
    AND k.check_id = o.check_id
    AND k.connection_id = o.connection_id
    AND k.resource_id = o.resource_id;

-- 3. Open what it says anew.
INSERT INTO verdict.check_result
SELECT
    s.tenant_id, s.check_id, s.connection_id, s.resource_id, s.status, s.reason, s.evidence_sha256, e.check_version,
    c.as_of, NULL, current_timestamp
FROM stage_verdict AS s
JOIN stage_check AS e ON e.check_id = s.check_id
CROSS JOIN ops.clock AS c
WHERE NOT EXISTS (
    SELECT 1
    FROM verdict.check_result AS o
    WHERE o.valid_to IS NULL
        AND o.tenant_id = s.tenant_id
        AND o.check_id = s.check_id
        AND o.connection_id = s.connection_id
        AND o.resource_id = s.resource_id
);

-- 4. Remember until when these verdicts hold.
DELETE FROM verdict.freshness WHERE check_id IN (SELECT e.check_id FROM stage_check AS e);
INSERT INTO verdict.freshness SELECT f.* FROM stage_freshness AS f ORDER BY f.tenant_id, f.check_id;

-- 5. Write down what was evaluated.
INSERT INTO verdict.evaluated_check
SELECT c.as_of, e.check_id, e.check_version, coalesce(n.results, 0), e.error
FROM stage_check AS e
CROSS JOIN ops.clock AS c
LEFT JOIN (SELECT s.check_id, count(*) AS results FROM stage_verdict AS s GROUP BY s.check_id) AS n
    ON n.check_id = e.check_id;
