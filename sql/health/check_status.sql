-- The counts of standing verdicts that are not what a recount gives.
SELECT
    coalesce(s.tenant_id, r.tenant_id) || ' ' || coalesce(s.check_id, r.check_id) || ' '
    || coalesce(s.connection_id, r.connection_id) || ' ' || coalesce(s.status, r.status) || ': verdict.check_status says '
    || coalesce(s.results, 0) || ', there are ' || coalesce(r.results, 0) AS fault
FROM (
    SELECT q.tenant_id, q.check_id, q.connection_id, q.status, CAST(sum(q.results) AS BIGINT) AS results
    FROM verdict.check_status AS q
    GROUP BY q.tenant_id, q.check_id, q.connection_id, q.status
) AS s
FULL JOIN (
    SELECT o.tenant_id, o.check_id, o.connection_id, o.status, count(*) AS results
    FROM verdict.check_result AS o
    WHERE o.valid_to IS NULL
    GROUP BY o.tenant_id, o.check_id, o.connection_id, o.status
) AS r
    ON r.tenant_id = s.tenant_id AND r.check_id = s.check_id AND r.connection_id = s.connection_id AND r.status = s.status
WHERE coalesce(s.results, 0) <> coalesce(r.results, 0)
ORDER BY 1
