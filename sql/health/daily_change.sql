-- The days on which what is said to have changed is not what the intervals say.
SELECT
    coalesce(s.tenant_id, r.tenant_id) || ' ' || coalesce(s.check_id, r.check_id) || ' ' || coalesce(s.source, r.source)
    || ' ' || coalesce(s.status, r.status) || ' on ' || CAST(coalesce(s.day, r.day) AS VARCHAR)
    || ': verdict.daily_change says ' || coalesce(s.step, 0) || ', the intervals say ' || coalesce(r.step, 0) AS fault
FROM (
    SELECT q.tenant_id, q.check_id, q.source, q.status, q.day, CAST(sum(q.step) AS BIGINT) AS step
    FROM verdict.daily_change AS q
    GROUP BY q.tenant_id, q.check_id, q.source, q.status, q.day
) AS s
FULL JOIN (
    SELECT c.tenant_id, c.check_id, c.source, c.status, c.day, CAST(sum(c.step) AS BIGINT) AS step
    FROM (
        SELECT
            o.tenant_id, o.check_id, split_part(o.connection_id, ':', 1) AS source, o.status,
            CAST(o.valid_from AS DATE) AS day, 1 AS step
        FROM verdict.check_result AS o
        UNION ALL
        SELECT
            o.tenant_id, o.check_id, split_part(o.connection_id, ':', 1), o.status, CAST(o.valid_to AS DATE), -1
        FROM verdict.check_result AS o
        WHERE o.valid_to IS NOT NULL
    ) AS c
    GROUP BY c.tenant_id, c.check_id, c.source, c.status, c.day
) AS r
    ON r.tenant_id = s.tenant_id AND r.check_id = s.check_id AND r.source = s.source AND r.status = s.status
    AND r.day = s.day
WHERE coalesce(s.step, 0) <> coalesce(r.step, 0)
ORDER BY 1
