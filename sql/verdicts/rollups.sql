-- The counts that readers ask for, kept in step with this evaluation's intervals. Each tenant's rows are written side by
-- side, so that its readers find them on few pages.

DELETE FROM verdict.check_status
WHERE check_id IN (SELECT e.check_id FROM stage_check AS e)
    OR check_id NOT IN (SELECT d.check_id FROM catalogue.check_definition AS d);
INSERT INTO verdict.check_status
SELECT s.tenant_id, s.check_id, s.connection_id, s.status, count(*)
FROM stage_verdict AS s
GROUP BY s.tenant_id, s.check_id, s.connection_id, s.status
ORDER BY s.tenant_id, s.check_id;

INSERT INTO verdict.daily_change
SELECT d.tenant_id, d.check_id, split_part(d.connection_id, ':', 1), d.status, d.day, sum(d.step)
FROM (
    SELECT k.tenant_id, k.check_id, k.connection_id, k.status, CAST(k.ended_at AS DATE) AS day, -1 AS step
    FROM stage_closing AS k
    UNION ALL
    SELECT k.tenant_id, k.check_id, k.connection_id, 'UNKNOWN', CAST(k.ended_at AS DATE), 1
    FROM stage_closing AS k
    WHERE k.ran_out
    UNION ALL
    -- What was opened by this transaction, at its as-of time.
    SELECT o.tenant_id, o.check_id, o.connection_id, o.status, CAST(o.valid_from AS DATE), 1
    FROM verdict.check_result AS o
    CROSS JOIN ops.clock AS c
    WHERE o.valid_to IS NULL AND o.valid_from = c.as_of AND o.recorded_at = current_timestamp
) AS d
GROUP BY d.tenant_id, d.check_id, split_part(d.connection_id, ':', 1), d.status, d.day
HAVING sum(d.step) <> 0
ORDER BY d.tenant_id, d.day;
