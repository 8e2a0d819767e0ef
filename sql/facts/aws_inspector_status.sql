/*
table: aws_inspector_status
title: Whether Amazon Inspector is on, by region and kind of resource
streams: [aws.inspector_status]
required: [status]
columns:
  status: ENABLED, DISABLED or on its way
  ec2_status: The same of instances
  ecr_status: The same of container images
  lambda_status: The same of functions
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->'state'->>'status') AS status,
    (r.body->'resourceState'->'ec2'->>'status') AS ec2_status,
    (r.body->'resourceState'->'ecr'->>'status') AS ecr_status,
    (r.body->'resourceState'->'lambda'->>'status') AS lambda_status
FROM raw.record_asof AS r
WHERE r.stream = 'aws.inspector_status'
