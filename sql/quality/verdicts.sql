-- The verdicts, counted per check: a column for each way in which they may be wrong.

WITH standing AS (
    SELECT
        o.check_id,
        count(*) AS looked_at,
        count(*) FILTER (
            WHERE o.status NOT IN ('PASS', 'FAIL', 'UNKNOWN', 'NOT_APPLICABLE', 'EXCEPTED')
        ) AS unknown_status,
        count(*) FILTER (
            WHERE (o.status = 'UNKNOWN' AND coalesce(o.reason, '') NOT IN (SELECT w.reason FROM verdict.reason AS w))
            OR (o.status = 'FAIL' AND coalesce(o.reason, '') = '')
        ) AS unexplained,
        count(*) FILTER (
            WHERE '' IN (
                coalesce(o.tenant_id, ''), coalesce(o.connection_id, ''), coalesce(o.resource_id, ''),
                coalesce(o.check_version, '')
            )
        ) AS missing_key,
        count(*) FILTER (WHERE o.valid_from > c.as_of) AS in_future
    FROM verdict.check_result AS o
    CROSS JOIN ops.clock AS c
    WHERE o.valid_to IS NULL
    GROUP BY o.check_id
),

overlap AS (
    SELECT k.check_id, sum(k.standing - 1) AS verdicts
    FROM (
        SELECT o.check_id, count(*) AS standing
        FROM verdict.check_result AS o
        WHERE o.valid_to IS NULL
        GROUP BY o.tenant_id, o.check_id, o.connection_id, o.resource_id
        HAVING count(*) > 1
    ) AS k
    GROUP BY k.check_id
),

backwards AS (
    SELECT o.check_id, count(*) AS intervals
    FROM verdict.check_result AS o
    WHERE o.valid_to < o.valid_from
    GROUP BY o.check_id
),

unrecorded AS (
    SELECT e.check_id, abs(e.results - coalesce(s.looked_at, 0)) AS verdicts
    FROM verdict.evaluated_check AS e
    JOIN (SELECT max(v.as_of) AS as_of FROM verdict.evaluated_check AS v) AS l ON l.as_of = e.as_of
    LEFT JOIN standing AS s ON s.check_id = e.check_id
)

SELECT
    d.check_id AS subject,
    coalesce(s.looked_at, 0) AS looked_at,
    coalesce(s.unknown_status, 0) AS unknown_status,
    coalesce(s.unexplained, 0) AS unexplained,
    coalesce(s.missing_key, 0) AS missing_key,
    coalesce(s.in_future, 0) AS in_future,
    coalesce(o.verdicts, 0) AS "overlap",
    coalesce(b.intervals, 0) AS backwards,
    coalesce(u.verdicts, 0) AS unrecorded
FROM catalogue.check_definition AS d
LEFT JOIN standing AS s ON s.check_id = d.check_id
LEFT JOIN overlap AS o ON o.check_id = d.check_id
LEFT JOIN backwards AS b ON b.check_id = d.check_id
LEFT JOIN unrecorded AS u ON u.check_id = d.check_id
