/*
table: aws_iam_password_policy
title: What AWS accounts ask of console passwords
streams: [aws.iam_password_policy]
required: [is_present]
columns:
  is_present: Whether the account has a password policy; FALSE where IAM says that there is none
  min_length: The least length
  reuse_prevention: How many earlier passwords are refused; NULL where none is
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    CASE
        WHEN as_boolean((r.body->>'absent')) THEN FALSE
        WHEN as_integer((r.body->>'MinimumPasswordLength')) IS NOT NULL
            AND ((r.body->>'PasswordReusePrevention') IS NULL
                OR as_integer((r.body->>'PasswordReusePrevention')) IS NOT NULL) THEN TRUE
    END AS is_present,
    as_integer((r.body->>'MinimumPasswordLength')) AS min_length,
    as_integer((r.body->>'PasswordReusePrevention')) AS reuse_prevention
FROM raw.record_asof AS r
WHERE r.stream = 'aws.iam_password_policy'
