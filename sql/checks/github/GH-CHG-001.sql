/*
id: GH-CHG-001
title: Every change merged to a production branch in the window was approved by someone other than its author
# Who merges has not reviewed by that. An approval of an earlier head, by an app, after the merge, or that was dismissed is
# none. Commits are read of each repository, and commits_gap holds what was not read against its repository alone.
severity: critical
resource_type: github.pull_request
population: github_pull_request_review
applies_to: is_judged
streams: [github.pull_request]
freshness_hours: 36
policy: [github_window_days, github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  The list of merged pull requests, or the reviews of one, is not whole; the commits of the branch (github.commit) could
  not be read, are too old, or they and the merged pull requests do not account for each other; or whose approval it is, or
  of what, is not shown.
criteria:
  soc2: [CC8.1]
  iso27001: [A.5.3, A.8.32]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.2.3", "6.5.1"]
remediation: >-
  Look at the change now, and write down who did. Demand an approval in a ruleset of the default branch, let new commits
  dismiss it, let somebody else than who pushed last approve, and let nobody bypass the ruleset.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN h.resource_id IS NULL OR h.commits_gap IS NOT NULL THEN 'UNKNOWN'
        WHEN h.commits_read_at >= c.as_of - INTERVAL '36 hours' AND h.unlisted = 0 AND h.unmatched = 0 AND r.is_whole
        THEN
            CASE WHEN r.approvals > 0 THEN 'PASS' WHEN r.unclear > 0 THEN 'UNKNOWN' ELSE 'FAIL' END
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN h.resource_id IS NULL THEN 'incomplete'
        WHEN h.commits_gap IS NOT NULL THEN h.commits_gap
        WHEN h.commits_read_at < c.as_of - INTERVAL '36 hours' THEN 'stale'
        WHEN h.unlisted > 0 OR h.unmatched > 0 OR NOT r.is_whole THEN 'incomplete'
        WHEN r.approvals > 0 THEN 'somebody else approved what was merged'
        WHEN r.unclear > 0 THEN 'incomplete'
        WHEN r.older_approvals > 0 THEN 'the approval is of an earlier head than the one that was merged'
        WHEN r.withdrawn > 0 THEN 'the approval was dismissed, or changes were asked for last'
        WHEN r.late_approvals > 0 THEN 'it was approved only after it was merged'
        WHEN r.own_approvals > 0 THEN 'only who wrote it approved it'
        WHEN r.robot_approvals > 0 THEN 'only an app approved it'
        ELSE 'nobody approved it'
    END AS reason
FROM facts.github_pull_request_review AS r
CROSS JOIN ops.clock AS c
LEFT JOIN facts.github_branch_history AS h
    ON h.tenant_id = r.tenant_id AND h.connection_id = r.connection_id AND h.repository = r.repository
