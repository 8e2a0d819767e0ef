/*
table: aws_s3_account_public_access_block
title: Account-wide S3 Block Public Access
# Where S3 says that there is no such configuration all four settings are off.
streams: [aws.s3_account_public_access_block]
required: [block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets]
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    coalesce(as_boolean((r.body->>'BlockPublicAcls')), NOT as_boolean((r.body->>'absent'))) AS block_public_acls,
    coalesce(as_boolean((r.body->>'IgnorePublicAcls')), NOT as_boolean((r.body->>'absent'))) AS ignore_public_acls,
    coalesce(as_boolean((r.body->>'BlockPublicPolicy')), NOT as_boolean((r.body->>'absent'))) AS block_public_policy,
    coalesce(as_boolean((r.body->>'RestrictPublicBuckets')), NOT as_boolean((r.body->>'absent')))
        AS restrict_public_buckets
FROM raw.record_asof AS r
WHERE r.stream = 'aws.s3_account_public_access_block'
