/*
table: aws_trail_bucket
title: Buckets that trails deliver into, beside all others of the connected accounts
# A trail may deliver into a bucket of another account, of which nothing but the name is known here.
streams: [aws.cloudtrail_trail, aws.s3_bucket]
population_streams: [aws.cloudtrail_trail, aws.s3_bucket]
required: [bucket_name]
columns:
  is_trail_bucket: Whether a trail of the account delivers into it
*/
WITH delivered AS (
    SELECT
        r.tenant_id, r.connection_id, min(r.account_id) AS account_id, min(r.scope) AS scope,
        coalesce('arn:aws:s3:::' || (r.body->>'S3BucketName'), r.resource_id) AS resource_id,
        max(r.observed_at) AS observed_at, max(r.collected_at) AS collected_at,
        max(r.evidence_sha256) AS evidence_sha256,
        (r.body->>'S3BucketName') AS bucket_name
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.cloudtrail_trail'
    GROUP BY r.tenant_id, r.connection_id, (r.body->>'S3BucketName'),
        coalesce('arn:aws:s3:::' || (r.body->>'S3BucketName'), r.resource_id)
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.bucket_name,
    TRUE AS is_trail_bucket
FROM delivered AS r
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'Name') AS bucket_name,
    FALSE AS is_trail_bucket
FROM raw.record_asof AS r
WHERE r.stream = 'aws.s3_bucket'
    AND NOT EXISTS (
        SELECT 1 FROM delivered AS d
        WHERE d.tenant_id = r.tenant_id AND d.connection_id = r.connection_id AND d.resource_id = r.resource_id
    )
