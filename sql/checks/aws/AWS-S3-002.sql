/*
id: AWS-S3-002
title: No bucket is readable or writable by the public unless approved
# As S3 itself decides, a public policy counts unless RestrictPublicBuckets is on for the bucket or the account, a
# public grant unless IgnorePublicAcls is. A policy is public where S3 says so, and where its text plainly is by S3's
# own rule (user guide, "Blocking public access", "The meaning of public"): it admits everybody, and no condition limits
# who they are. Addresses limit only from /8 on (IPv6: /32); a condition that holds where its key is missing does not.
severity: critical
resource_type: aws.s3.bucket
population: aws_s3_bucket
streams: [aws.s3_bucket, aws.s3_bucket_policy, aws.s3_bucket_policy_status, aws.s3_bucket_acl,
  aws.s3_bucket_public_access_block, aws.s3_account_public_access_block]
freshness_hours: 36
policy: [approved_public_buckets]
unknown_when: >-
  One of the policy, its status, the access list, and Block Public Access of the bucket and of the account was not
  read.
criteria:
  soc2: [CC6.1, CC6.6, C1.1]
  iso27001: [A.8.3, A.8.12]
  nist_csf: [PR.AA-05, PR.DS-01]
  hipaa: ["164.312(a)(1)"]
  pci_dss: ["1.4.4"]
remediation: >-
  Turn on Block Public Access for the bucket, or take the public statement or grant away; name a bucket that is
  meant to be public under approved_public_buckets.
*/
WITH everybody AS (
    SELECT DISTINCT s.tenant_id, s.connection_id, s.bucket_arn
    FROM facts.aws_s3_bucket_policy_statement AS s
    WHERE s.effect = 'Allow'
        AND (
            s.has_not_principal
            OR json_holds(s.principal, '*')
            OR EXISTS (SELECT 1 FROM json_list(s.principal->'AWS') AS p(item) WHERE json_text(p.item) LIKE '%*%')
        )
        AND NOT EXISTS (
            SELECT 1
            FROM json_members(s.condition) AS o(operator, tests), LATERAL json_members(o.tests) AS k(name, item)
            WHERE lower(o.operator)
                    ~ '^(foranyvalue:)?(string(equals|equalsignorecase|like)|arn(equals|like)|bool|ipaddress)$'
                AND CASE
                    WHEN lower(k.name) = 'aws:sourceip' THEN NOT EXISTS (
                        SELECT 1
                        FROM json_list(k.item) AS v(item)
                        WHERE ip_public_addresses(json_text(v.item))
                            > power(2, CASE ip_family(json_text(v.item)) WHEN 4 THEN 24 ELSE 96 END)
                    )
                    ELSE (
                        lower(k.name) ~ '^aws:(principal|source|vpc|userid).*$'
                        OR lower(k.name) ~ '^s3:(dataaccesspoint|x-amz-server-side-encryption-aws-kms).*$'
                    )
                    -- A wildcard limits nobody; one behind an account or an organisation is left to S3.
                    AND NOT EXISTS (
                        SELECT 1
                        FROM json_list(k.item) AS v(item)
                        WHERE json_text(v.item) ~ '^.*([*?]|[$][{]).*$'
                            AND NOT json_text(v.item) ~ '^arn:[^:]*:[^:]*:[^:]*:[0-9]{12}:.*$'
                            AND NOT json_text(v.item) ~ '^o-[^*?]*/.*$'
                    )
                END
        )
),

bucket AS (
    SELECT
        b.tenant_id, b.resource_id,
        (b.is_policy_public OR e.tenant_id IS NOT NULL)
            AND NOT b.restrict_public_buckets AND NOT a.restrict_public_buckets AS is_open_by_policy,
        b.is_acl_public AND NOT b.ignore_public_acls AND NOT a.ignore_public_acls AS is_open_by_acl,
        json_holds(p.approved_public_buckets, b.resource_id) OR json_holds(p.approved_public_buckets, b.bucket_name)
            AS is_approved,
        b.not_understood LIKE '%policy_status%' OR b.not_understood LIKE '%acl%'
            OR b.not_understood LIKE '%public_access_block%' AS is_unclear
    FROM facts.aws_s3_bucket AS b
    JOIN facts.tenant_policy AS p ON p.tenant_id = b.tenant_id
    LEFT JOIN facts.aws_s3_account_public_access_block AS a
        ON a.tenant_id = b.tenant_id AND a.connection_id = b.connection_id
    LEFT JOIN everybody AS e
        ON e.tenant_id = b.tenant_id AND e.connection_id = b.connection_id AND e.bucket_arn = b.resource_id
)

SELECT
    b.tenant_id,
    b.resource_id,
    CASE
        WHEN b.is_approved THEN 'PASS'
        WHEN b.is_open_by_policy OR b.is_open_by_acl THEN 'FAIL'
        WHEN b.is_open_by_policy IS NULL OR b.is_open_by_acl IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN b.is_approved THEN 'approved by policy'
        WHEN b.is_open_by_policy THEN 'the bucket policy opens the bucket to the public'
        WHEN b.is_open_by_acl THEN 'the access list opens the bucket to the public'
        WHEN b.is_open_by_policy IS NULL OR b.is_open_by_acl IS NULL
        THEN CASE WHEN b.is_unclear THEN 'quarantined' ELSE 'incomplete' END
        ELSE 'neither policy nor access list opens the bucket to the public'
    END AS reason
FROM bucket AS b
