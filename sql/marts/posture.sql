/*
title: How many verdicts of each status stood at the end of every day with an evaluation
columns:
  day: a day in UTC
  results: how many verdicts of that status stood at its end; every status is listed, so a score never stands alone
*/
CREATE OR REPLACE VIEW mart_v1.posture AS
WITH change AS (
    SELECT o.tenant_id, split_part(o.connection_id, ':', 1) AS source, o.status, CAST(o.valid_from AS DATE) AS day, 1 AS step
    FROM verdict.check_result AS o
    UNION ALL
    SELECT o.tenant_id, split_part(o.connection_id, ':', 1), o.status, CAST(o.valid_to AS DATE), -1
    FROM verdict.check_result AS o
    WHERE o.valid_to IS NOT NULL
),
daily AS (
    SELECT tenant_id, source, status, day, sum(step) AS step
    FROM change
    GROUP BY tenant_id, source, status, day
),
every_day AS (
    SELECT DISTINCT CAST(e.as_of AS DATE) AS day FROM verdict.evaluation AS e
    UNION
    SELECT DISTINCT d.day FROM daily AS d
),
grid AS (
    SELECT k.tenant_id, k.source, s.status, e.day
    FROM (SELECT DISTINCT d.tenant_id, d.source FROM daily AS d) AS k
    CROSS JOIN (VALUES ('PASS'), ('FAIL'), ('UNKNOWN'), ('NOT_APPLICABLE'), ('EXCEPTED')) AS s(status)
    CROSS JOIN every_day AS e
)
SELECT
    g.tenant_id,
    g.source,
    g.day,
    g.status,
    CAST(
        sum(coalesce(d.step, 0)) OVER (PARTITION BY g.tenant_id, g.source, g.status ORDER BY g.day) AS BIGINT
    ) AS results
FROM grid AS g
LEFT JOIN daily AS d
    ON d.tenant_id = g.tenant_id AND d.source = g.source AND d.status = g.status AND d.day = g.day;
