/*
id: AWS-S3-001
title: Account-level S3 Block Public Access has all four settings on
severity: high
resource_type: aws.account
population: aws_s3_account_public_access_block
streams: [aws.s3_account_public_access_block]
freshness_hours: 36
unknown_when: >-
  The account's configuration was not read. S3's answer that there is none is an observation, and a failure; a
  denied call is not.
criteria:
  soc2: [CC6.1, CC6.6]
  iso27001: [A.8.3, A.8.12]
  nist_csf: [PR.AA-05]
  hipaa: ["164.312(a)(1)"]
  pci_dss: ["1.4.4"]
remediation: Turn on all four settings of Block Public Access for the account.
*/
SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN b.block_public_acls AND b.ignore_public_acls AND b.block_public_policy AND b.restrict_public_buckets
        THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN b.block_public_acls AND b.ignore_public_acls AND b.block_public_policy AND b.restrict_public_buckets
        THEN 'all four settings are on'
        ELSE 'off for the account:'
            || CASE WHEN b.block_public_acls THEN '' ELSE ' BlockPublicAcls' END
            || CASE WHEN b.ignore_public_acls THEN '' ELSE ' IgnorePublicAcls' END
            || CASE WHEN b.block_public_policy THEN '' ELSE ' BlockPublicPolicy' END
            || CASE WHEN b.restrict_public_buckets THEN '' ELSE ' RestrictPublicBuckets' END
    END AS reason
FROM facts.aws_s3_account_public_access_block AS b
