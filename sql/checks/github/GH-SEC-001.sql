/*
id: GH-SEC-001
title: Secret scanning and push protection are on
severity: high
resource_type: github.repository
population: github_repository
applies_to: classification <> 'out'
streams: [github.repository]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  GitHub leaves security_and_analysis or one of the two fields out, as it does when the token is not an administrator's.
criteria:
  soc2: [CC6.1, CC7.1]
  iso27001: [A.5.17, A.8.4]
  nist_csf: [PR.PS-06]
  pci_dss: ["8.6.2"]
remediation: >-
  Turn on secret scanning and push protection under the repository's settings, Advanced Security, or for all repositories
  with a security configuration of the organisation. Private repositories need Secret Protection. Nothing can be pushed to
  an archived repository, so secret scanning alone is demanded of it.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN secret_scanning = 'disabled' THEN 'FAIL'
        WHEN push_protection = 'disabled' AND NOT is_archived THEN 'FAIL'
        WHEN secret_scanning = 'enabled' AND (is_archived OR push_protection = 'enabled') THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN secret_scanning = 'disabled' THEN 'secret scanning is off'
        WHEN push_protection = 'disabled' AND NOT is_archived THEN 'push protection is off'
        WHEN secret_scanning = 'enabled' AND is_archived THEN 'secret scanning is on, and nothing can be pushed'
        WHEN secret_scanning = 'enabled' AND push_protection = 'enabled'
            THEN 'secret scanning and push protection are on'
        WHEN secret_scanning IS NULL OR push_protection IS NULL THEN 'denied'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_repository
