/*
id: GH-REPO-001
title: Default branches of in-scope repositories are protected (classic rule or ruleset)
severity: high
resource_type: github.branch
population: github_branch
applies_to: NOT is_archived AND NOT is_out_of_scope
streams: [github.repository, github.branch_protection, github.branch_rule]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  Classic protection or the rules of the branch could not be read for the repository: a 403, a 404 that does not say
  that the branch is not protected, a rate limit; or the answer is not understood.
criteria:
  soc2: [CC8.1]
  iso27001: [A.8.4, A.8.32]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.5.1"]
remediation: >-
  Add a ruleset for the default branch, or a branch protection rule, that demands a pull request with review and
  forbids force pushes.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN is_protected THEN 'PASS' WHEN NOT is_protected THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
    CASE
        WHEN is_protected THEN 'the branch ' || branch || ' is protected'
        WHEN NOT is_protected THEN 'nothing protects the branch ' || branch
        ELSE 'incomplete'
    END AS reason
FROM facts.github_branch
