/*
table: aws_iam_access_key
title: Access keys of IAM users and of the root user, two a user, there or not
streams: [aws.iam_credential_report]
columns:
  user_arn: The user that the key belongs to
  is_active: Whether there is a key in this place that can be used
  last_rotated: When it was made or last rotated
  last_used: When it was last used; NULL when never, or not since the report tells of it
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id || '/access_key_1' AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.resource_id AS user_arn,
    (r.body->>'user') AS user_name,
    as_boolean((r.body->>'access_key_1_active')) AS is_active,
    as_timestamp((r.body->>'access_key_1_last_rotated')) AS last_rotated,
    as_timestamp((r.body->>'access_key_1_last_used_date')) AS last_used
FROM raw.record_asof AS r
WHERE r.stream = 'aws.iam_credential_report'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id || '/access_key_2' AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.resource_id AS user_arn,
    (r.body->>'user') AS user_name,
    as_boolean((r.body->>'access_key_2_active')) AS is_active,
    as_timestamp((r.body->>'access_key_2_last_rotated')) AS last_rotated,
    as_timestamp((r.body->>'access_key_2_last_used_date')) AS last_used
FROM raw.record_asof AS r
WHERE r.stream = 'aws.iam_credential_report'
