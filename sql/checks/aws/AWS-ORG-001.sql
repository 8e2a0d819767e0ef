/*
id: AWS-ORG-001
title: Every account of the organisation is inside the evidence scope or explicitly scoped out
# Each account of the list is judged, and each connected account stands for the list of its own organisation. A closed
# account, which runs nothing, is not judged.
severity: critical
resource_type: aws.account
population: aws_organization_account
applies_to: "kind = 'own' OR coalesce(status, 'ACTIVE') NOT IN ('SUSPENDED', 'CLOSED')"
streams: [aws.organization]
freshness_hours: 36
policy: [organization_accounts_out_of_scope]
unknown_when: >-
  The organisation of the account was not read, or its list of accounts was not read whole within 36 hours through
  any connection (a member account may not list the others): then the scope cannot be proven.
criteria:
  soc2: [CC2.1, CC7.1]
  iso27001: [A.5.9]
  nist_csf: [ID.AM-02]
  hipaa: ["164.308(a)(1)(ii)(A)"]
  pci_dss: ["12.5.2"]
remediation: >-
  Connect the account, or declare it under organization_accounts_out_of_scope; connect the management account or a
  delegated administrator of AWS Organizations, which alone may list the accounts.
*/
SELECT
    a.tenant_id,
    a.resource_id,
    CASE
        WHEN a.kind = 'listed' THEN
            CASE
                WHEN a.is_connected OR json_holds(p.organization_accounts_out_of_scope, a.account_number) THEN 'PASS'
                ELSE 'FAIL'
            END
        WHEN NOT a.is_member THEN 'PASS'
        WHEN a.list_read_at >= c.as_of - INTERVAL '36 hours' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN a.kind = 'listed' THEN
            CASE
                WHEN a.is_connected THEN 'the account is connected'
                WHEN json_holds(p.organization_accounts_out_of_scope, a.account_number)
                THEN 'the account is declared out of scope'
                ELSE 'nobody reads the account ' || coalesce(a.account_name, a.account_number)
            END
        WHEN NOT a.is_member THEN 'the account belongs to no organisation'
        WHEN a.list_read_at >= c.as_of - INTERVAL '36 hours' THEN 'the list of accounts was read whole'
        WHEN a.list_read_at IS NOT NULL THEN 'stale'
        WHEN a.list_outcome = 'denied' THEN 'denied'
        WHEN a.list_outcome IS NULL OR a.list_outcome = 'failed' THEN 'not_collected'
        ELSE 'incomplete'
    END AS reason
FROM facts.aws_organization_account AS a
JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
CROSS JOIN ops.clock AS c
