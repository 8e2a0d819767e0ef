/*
id: AWS-IAM-008
title: No customer-managed policy grants full administrative wildcard outside the approved list
# The version in force counts, attached or not. Conditions do not help: they say when, not what. A statement that
# allows everything but some actions counts as everything unless it leaves out all of IAM, and no other statement of the
# policy gives that back.
severity: high
resource_type: aws.iam.policy
population: aws_iam_policy
streams: [aws.iam_policy]
freshness_hours: 36
policy: [approved_admin_policies]
unknown_when: The policies were not read, or the document of a version in force is not understood.
criteria:
  soc2: [CC6.3]
  iso27001: [A.5.15, A.8.2]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(4)(ii)(B)", "164.312(a)(1)"]
  pci_dss: ["7.2.1", "7.2.2"]
remediation: >-
  Replace the wildcard by the actions and resources that are needed, or name the policy under
  approved_admin_policies.
*/
WITH statement AS (
    SELECT
        s.tenant_id, s.connection_id, s.policy_arn,
        s.effect = 'Allow'
            AND (
                EXISTS (
                    SELECT 1 FROM json_list(s.resource) AS r(item)
                    WHERE json_text(r.item) ~ '^(arn:|arn:aws[a-z-]*:)?[*?:/]*[*][*?:/]*$'
                )
                OR s.not_resource IS NOT NULL
            ) AS is_everywhere,
        EXISTS (
            SELECT 1 FROM json_list(s.action) AS a(item) WHERE json_text(a.item) ~ '^[*?:]*[*][*?:]*$'
        )
        OR (s.not_action IS NOT NULL AND NOT json_holds(s.not_action, 'iam:*')) AS is_everything,
        json_holds(s.not_action, 'iam:*') AS is_all_but_iam,
        json_holds(s.action, 'iam:*') AS is_iam,
        s.effect IS NULL OR s.effect NOT IN ('Allow', 'Deny')
            OR (s.action IS NULL AND s.not_action IS NULL)
            OR (s.resource IS NULL AND s.not_resource IS NULL) AS is_unclear
    FROM facts.aws_iam_policy_statement AS s
),

document AS (
    SELECT
        s.tenant_id, s.connection_id, s.policy_arn,
        bool_or(s.is_everywhere AND s.is_everything)
            OR (bool_or(s.is_everywhere AND s.is_all_but_iam) AND bool_or(s.is_everywhere AND s.is_iam)) AS grants_all,
        bool_or(s.is_unclear) AS is_unclear
    FROM statement AS s
    GROUP BY s.tenant_id, s.connection_id, s.policy_arn
),

policy AS (
    SELECT
        y.tenant_id, y.connection_id, y.resource_id,
        json_holds(p.approved_admin_policies, y.resource_id) OR json_holds(p.approved_admin_policies, y.policy_name)
            AS is_approved
    FROM facts.aws_iam_policy AS y
    JOIN facts.tenant_policy AS p ON p.tenant_id = y.tenant_id
)

SELECT
    y.tenant_id,
    y.resource_id,
    CASE
        WHEN y.is_approved THEN 'PASS'
        WHEN d.grants_all THEN 'FAIL'
        WHEN d.is_unclear THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN y.is_approved THEN 'approved by policy'
        WHEN d.grants_all THEN 'the policy allows every action on every resource'
        WHEN d.is_unclear THEN 'quarantined'
        ELSE 'no statement allows every action on every resource'
    END AS reason
FROM policy AS y
LEFT JOIN document AS d
    ON d.tenant_id = y.tenant_id AND d.connection_id = y.connection_id AND d.policy_arn = y.resource_id
