/*
title: What fails now, with the evidence it was seen in
columns:
  since: from when it has failed
  evidence_sha256: the stored answer of the vendor in which the failure was first seen
  remediation: what to do about it
*/
CREATE OR REPLACE VIEW mart_v1.failure AS
SELECT
    o.tenant_id,
    o.check_id,
    d.title,
    d.severity,
    d.source,
    d.resource_type,
    o.connection_id,
    o.resource_id,
    o.reason,
    o.evidence_sha256,
    f.collected_at AS observed_at,
    o.valid_from AS since,
    d.remediation
FROM verdict.check_result AS o
JOIN catalogue.check_definition AS d ON d.check_id = o.check_id
LEFT JOIN verdict.freshness AS f
    ON f.tenant_id = o.tenant_id AND f.connection_id = o.connection_id AND f.check_id = o.check_id
WHERE o.valid_to IS NULL AND o.status = 'FAIL' AND (f.fresh_until IS NULL OR f.fresh_until >= current_timestamp);
