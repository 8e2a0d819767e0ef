/*
table: aws_securityhub_standard
title: Standards that Security Hub is set to check
streams: [aws.securityhub_standard]
required: [standard_arn, status]
columns:
  standard_name: The standard's name, the first part of its path
  status: READY, INCOMPLETE (some of its controls are off), PENDING, FAILED or DELETING
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'StandardsArn') AS standard_arn,
    split_part((r.body->>'StandardsArn'), '/', 2) AS standard_name,
    (r.body->>'StandardsStatus') AS status
FROM raw.record_asof AS r
WHERE r.stream = 'aws.securityhub_standard'
