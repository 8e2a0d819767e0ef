/*
table: kushim_exception
title: Approved exceptions from the tenant files
streams: [kushim.exception]
required: [check_id, excepted_resource, approved_by, ends_at]
columns:
  check_id: the check whose FAIL is excepted
  excepted_resource: the resource_id that the exception is for
  until: the last day on which it holds
  ends_at: the first moment at which it no longer holds, the day after in UTC
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'check') AS check_id,
    (r.body->>'resource') AS excepted_resource,
    (r.body->>'reason') AS reason,
    (r.body->>'requested_by') AS requested_by,
    (r.body->>'approved_by') AS approved_by,
    (r.body->>'until') AS until,
    as_timestamp((r.body->>'until') || 'T00:00:00Z') + INTERVAL '1 day' AS ends_at
FROM raw.record_asof AS r
WHERE r.stream = 'kushim.exception'
