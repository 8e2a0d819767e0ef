/*
table: aws_trail_bucket
title: Buckets that trails deliver into
streams: [aws.cloudtrail_trail]
required: [bucket_name]
columns:
  bucket_name: The bucket, which may belong to another account
*/
SELECT
    r.tenant_id, r.connection_id, min(r.account_id) AS account_id, min(r.scope) AS scope,
    coalesce('arn:aws:s3:::' || (r.body->>'S3BucketName'), r.resource_id) AS resource_id,
    max(r.observed_at) AS observed_at, max(r.collected_at) AS collected_at, max(r.evidence_sha256) AS evidence_sha256,
    (r.body->>'S3BucketName') AS bucket_name
FROM raw.record_asof AS r
WHERE r.stream = 'aws.cloudtrail_trail'
GROUP BY r.tenant_id, r.connection_id, (r.body->>'S3BucketName'),
    coalesce('arn:aws:s3:::' || (r.body->>'S3BucketName'), r.resource_id)
