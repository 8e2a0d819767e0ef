/*
title: What is read from each connection, how well and how long ago. About the pipeline, never about compliance
columns:
  last_outcome: the outcome of the last collection, or not_collected
  age_hours: hours since it ended
  population: how many records it found
*/
CREATE OR REPLACE VIEW mart_v1.source_health AS
SELECT
    r.tenant_id,
    r.connection_id,
    r.source,
    r.stream,
    r.scope,
    r.outcome AS last_outcome,
    r.finished_at AS last_collected_at,
    extract(epoch FROM current_timestamp - r.finished_at) / 3600 AS age_hours,
    r.records AS population,
    r.declared_total,
    r.error
FROM mart_v1.receipt AS r;
