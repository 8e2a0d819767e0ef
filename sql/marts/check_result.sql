/*
title: Current verdicts, one row a resource and check
columns:
  status: PASS, FAIL, UNKNOWN, NOT_APPLICABLE or EXCEPTED
  reason: for UNKNOWN one of not_collected, denied, incomplete, stale, quarantined, depends_on_unknown; else in words
  observed_at: when the population was last read
  evidence_sha256: the stored answer of the vendor in which this state was first seen
  since: from when this verdict has held
*/
CREATE OR REPLACE VIEW mart_v1.check_result AS
SELECT
    o.tenant_id,
    o.check_id,
    d.source,
    d.resource_type,
    o.resource_id,
    -- A verdict ages even when no run comes to say so.
    CASE WHEN o.status <> 'UNKNOWN' AND f.fresh_until < current_timestamp THEN 'UNKNOWN' ELSE o.status END AS status,
    CASE WHEN o.status <> 'UNKNOWN' AND f.fresh_until < current_timestamp THEN 'stale' ELSE o.reason END AS reason,
    d.severity,
    f.collected_at AS observed_at,
    o.evidence_sha256,
    o.connection_id,
    d.title,
    o.check_version,
    o.valid_from AS since
FROM verdict.check_result AS o
JOIN catalogue.check_definition AS d ON d.check_id = o.check_id
LEFT JOIN verdict.freshness AS f
    ON f.tenant_id = o.tenant_id AND f.connection_id = o.connection_id AND f.check_id = o.check_id
WHERE o.valid_to IS NULL;
