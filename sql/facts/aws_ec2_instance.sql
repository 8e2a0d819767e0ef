/*
table: aws_ec2_instance
title: EC2 instances, running or not
streams: [aws.ec2_instance]
required: [state, is_known]
columns:
  state: pending, running, shutting-down, terminated, stopping or stopped
  metadata_tokens: required, or optional where the metadata service answers without a session token
  metadata_endpoint: enabled or disabled
  is_known: TRUE where the options of the metadata service were read, or the instance is gone, else NULL
*/
WITH instance AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->'State'->>'Name') AS state,
        CASE
            WHEN (r.body->'MetadataOptions'->>'HttpTokens') IN ('required', 'optional')
            THEN (r.body->'MetadataOptions'->>'HttpTokens')
        END AS metadata_tokens,
        CASE
            WHEN (r.body->'MetadataOptions'->>'HttpEndpoint') IN ('enabled', 'disabled')
            THEN (r.body->'MetadataOptions'->>'HttpEndpoint')
        END AS metadata_endpoint
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.ec2_instance'
)

SELECT
    r.*,
    CASE
        WHEN r.state IN ('terminated', 'shutting-down') OR r.metadata_tokens IS NOT NULL
            OR r.metadata_endpoint = 'disabled' THEN TRUE
    END AS is_known
FROM instance AS r
