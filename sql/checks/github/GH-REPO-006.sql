/*
id: GH-REPO-006
title: No repository is public unless approved
severity: high
resource_type: github.repository
population: github_repository
streams: [github.repository]
freshness_hours: 36
depends_on: [GH-ORG-000]
policy: [github_approved_public_repositories]
unknown_when: GH-ORG-000 is not PASS, so a repository may be missing from the list.
criteria:
  soc2: [CC6.1, C1.1]
  iso27001: [A.8.4, A.8.12]
  nist_csf: [PR.AA-05]
remediation: >-
  Make the repository private, or name it in github_approved_public_repositories after approval.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN NOT r.is_public THEN 'PASS'
        WHEN r.is_public AND a.approval > 0 THEN 'PASS'
        WHEN r.is_public AND a.approval = 0 THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT r.is_public THEN 'the repository is not public'
        WHEN r.is_public AND a.approval > 0 THEN 'public, and on the list of approved public repositories'
        WHEN r.is_public AND a.approval = 0 THEN 'public without approval'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_repository AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
CROSS JOIN LATERAL (
    SELECT
        GREATEST(
            pattern_rank(r.resource_id, p.github_approved_public_repositories),
            pattern_rank(r.name, p.github_approved_public_repositories)
        ) AS approval
) AS a
