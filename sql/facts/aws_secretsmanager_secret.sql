/*
table: aws_secretsmanager_secret
title: What is known about stored secrets, never a secret
# LastChangedDate moves with every change of a description or tag, so it proves no renewal and is not read.
streams: [aws.secretsmanager_secret]
required: [secret_name]
columns:
  is_deleted: Whether it is to be deleted and cannot be read any more
  rotates: Whether Secrets Manager renews it by itself
  renewed_at: When it was last rotated, or made where it never was
  was_rotated: Whether it ever was
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'Name') AS secret_name,
    (r.body->>'OwningService') AS owner_service,
    (r.body->>'DeletedDate') IS NOT NULL AS is_deleted,
    coalesce(as_boolean((r.body->>'RotationEnabled')), FALSE) AS rotates,
    CASE
        WHEN (r.body->>'LastRotatedDate') IS NOT NULL THEN as_timestamp((r.body->>'LastRotatedDate'))
        ELSE as_timestamp((r.body->>'CreatedDate'))
    END AS renewed_at,
    (r.body->>'LastRotatedDate') IS NOT NULL AS was_rotated
FROM raw.record_asof AS r
WHERE r.stream = 'aws.secretsmanager_secret'
