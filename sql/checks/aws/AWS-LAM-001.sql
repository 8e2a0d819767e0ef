/*
id: AWS-LAM-001
title: No function is invokable by the public unless approved
# Public is an address that asks for no credentials, or a statement that allows everybody and names no account,
# organisation or resource that the call must come from.
severity: high
resource_type: aws.lambda.function
population: aws_lambda_function
streams: [aws.lambda_function, aws.lambda_policy, aws.lambda_url]
freshness_hours: 36
policy: [approved_public_functions]
unknown_when: >-
  Functions of the region, or the policy or the address of a function were not read. Lambda's answer that there is none
  is an observation; a denied call is not.
criteria:
  soc2: [CC6.1, CC6.6]
  iso27001: [A.8.3]
  nist_csf: [PR.AA-05]
  hipaa: ["164.312(a)(1)"]
remediation: >-
  Name the principals in the function's policy, or the account, organisation or resource that calls come from; let the
  address ask for AWS_IAM credentials.
*/
WITH statement AS (
    SELECT
        s.tenant_id, s.connection_id, s.function_arn,
        s.effect = 'Allow'
            AND (
                s.has_not_principal
                OR json_holds(s.principal, '*')
                OR EXISTS (
                    SELECT 1 FROM json_list(s.principal->'AWS') AS p(item) WHERE json_text(p.item) LIKE '%*%'
                )
            )
            AND NOT EXISTS (
                SELECT 1
                FROM json_members(s.condition) AS o(operator, tests), LATERAL json_members(o.tests) AS k(name, item)
                WHERE lower(o.operator)
                        ~ '^(foranyvalue:)?(stringequals|stringequalsignorecase|stringlike|arnequals|arnlike)$'
                    AND lower(k.name) IN (
                        'aws:principalaccount', 'aws:principalarn', 'aws:principalorgid', 'aws:principalorgpaths',
                        'aws:sourceaccount', 'aws:sourcearn', 'aws:sourceorgid', 'aws:sourceorgpaths',
                        'aws:sourcevpc', 'aws:sourcevpce', 'aws:userid'
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
    FROM facts.aws_lambda_policy_statement AS s
),

document AS (
    SELECT
        s.tenant_id, s.connection_id, s.function_arn,
        bool_or(s.is_open) AS is_open, bool_or(s.is_unclear) AS is_unclear
    FROM statement AS s
    GROUP BY s.tenant_id, s.connection_id, s.function_arn
),

function_state AS (
    SELECT
        f.tenant_id, f.resource_id, f.policy_read, f.url_read, f.has_policy, f.url_auth_type,
        coalesce(d.is_open, FALSE) AS is_open, coalesce(d.is_unclear, FALSE) AS is_unclear,
        json_holds(p.approved_public_functions, f.resource_id)
            OR json_holds(p.approved_public_functions, f.function_name) AS is_approved
    FROM facts.aws_lambda_function AS f
    JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
    LEFT JOIN document AS d
        ON d.tenant_id = f.tenant_id AND d.connection_id = f.connection_id AND d.function_arn = f.resource_id
)

SELECT
    f.tenant_id,
    f.resource_id,
    CASE
        WHEN f.is_approved THEN 'PASS'
        WHEN f.is_open OR f.url_auth_type = 'NONE' THEN 'FAIL'
        WHEN f.has_policy IS NULL OR f.url_auth_type IS NULL OR f.is_unclear THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN f.is_approved THEN 'it is approved as public'
        WHEN f.url_auth_type = 'NONE' THEN 'its address answers without credentials'
        WHEN f.is_open THEN 'its policy lets everybody invoke it'
        WHEN f.is_unclear OR (f.policy_read AND f.has_policy IS NULL) OR (f.url_read AND f.url_auth_type IS NULL)
        THEN 'quarantined'
        WHEN f.has_policy IS NULL OR f.url_auth_type IS NULL THEN 'incomplete'
        ELSE 'only named principals may invoke it'
    END AS reason
FROM function_state AS f
