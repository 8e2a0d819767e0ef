/*
table: aws_iam_role_trust
title: Principals beyond its own account that a role trusts
streams: [aws.iam_role]
columns:
  role_arn: The role
  principal: Whom it trusts, as its policy says
  trusted_account: The account of that principal; NULL for everybody
  has_external_id: Whether the statement wants an external id
  organization_id: The organisation that the statement limits everybody to; NULL for none
*/
WITH statement AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        r.observed_at, r.collected_at, r.evidence_sha256, s.item AS statement
    FROM raw.record_asof AS r, LATERAL json_list(r.body->'AssumeRolePolicyDocument'->'Statement') AS s(item)
    WHERE r.stream = 'aws.iam_role' AND (s.item->>'Effect') = 'Allow'
),

trust AS (
    SELECT q.*, json_text(p.item) AS principal
    FROM statement AS q, LATERAL json_list(q.statement->'Principal'->'AWS') AS p(item)
    UNION ALL
    SELECT q.*, '*' AS principal
    FROM statement AS q
    WHERE (q.statement->>'NotPrincipal') IS NOT NULL OR (q.statement->>'Principal') = '*'
),

outside AS (
    SELECT
        q.*,
        CASE
            WHEN q.principal ~ '^[0-9]{12}$' THEN q.principal
            WHEN q.principal ~ '^arn:[^:]*:[^:]*:[^:]*:[0-9]{12}:.*$' THEN split_part(q.principal, ':', 5)
        END AS trusted_account
    FROM trust AS q
    WHERE q.principal ~ '^([0-9]{12}|arn:.*|.*[*].*)$'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    r.resource_id || '#' || row_number() OVER (
        PARTITION BY r.tenant_id, r.connection_id, r.resource_id
        ORDER BY r.principal, md5(CAST(r.statement AS VARCHAR))
    ) AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    r.resource_id AS role_arn,
    r.principal,
    r.trusted_account,
    EXISTS (
        SELECT 1
        FROM json_members(r.statement->'Condition') AS o(operator, tests), LATERAL json_members(o.tests) AS k(name, item)
        WHERE lower(o.operator) IN ('stringequals', 'stringequalsignorecase', 'stringlike')
            AND lower(k.name) = 'sts:externalid'
            AND NOT EXISTS (SELECT 1 FROM json_list(k.item) AS v(item) WHERE json_text(v.item) LIKE '%*%')
    ) AS has_external_id,
    (
        SELECT min(json_text(v.item))
        FROM json_members(r.statement->'Condition') AS o(operator, tests),
            LATERAL json_members(o.tests) AS k(name, item), LATERAL json_list(k.item) AS v(item)
        WHERE lower(o.operator) IN ('stringequals', 'stringequalsignorecase')
            AND lower(k.name) = 'aws:principalorgid'
    ) AS organization_id
FROM outside AS r
WHERE r.trusted_account IS NULL OR r.trusted_account <> r.account_id
