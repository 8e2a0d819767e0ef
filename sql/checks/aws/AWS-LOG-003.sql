/*
id: AWS-LOG-003
title: The bucket holding audit logs is private and lives in a restricted account
# While log_archive_accounts is empty only whether the bucket is private is judged.
severity: high
resource_type: aws.s3.bucket
population: aws_trail_bucket
applies_to: "is_trail_bucket"
streams: [aws.cloudtrail_trail, aws.s3_bucket, aws.s3_bucket_policy_status, aws.s3_bucket_acl,
  aws.s3_bucket_public_access_block, aws.s3_account_public_access_block]
freshness_hours: 36
policy: [log_archive_accounts]
unknown_when: >-
  Trails were not read, the bucket lies in an account that is not connected, or one of its policy status, its
  access list, and Block Public Access of the bucket and of its account was not read.
criteria:
  soc2: [CC6.1, CC7.2]
  iso27001: [A.8.3, A.8.15]
  nist_csf: [PR.AA-05, PR.PS-04]
  hipaa: ["164.312(b)", "164.312(c)(1)"]
  pci_dss: ["10.3.1", "10.3.2"]
remediation: Block public access to the bucket, and let trails deliver into a bucket of the log archive account.
*/
WITH bucket AS (
    SELECT
        t.tenant_id, t.connection_id, t.resource_id,
        bool_or(b.is_policy_public AND NOT b.restrict_public_buckets AND NOT a.restrict_public_buckets) AS is_open_by_policy,
        bool_or(b.is_acl_public AND NOT b.ignore_public_acls AND NOT a.ignore_public_acls) AS is_open_by_acl,
        bool_or((b.is_policy_public AND NOT b.restrict_public_buckets AND NOT a.restrict_public_buckets) IS NULL
            OR (b.is_acl_public AND NOT b.ignore_public_acls AND NOT a.ignore_public_acls) IS NULL) AS is_unknown,
        max(b.account_id) AS owner
    FROM facts.aws_trail_bucket AS t
    LEFT JOIN facts.aws_s3_bucket AS b ON b.tenant_id = t.tenant_id AND b.resource_id = t.resource_id
    LEFT JOIN facts.aws_s3_account_public_access_block AS a
        ON a.tenant_id = b.tenant_id AND a.connection_id = b.connection_id
    GROUP BY t.tenant_id, t.connection_id, t.resource_id
)

SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN b.owner IS NULL THEN 'UNKNOWN'
        WHEN b.is_open_by_policy OR b.is_open_by_acl THEN 'FAIL'
        WHEN json_is_filled(p.log_archive_accounts) AND NOT json_holds(p.log_archive_accounts, b.owner) THEN 'FAIL'
        WHEN b.is_unknown THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN b.owner IS NULL THEN 'incomplete'
        WHEN b.is_open_by_policy THEN 'the bucket policy opens the bucket to the public'
        WHEN b.is_open_by_acl THEN 'the access list opens the bucket to the public'
        WHEN json_is_filled(p.log_archive_accounts) AND NOT json_holds(p.log_archive_accounts, b.owner)
        THEN 'the bucket lies in account ' || b.owner || ', which is no log archive'
        WHEN b.is_unknown THEN 'incomplete'
        WHEN json_is_filled(p.log_archive_accounts) THEN 'the bucket is private and lies in a log archive'
        ELSE 'the bucket is private; no account is named as the log archive'
    END AS reason
FROM bucket AS b
JOIN facts.tenant_policy AS p ON p.tenant_id = b.tenant_id
