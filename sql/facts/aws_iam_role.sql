/*
table: aws_iam_role
title: IAM roles, with whom beyond their own account they trust
# A principal is an account's number, an ARN, a star, or the id of an identity that was deleted, which is nobody. Services
# and identity providers of the account itself are not counted here.
streams: [aws.iam_role]
required: [role_name, is_known]
columns:
  trusts_other_accounts: Whether it lets another account, or everybody, assume it
  is_known: TRUE where its trust policy was understood, else NULL
*/
WITH principal AS (
    SELECT DISTINCT r.tenant_id, r.connection_id, r.resource_id
    FROM raw.record_asof AS r,
        LATERAL json_list(r.body->'AssumeRolePolicyDocument'->'Statement') AS s(item),
        LATERAL json_list(s.item->'Principal'->'AWS') AS p(item)
    WHERE r.stream = 'aws.iam_role' AND (s.item->>'Effect') = 'Allow'
        AND CASE
            WHEN json_text(p.item) ~ '^[0-9]{12}$' THEN json_text(p.item) <> r.account_id
            WHEN json_text(p.item) ~ '^arn:[^:]*:[^:]*:[^:]*:[0-9]{12}:.*$'
            THEN split_part(json_text(p.item), ':', 5) <> r.account_id
            ELSE json_text(p.item) ~ '^(arn:.*|.*[*].*)$'
        END
    UNION
    SELECT DISTINCT r.tenant_id, r.connection_id, r.resource_id
    FROM raw.record_asof AS r, LATERAL json_list(r.body->'AssumeRolePolicyDocument'->'Statement') AS s(item)
    WHERE r.stream = 'aws.iam_role' AND (s.item->>'Effect') = 'Allow'
        AND ((s.item->>'NotPrincipal') IS NOT NULL OR (s.item->>'Principal') = '*')
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'RoleName') AS role_name,
    p.tenant_id IS NOT NULL AS trusts_other_accounts,
    CASE WHEN (r.body->'AssumeRolePolicyDocument'->>'Statement') IS NOT NULL THEN TRUE END AS is_known
FROM raw.record_asof AS r
LEFT JOIN principal AS p
    ON p.tenant_id = r.tenant_id AND p.connection_id = r.connection_id AND p.resource_id = r.resource_id
WHERE r.stream = 'aws.iam_role'
