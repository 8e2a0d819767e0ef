/*
title: How many verdicts of each status stand now, by check and connection
columns:
  status: PASS, FAIL, UNKNOWN, NOT_APPLICABLE or EXCEPTED; verdicts whose evidence ran out count as UNKNOWN
  results: how many
*/
CREATE OR REPLACE VIEW mart_v1.check_status AS
SELECT
    s.tenant_id,
    s.check_id,
    s.connection_id,
    -- A verdict ages even when no run comes to say so.
    CASE WHEN f.fresh_until < current_timestamp THEN 'UNKNOWN' ELSE s.status END AS status,
    CAST(sum(s.results) AS BIGINT) AS results
FROM verdict.check_status AS s
JOIN catalogue.check_definition AS d ON d.check_id = s.check_id
LEFT JOIN verdict.freshness AS f
    ON f.tenant_id = s.tenant_id AND f.connection_id = s.connection_id AND f.check_id = s.check_id
GROUP BY
    s.tenant_id, s.check_id, s.connection_id,
    CASE WHEN f.fresh_until < current_timestamp THEN 'UNKNOWN' ELSE s.status END;
