/*
table: aws_config_recorder
title: AWS Config recorders with their status
streams: [aws.config_recorder, aws.config_recorder_status]
required: [recorder_name]
columns:
  records_all: Whether every supported resource type is recorded
  is_recording: Whether it records now; NULL where its status was not read
  last_status: How the last delivery ended, in lower case
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'name') AS recorder_name,
    CASE
        WHEN as_boolean((r.body->'recordingGroup'->>'allSupported')) THEN TRUE
        WHEN (r.body->'recordingGroup'->'recordingStrategy'->>'useOnly') = 'ALL_SUPPORTED_RESOURCE_TYPES' THEN TRUE
        ELSE as_boolean((r.body->'recordingGroup'->>'allSupported'))
    END AS records_all,
    as_boolean((s.body->>'recording')) AS is_recording,
    lower((s.body->>'lastStatus')) AS last_status,
    s.body IS NOT NULL AS status_read
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS s
    ON s.stream = 'aws.config_recorder_status'
    AND s.tenant_id = r.tenant_id AND s.connection_id = r.connection_id AND s.resource_id = r.resource_id
WHERE r.stream = 'aws.config_recorder'
