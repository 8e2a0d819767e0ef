/*
id: GH-VUL-001
title: Dependency alerts are enabled
severity: medium
resource_type: github.repository
population: github_repository_security
applies_to: is_archived IS NOT TRUE AND NOT is_out_of_scope
streams: [github.repository_settings]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  The settings of the repository were denied, or they show alerts as off to a token that may not administer it, as GitHub
  shows them to everybody who may not see.
criteria:
  soc2: [CC7.1]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-01]
  pci_dss: ["6.3.2"]
remediation: >-
  Switch Dependabot alerts on, in the settings of the repository or for all of the organisation.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN alerts_enabled THEN 'PASS' WHEN NOT alerts_enabled THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
    CASE
        WHEN alerts_enabled THEN 'alerts about vulnerable dependencies are on'
        WHEN NOT alerts_enabled THEN 'alerts about vulnerable dependencies are off'
        ELSE 'denied'
    END AS reason
FROM facts.github_repository_security
