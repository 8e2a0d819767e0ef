/*
id: GH-REPO-004
title: Merging needs the required status checks
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
  iso27001: [A.8.29]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.5.1"]
remediation: >-
  Name at least one status check that must pass before merging, in the ruleset or the branch protection rule. A rule
  that names none demands nothing.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN requires_status_checks THEN 'PASS' WHEN NOT requires_status_checks THEN 'FAIL' ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN requires_status_checks THEN 'a change to ' || branch || ' must pass status checks'
        WHEN NOT requires_status_checks THEN 'no status check is required before a change is merged into ' || branch
        ELSE 'incomplete'
    END AS reason
FROM facts.github_branch
