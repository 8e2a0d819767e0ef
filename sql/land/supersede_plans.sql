-- A connection's newest plan supersedes those before it.

UPDATE raw.plan AS p
SET superseded_at = m.next_at
FROM (
    SELECT q.tenant_id, q.connection_id, q.planned_at, min(l.planned_at) AS next_at
    FROM raw.plan AS q
    JOIN raw.plan AS l
        ON l.tenant_id = q.tenant_id AND l.connection_id = q.connection_id AND l.planned_at > q.planned_at
    WHERE q.superseded_at IS NULL AND l.superseded_at IS NULL
    GROUP BY q.tenant_id, q.connection_id, q.planned_at
) AS m
WHERE p.superseded_at IS NULL
    AND p.tenant_id = m.tenant_id
    AND p.connection_id = m.connection_id
    AND p.planned_at = m.planned_at;
