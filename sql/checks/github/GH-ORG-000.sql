/*
id: GH-ORG-000
title: Every repository of the organisation is inventoried and classified in or out of scope
severity: critical
resource_type: github.repository
population: github_repository
streams: [github.repository, github.organization]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  The list of repositories is not whole, or the organisation's own count is hidden from the token or differs from the
  list (a token or app that sees selected repositories only): then completeness cannot be proven.
criteria:
  soc2: [CC2.1, CC8.1]
  iso27001: [A.5.9]
  nist_csf: [ID.AM-02]
  pci_dss: ["12.5.2"]
remediation: >-
  Name the repository in github_repositories_in_scope or in github_repositories_out_of_scope of the tenant's policy.
  Give the token the right to read every repository and the organisation's settings.
*/
WITH listed AS (
    SELECT tenant_id, connection_id, count(*) AS repositories
    FROM facts.github_repository
    GROUP BY tenant_id, connection_id
)

SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN r.classification IN ('unclassified', 'contradictory') THEN 'FAIL'
        WHEN o.repositories_declared IS NULL THEN 'UNKNOWN'
        WHEN o.repositories_declared <> l.repositories THEN 'UNKNOWN'
        WHEN r.classification IN ('in', 'out') THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN r.classification = 'unclassified' THEN 'the policy puts the repository neither in scope nor out of scope'
        WHEN r.classification = 'contradictory' THEN 'the policy puts the repository both in scope and out of scope'
        WHEN o.repositories_declared IS NULL THEN 'denied'
        WHEN o.repositories_declared <> l.repositories THEN 'incomplete'
        WHEN r.classification = 'in' THEN 'in scope'
        WHEN r.classification = 'out' THEN 'out of scope'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_repository AS r
JOIN listed AS l ON l.tenant_id = r.tenant_id AND l.connection_id = r.connection_id
LEFT JOIN facts.github_organization AS o ON o.tenant_id = r.tenant_id AND o.connection_id = r.connection_id
