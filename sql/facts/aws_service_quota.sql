/*
table: aws_service_quota
title: The quotas that bound how far production can grow, and how much of each is used
# Both numbers are AWS's own. A quota that nobody uses is not there.
streams: [aws.service_quota]
required: [quota_code, allowed, used]
columns:
  quota_code: Processors of running on-demand instances (L-1216C47A) or database instances (L-7B6409FD)
  quota_name: What AWS calls it
  allowed: How many the region may have
  used: The most that it had within a day before the reading
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'QuotaCode') AS quota_code,
    (r.body->>'QuotaName') AS quota_name,
    as_integer(split_part((r.body->>'Value'), '.', 1)) AS allowed,
    as_integer(split_part((r.body->>'Used'), '.', 1)) AS used
FROM raw.record_asof AS r
WHERE r.stream = 'aws.service_quota'
