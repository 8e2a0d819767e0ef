/*
title: How many verdicts of each status stood at the end of every day with an evaluation
columns:
  day: a day in UTC
  results: how many verdicts of that status stood at its end; every status is listed, so a score never stands alone
*/
CREATE OR REPLACE VIEW mart_v1.posture AS
WITH daily AS (
    SELECT d.tenant_id, d.source, d.status, d.day, sum(d.step) AS step
    FROM verdict.daily_change AS d
    GROUP BY d.tenant_id, d.source, d.status, d.day
),
every_day AS (
    SELECT DISTINCT CAST(e.as_of AS DATE) AS day FROM verdict.evaluation AS e
    UNION
    SELECT DISTINCT d.day FROM daily AS d
)
SELECT
    g.tenant_id,
    g.source,
    g.day,
    g.status,
    CAST(sum(sum(g.step)) OVER (PARTITION BY g.tenant_id, g.source, g.status ORDER BY g.day) AS BIGINT) AS results
FROM (
    -- A day on which nothing changed has the sum up to it too.
    SELECT k.tenant_id, k.source, s.status, e.day, 0 AS step
    FROM (SELECT DISTINCT d.tenant_id, d.source FROM daily AS d) AS k
    CROSS JOIN (VALUES ('PASS'), ('FAIL'), ('UNKNOWN'), ('NOT_APPLICABLE'), ('EXCEPTED')) AS s(status)
    CROSS JOIN every_day AS e
    UNION ALL
    SELECT d.tenant_id, d.source, d.status, d.day, d.step FROM daily AS d
) AS g
GROUP BY g.tenant_id, g.source, g.day, g.status;
