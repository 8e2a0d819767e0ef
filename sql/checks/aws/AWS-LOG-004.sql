/*
id: AWS-LOG-004
title: Audit trails are encrypted with a customer-managed key
# CloudTrail accepts customer-managed keys only, so a key that is named is one.
severity: low
resource_type: aws.cloudtrail.trail
population: aws_cloudtrail_trail
streams: [aws.cloudtrail_trail]
freshness_hours: 36
unknown_when: Trails were not read, a trail belongs to an account that the tenant has not connected.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.24]
  nist_csf: [PR.DS-01]
  hipaa: ["164.312(a)(2)(iv)"]
remediation: Give the trail a customer-managed KMS key.
*/
SELECT
    t.tenant_id,
    t.resource_id,
    CASE
        WHEN t.owner_account <> t.account_id AND NOT t.is_owner_connected THEN 'UNKNOWN'
        WHEN t.kms_key_id IS NOT NULL THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN t.owner_account <> t.account_id AND NOT t.is_owner_connected THEN 'incomplete'
        WHEN t.kms_key_id IS NOT NULL THEN 'log files are encrypted with a key of the customer'
        ELSE 'log files are encrypted with a key of Amazon S3'
    END AS reason
FROM facts.aws_cloudtrail_trail AS t
