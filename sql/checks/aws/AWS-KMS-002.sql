/*
id: AWS-KMS-002
title: Key policies grant no wildcard principal and no in-use key is pending deletion
# In use means that a volume, a database, a trail, a log group or the default encryption of a bucket names the key.
severity: high
resource_type: aws.kms.key
population: aws_kms_key
applies_to: "key_manager = 'CUSTOMER'"
streams: [aws.kms_key, aws.kms_key_policy]
freshness_hours: 36
unknown_when: >-
  Keys of the region or the policy of a key were not read; or a key is pending deletion, nothing that was read uses
  it, and volumes, databases, trails, log groups or the encryption of buckets were not all read, or a bucket names a
  key by an alias.
criteria:
  soc2: [CC6.1, CC6.3]
  iso27001: [A.5.15, A.8.24]
  nist_csf: [PR.AA-05]
  hipaa: ["164.312(a)(2)(iv)"]
  pci_dss: ["3.6.1"]
remediation: >-
  Name the principals, or add a condition on their account or organisation; cancel the deletion of a key that is in
  use.
*/
WITH statement AS (
    SELECT
        s.tenant_id, s.connection_id, s.key_arn,
        s.effect = 'Allow'
            AND (
                s.has_not_principal
                OR json_holds(s.principal, '*')
                OR EXISTS (
                    -- An ARN with a wildcard in it too, though IAM takes none.
                    SELECT 1 FROM json_list(s.principal->'AWS') AS p(item) WHERE json_text(p.item) LIKE '%*%'
                )
            )
            AND NOT EXISTS (
                SELECT 1
                FROM json_members(s.condition) AS o(operator, tests), LATERAL json_members(o.tests) AS k(name, item)
                WHERE lower(o.operator)
                        ~ '^(foranyvalue:)?(stringequals|stringequalsignorecase|stringlike|arnequals|arnlike)$'
                    AND lower(k.name) IN (
                        'kms:calleraccount', 'aws:principalaccount', 'aws:principalarn', 'aws:principalorgid',
                        'aws:principalorgpaths', 'aws:sourceaccount', 'aws:sourcearn', 'aws:sourceorgid',
                        'aws:sourceorgpaths', 'aws:sourcevpc', 'aws:sourcevpce', 'aws:userid'
                    )
                    AND EXISTS (SELECT 1 FROM json_list(k.item) AS v(item))
                    -- Every value is spelled out, or at least names the account.
                    AND NOT EXISTS (
                        SELECT 1
                        FROM json_list(k.item) AS v(item)
                        WHERE json_text(v.item) ~ '^.*([*?]|[$][{]).*$'
                            AND NOT (json_text(v.item) LIKE 'arn:%'
                                AND split_part(json_text(v.item), ':', 5) ~ '^[0-9]{12}$')
                    )
            ) AS is_open,
        s.effect IS NULL OR s.effect NOT IN ('Allow', 'Deny') OR (s.principal IS NULL AND NOT s.has_not_principal)
            AS is_unclear
    FROM facts.aws_kms_key_policy_statement AS s
),

document AS (
    SELECT
        s.tenant_id, s.connection_id, s.key_arn,
        bool_or(s.is_open) AS is_open, bool_or(s.is_unclear) AS is_unclear
    FROM statement AS s
    GROUP BY s.tenant_id, s.connection_id, s.key_arn
)

SELECT
    k.tenant_id,
    k.resource_id,
    CASE
        WHEN d.is_open OR (k.is_pending_deletion AND k.used_by IS NOT NULL) THEN 'FAIL'
        WHEN NOT k.has_policy OR d.is_unclear OR (k.is_pending_deletion AND k.may_be_used_unseen) THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN d.is_open THEN 'the key policy allows a wildcard principal without a condition that limits it'
        WHEN k.is_pending_deletion AND k.used_by IS NOT NULL
        THEN 'the key is pending deletion and used by ' || k.used_by
        WHEN (k.policy_read AND NOT k.has_policy) OR d.is_unclear THEN 'quarantined'
        WHEN NOT k.has_policy OR (k.is_pending_deletion AND k.may_be_used_unseen) THEN 'incomplete'
        ELSE 'the key policy names its principals, and the key is not both in use and pending deletion'
    END AS reason
FROM facts.aws_kms_key AS k
LEFT JOIN document AS d
    ON d.tenant_id = k.tenant_id AND d.connection_id = k.connection_id AND d.key_arn = k.resource_id
