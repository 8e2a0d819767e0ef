/*
title: How many verdicts of each status stood at the end of every day with an evaluation
columns:
  day: a day in UTC
  results: how many verdicts of that status stood at its end; every status is listed, so a score never stands alone
*/
CREATE OR REPLACE VIEW mart_v1.posture AS
-- A column for each status until the end: a fifth of the rows to sort and sum.
WITH daily AS (
    SELECT
        d.tenant_id, d.source, d.day,
        coalesce(sum(d.step) FILTER (WHERE d.status = 'PASS'), 0) AS pass,
        coalesce(sum(d.step) FILTER (WHERE d.status = 'FAIL'), 0) AS fail,
        coalesce(sum(d.step) FILTER (WHERE d.status = 'UNKNOWN'), 0) AS unknown,
        coalesce(sum(d.step) FILTER (WHERE d.status = 'NOT_APPLICABLE'), 0) AS not_applicable,
        coalesce(sum(d.step) FILTER (WHERE d.status = 'EXCEPTED'), 0) AS excepted
    FROM verdict.daily_change AS d
    GROUP BY d.tenant_id, d.source, d.day
),
every_day AS (
    SELECT DISTINCT CAST(e.as_of AS DATE) AS day FROM verdict.evaluation AS e
    UNION
    SELECT DISTINCT d.day FROM daily AS d
),
standing AS (
    SELECT
        g.tenant_id, g.source, g.day,
        sum(sum(g.pass)) OVER up_to_it AS pass,
        sum(sum(g.fail)) OVER up_to_it AS fail,
        sum(sum(g.unknown)) OVER up_to_it AS unknown,
        sum(sum(g.not_applicable)) OVER up_to_it AS not_applicable,
        sum(sum(g.excepted)) OVER up_to_it AS excepted
    FROM (
        -- A day on which nothing changed has the sum up to it too.
        SELECT k.tenant_id, k.source, e.day, 0 AS pass, 0 AS fail, 0 AS unknown, 0 AS not_applicable, 0 AS excepted
        FROM (SELECT DISTINCT d.tenant_id, d.source FROM daily AS d) AS k
        CROSS JOIN every_day AS e
        UNION ALL
        SELECT d.tenant_id, d.source, d.day, d.pass, d.fail, d.unknown, d.not_applicable, d.excepted FROM daily AS d
    ) AS g
    GROUP BY g.tenant_id, g.source, g.day
    WINDOW up_to_it AS (PARTITION BY g.tenant_id, g.source ORDER BY g.day)
)
SELECT
    t.tenant_id,
    t.source,
    t.day,
    s.status,
    CAST(
        CASE s.status
            WHEN 'PASS' THEN t.pass
            WHEN 'FAIL' THEN t.fail
            WHEN 'UNKNOWN' THEN t.unknown
            WHEN 'NOT_APPLICABLE' THEN t.not_applicable
            ELSE t.excepted
        END AS BIGINT
    ) AS results
FROM standing AS t
CROSS JOIN (VALUES ('PASS'), ('FAIL'), ('UNKNOWN'), ('NOT_APPLICABLE'), ('EXCEPTED')) AS s(status);
