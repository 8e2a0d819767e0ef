/*
table: aws_guardduty_detector
title: GuardDuty detectors
streams: [aws.guardduty_detector]
required: [status]
columns:
  status: ENABLED or DISABLED
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    CASE WHEN (r.body->>'Status') IN ('ENABLED', 'DISABLED') THEN (r.body->>'Status') END AS status
FROM raw.record_asof AS r
WHERE r.stream = 'aws.guardduty_detector'
