/*
title: Every criterion of a tenant's frameworks, automated or not
columns:
  status: the worst of the criterion's controls; UNKNOWN where nothing is automated, since nothing was observed
  automated: whether any control with checks supports the criterion
  evidence: what a person must bring where no check decides
*/
CREATE OR REPLACE VIEW mart_v1.criterion_status AS
-- Counted once, whatever the planner thinks of the join.
WITH counted AS MATERIALIZED (
    SELECT
        s.tenant_id,
        s.framework,
        s.criterion_id,
        count(*) AS controls,
        count(*) FILTER (WHERE s.status = 'PASS') AS pass,
        count(*) FILTER (WHERE s.status = 'FAIL') AS fail,
        count(*) FILTER (WHERE s.status = 'UNKNOWN') AS unknown,
        count(*) FILTER (WHERE s.status = 'NOT_APPLICABLE') AS not_applicable,
        count(*) FILTER (WHERE s.status = 'EXCEPTED') AS excepted
    FROM mart_v1.control_status AS s
    GROUP BY s.tenant_id, s.framework, s.criterion_id
)
SELECT
    t.tenant_id,
    t.framework,
    c.criterion_id,
    c.position,
    c.title,
    CASE
        WHEN n.fail > 0 THEN 'FAIL'
        WHEN n.unknown > 0 OR n.controls IS NULL THEN 'UNKNOWN'
        WHEN n.excepted > 0 THEN 'EXCEPTED'
        WHEN n.pass > 0 THEN 'PASS'
        ELSE 'NOT_APPLICABLE'
    END AS status,
    n.controls IS NOT NULL AS automated,
    coalesce(n.controls, 0) AS controls,
    coalesce(n.pass, 0) AS controls_pass,
    coalesce(n.fail, 0) AS controls_fail,
    coalesce(n.unknown, 0) AS controls_unknown,
    coalesce(n.not_applicable, 0) AS controls_not_applicable,
    coalesce(n.excepted, 0) AS controls_excepted,
    c.evidence
FROM verdict.tenant_framework AS t
JOIN catalogue.criterion AS c ON c.framework = t.framework
LEFT JOIN counted AS n ON n.tenant_id = t.tenant_id AND n.framework = t.framework AND n.criterion_id = c.criterion_id;
