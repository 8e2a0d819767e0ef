/*
id: GH-ORG-001
title: The organisation requires two-factor authentication
severity: critical
resource_type: github.organization
population: github_organization
streams: [github.organization]
freshness_hours: 36
unknown_when: GitHub leaves two_factor_requirement_enabled out or null, as it does when the token is not an owner's.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
remediation: >-
  Require two-factor authentication under the organisation's settings, Authentication security. Members without it
  lose access until they turn it on.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN two_factor_required THEN 'PASS' WHEN NOT two_factor_required THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
    CASE
        WHEN two_factor_required THEN 'two-factor authentication is required'
        WHEN NOT two_factor_required THEN 'two-factor authentication is not required'
        ELSE 'denied'
    END AS reason
FROM facts.github_organization
