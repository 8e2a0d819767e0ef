/*
id: AWS-IAM-010
title: Roles trusting outside accounts are on the approved third-party list and use an external id
# Accounts that are connected or in the organisation are our own, and so is everybody of it (aws:PrincipalOrgID).
severity: high
resource_type: aws.iam.role
population: aws_iam_role
applies_to: "trusts_other_accounts"
streams: [aws.iam_role, aws.organization]
freshness_hours: 36
policy: [approved_outside_accounts]
unknown_when: >-
  Roles were not read, or a role trusts an account that is neither connected nor approved while the list of the
  organisation's own accounts is not known.
criteria:
  soc2: [CC6.3, CC9.2]
  iso27001: [A.5.15, A.5.19]
  nist_csf: [PR.AA-05, GV.SC-07]
  hipaa: ["164.308(b)(1)"]
  pci_dss: ["7.2.5"]
remediation: >-
  Take the account out of the trust policy, or name it under approved_outside_accounts and make the statement want
  the external id that was agreed on with the third party.
*/
WITH own AS (
    SELECT DISTINCT o.tenant_id, o.account_number FROM facts.aws_organization_account AS o
),

organization AS (
    SELECT o.tenant_id, o.connection_id,
        bool_or(NOT o.is_member OR o.list_read_at >= c.as_of - INTERVAL '36 hours') AS is_known
    FROM facts.aws_organization_account AS o
    CROSS JOIN ops.clock AS c
    WHERE o.kind = 'own'
    GROUP BY o.tenant_id, o.connection_id
),

trust AS (
    SELECT
        t.tenant_id, t.connection_id, t.role_arn, t.principal,
        CASE
            WHEN g.tenant_id IS NOT NULL OR w.tenant_id IS NOT NULL THEN 'own'
            WHEN t.trusted_account IS NULL THEN 'everybody'
            WHEN json_holds(p.approved_outside_accounts, t.trusted_account)
            THEN CASE WHEN t.has_external_id THEN 'approved' ELSE 'no_external_id' END
            WHEN n.is_known THEN 'stranger'
            ELSE 'unclear'
        END AS is_a
    FROM facts.aws_iam_role_trust AS t
    JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
    LEFT JOIN own AS w ON w.tenant_id = t.tenant_id AND w.account_number = t.trusted_account
    LEFT JOIN facts.aws_organization AS g
        ON g.tenant_id = t.tenant_id AND g.connection_id = t.connection_id AND g.organization_id = t.organization_id
    LEFT JOIN organization AS n ON n.tenant_id = t.tenant_id AND n.connection_id = t.connection_id
),

role AS (
    SELECT
        t.tenant_id, t.connection_id, t.role_arn,
        bool_or(t.is_a IN ('everybody', 'stranger', 'no_external_id')) AS is_bad,
        bool_or(t.is_a = 'unclear') AS is_unclear,
        bool_or(t.is_a = 'everybody') AS is_open,
        max(CASE WHEN t.is_a = 'stranger' THEN t.principal END) AS stranger
    FROM trust AS t
    GROUP BY t.tenant_id, t.connection_id, t.role_arn
)

SELECT
    r.tenant_id,
    r.resource_id,
    CASE WHEN o.is_bad THEN 'FAIL' WHEN o.is_unclear THEN 'UNKNOWN' ELSE 'PASS' END AS status,
    CASE
        WHEN o.is_open THEN 'it trusts everybody'
        WHEN o.stranger IS NOT NULL THEN 'it trusts ' || o.stranger || ', which nobody approved'
        WHEN o.is_bad THEN 'it trusts a third party without an external id'
        WHEN o.is_unclear THEN 'incomplete'
        ELSE 'it trusts accounts of our own and approved third parties with an external id'
    END AS reason
FROM facts.aws_iam_role AS r
LEFT JOIN role AS o
    ON o.tenant_id = r.tenant_id AND o.connection_id = r.connection_id AND o.role_arn = r.resource_id
