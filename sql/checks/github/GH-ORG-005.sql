/*
id: GH-ORG-005
title: Base repository permission is none or read
severity: medium
resource_type: github.organization
population: github_organization
streams: [github.organization]
freshness_hours: 36
unknown_when: GitHub leaves default_repository_permission out, as it does when the token is not an owner's.
criteria:
  soc2: [CC6.3]
  iso27001: [A.5.15, A.8.4]
  nist_csf: [PR.AA-05]
  pci_dss: ["7.2.2"]
remediation: >-
  Set the base permission to read or none under the organisation's settings, Member privileges, and give write access
  to teams.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN default_repository_permission IN ('none', 'read') THEN 'PASS'
        WHEN default_repository_permission IN ('write', 'admin') THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN default_repository_permission IN ('none', 'read', 'write', 'admin')
            THEN 'the base permission is ' || default_repository_permission
        WHEN default_repository_permission IS NULL THEN 'denied'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_organization
