/*
id: GH-REPO-002
title: Changes need at least one review and new commits dismiss stale approvals
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
  iso27001: [A.8.28, A.8.32]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.2.3"]
remediation: >-
  Demand at least one approval before merging, and dismiss stale approvals when new commits are pushed, in the ruleset
  or the branch protection rule.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN required_reviews = 0 OR NOT dismisses_stale_reviews THEN 'FAIL'
        WHEN required_reviews >= 1 AND dismisses_stale_reviews THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN required_reviews = 0 THEN 'a change to ' || branch || ' needs no review'
        WHEN NOT dismisses_stale_reviews THEN 'approvals of ' || branch || ' stand after new commits'
        WHEN required_reviews >= 1 AND dismisses_stale_reviews
            THEN 'a change to ' || branch || ' needs ' || required_reviews || ' approvals of its last commit'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_branch
