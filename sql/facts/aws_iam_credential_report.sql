/*
table: aws_iam_credential_report
title: IAM users and the root user, with their passwords and second factors
# The report says N/A, no_information or not_supported where there is nothing to say; such a time is NULL here.
streams: [aws.iam_credential_report]
required: [user_name, is_known]
columns:
  is_root: Whether the row is the root user's
  password_enabled: Whether the user has a console password; NULL for the root user, of whom the report does not say it
  has_active_key: Whether one of the two access keys can be used; NULL where that is not understood
  created_at: When the user was made
  is_known: TRUE where the row says of a user whether there is a password and a second factor, else NULL
*/
WITH report AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256,
        (r.body->>'user') AS user_name,
        (r.body->>'user') = '<root_account>' OR r.resource_id LIKE '%:root' AS is_root,
        as_boolean((r.body->>'password_enabled')) AS password_enabled,
        as_timestamp((r.body->>'password_last_used')) AS password_last_used,
        as_timestamp((r.body->>'password_last_changed')) AS password_last_changed,
        as_timestamp((r.body->>'user_creation_time')) AS created_at,
        as_boolean((r.body->>'mfa_active')) AS mfa_active,
        as_boolean((r.body->>'access_key_1_active')) OR as_boolean((r.body->>'access_key_2_active')) AS has_active_key
    FROM raw.record_asof AS r
    WHERE r.stream = 'aws.iam_credential_report'
)

SELECT
    r.*,
    CASE
        WHEN r.is_root THEN TRUE
        WHEN r.password_enabled IS NOT NULL AND r.mfa_active IS NOT NULL THEN TRUE
    END AS is_known
FROM report AS r
