/*
table: aws_ebs_encryption
title: EBS volumes, attached or not, and each region's default for new ones
streams: [aws.ec2_volume, aws.ec2_ebs_default_encryption]
population_streams: [aws.ec2_volume, aws.ec2_ebs_default_encryption]
required: [is_encrypted]
columns:
  kind: volume, or region_default for what a region does with new volumes
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'volume' AS kind,
    as_boolean((r.body->>'Encrypted')) AS is_encrypted
FROM raw.record_asof AS r
WHERE r.stream = 'aws.ec2_volume'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'region_default' AS kind,
    as_boolean((r.body->>'EbsEncryptionByDefault')) AS is_encrypted
FROM raw.record_asof AS r
WHERE r.stream = 'aws.ec2_ebs_default_encryption'
