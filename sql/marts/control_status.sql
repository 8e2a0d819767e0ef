/*
title: Controls by tenant, framework and criterion
columns:
  status: the worst of the control's verdicts, FAIL > UNKNOWN > EXCEPTED > PASS > NOT_APPLICABLE; no verdict is UNKNOWN
  pass: how many verdicts of the control's checks are PASS; the other counts alike
*/
CREATE OR REPLACE VIEW mart_v1.control_status AS
-- Counted once, whatever the planner thinks of the join.
WITH counted AS MATERIALIZED (
    SELECT
        r.tenant_id,
        k.control_id,
        CAST(sum(r.results) FILTER (WHERE r.status = 'PASS') AS BIGINT) AS pass,
        CAST(sum(r.results) FILTER (WHERE r.status = 'FAIL') AS BIGINT) AS fail,
        CAST(sum(r.results) FILTER (WHERE r.status = 'UNKNOWN') AS BIGINT) AS unknown,
        CAST(sum(r.results) FILTER (WHERE r.status = 'NOT_APPLICABLE') AS BIGINT) AS not_applicable,
        CAST(sum(r.results) FILTER (WHERE r.status = 'EXCEPTED') AS BIGINT) AS excepted
    FROM mart_v1.check_status AS r
    JOIN catalogue.control_check AS k ON k.check_id = r.check_id
    GROUP BY r.tenant_id, k.control_id
)
SELECT
    t.tenant_id,
    t.framework,
    m.criterion_id,
    c.control_id,
    c.title,
    CASE
        WHEN n.fail > 0 THEN 'FAIL'
        WHEN n.unknown > 0 THEN 'UNKNOWN'
        WHEN n.excepted > 0 THEN 'EXCEPTED'
        WHEN n.pass > 0 THEN 'PASS'
        WHEN n.not_applicable > 0 THEN 'NOT_APPLICABLE'
        ELSE 'UNKNOWN'
    END AS status,
    coalesce(n.pass, 0) AS pass,
    coalesce(n.fail, 0) AS fail,
    coalesce(n.unknown, 0) AS unknown,
    coalesce(n.not_applicable, 0) AS not_applicable,
    coalesce(n.excepted, 0) AS excepted
FROM verdict.tenant_framework AS t
JOIN catalogue.control_criterion AS m ON m.framework = t.framework
JOIN catalogue.control AS c ON c.control_id = m.control_id
LEFT JOIN counted AS n ON n.tenant_id = t.tenant_id AND n.control_id = c.control_id;
