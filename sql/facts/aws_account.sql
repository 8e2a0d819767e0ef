/*
table: aws_account
title: AWS accounts, with the credentials of their root user
streams: [aws.account]
required: [root_mfa_enabled, root_access_keys]
columns:
  root_mfa_enabled: Whether the root user has a second factor
  root_access_keys: How many access keys the root user owns
  root_has_password: Whether the root user can sign in; NULL where IAM does not say
  root_signing_certificates: How many signing certificates the root user owns; NULL where IAM does not say
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    CASE as_integer((r.body->'Summary'->>'AccountMFAEnabled'))
        WHEN 0 THEN FALSE WHEN 1 THEN TRUE
    END AS root_mfa_enabled,
    as_integer((r.body->'Summary'->>'AccountAccessKeysPresent')) AS root_access_keys,
    CASE as_integer((r.body->'Summary'->>'AccountPasswordPresent'))
        WHEN 0 THEN FALSE WHEN 1 THEN TRUE
    END AS root_has_password,
    as_integer((r.body->'Summary'->>'AccountSigningCertificatesPresent')) AS root_signing_certificates
FROM raw.record_asof AS r
WHERE r.stream = 'aws.account'
