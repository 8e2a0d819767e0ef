/*
id: GH-REPO-005
title: Force pushes and branch deletion are off on default branches
severity: medium
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
  iso27001: [A.8.4]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.5.1"]
remediation: >-
  Block force pushes and restrict deletions in the ruleset, or leave both off in the branch protection rule.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT blocks_force_pushes OR NOT blocks_deletion THEN 'FAIL'
        WHEN blocks_force_pushes AND blocks_deletion THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT blocks_force_pushes AND NOT blocks_deletion THEN branch || ' can be force-pushed and deleted'
        WHEN NOT blocks_force_pushes THEN branch || ' can be force-pushed'
        WHEN NOT blocks_deletion THEN branch || ' can be deleted'
        WHEN blocks_force_pushes AND blocks_deletion THEN branch || ' can be neither force-pushed nor deleted'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_branch
