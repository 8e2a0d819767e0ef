/*
id: AWS-IAM-004
title: Every IAM user with a console password has MFA
# The root user is judged by AWS-IAM-001.
severity: high
resource_type: aws.iam.user
population: aws_iam_credential_report
applies_to: "NOT is_root AND password_enabled"
streams: [aws.iam_credential_report]
freshness_hours: 36
unknown_when: >-
  The credential report was not read, was already older than 24 hours when it was read, or does not say of a user
  whether there is a password and a second factor.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
  pci_dss: ["8.4.2"]
remediation: Let the user register an MFA device, or take the console password away.
*/
SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN u.observed_at < u.collected_at - INTERVAL '24 hours' THEN 'UNKNOWN'
        WHEN u.mfa_active THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN u.observed_at < u.collected_at - INTERVAL '24 hours' THEN 'stale'
        WHEN u.mfa_active THEN 'the user has a console password and a second factor'
        ELSE 'the user has a console password and no second factor'
    END AS reason
FROM facts.aws_iam_credential_report AS u
