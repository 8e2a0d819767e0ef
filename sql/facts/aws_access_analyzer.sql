/*
table: aws_access_analyzer
title: Analyzers of IAM Access Analyzer
streams: [aws.access_analyzer]
required: [analyzer_type, status]
columns:
  analyzer_type: ACCOUNT or ORGANIZATION look for access from outside; others for unused or internal access
  status: ACTIVE, CREATING, DISABLED or FAILED
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'type') AS analyzer_type,
    (r.body->>'status') AS status
FROM raw.record_asof AS r
WHERE r.stream = 'aws.access_analyzer'
