/*
id: GH-CHG-003
title: Required checks had passed on the merged commit
# Where no check is required, GH-REPO-004 fails; then what ran decides, and a change that nothing tested fails.
# What branches demand is read of each repository. A stream that is named below blocks every change where one repository
# cannot be read; so branch protection and rules are not, and rules_gap holds what was not read against its repository alone.
severity: medium
resource_type: github.pull_request
population: github_pull_request_check
applies_to: is_judged
streams: [github.pull_request]
freshness_hours: 36
policy: [github_window_days, github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  The checks of the merged head were not read whole, are closed to the token (check runs are to a fine-grained one), or are
  so old that GitHub may have thrown them away before; what the branch demands (github.branch_protection,
  github.branch_rule) could not be read of the repository, or is too old; or which checks belong to a demanded workflow is
  not shown, and one failed.
criteria:
  soc2: [CC8.1]
  iso27001: [A.8.29]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.5.1"]
remediation: >-
  Run the checks on what was merged, and repair what fails. Require them in a ruleset of the default branch that nobody may
  bypass.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN h.resource_id IS NULL OR h.rules_gap IS NOT NULL OR NOT r.has_rules OR NOT r.is_whole THEN 'UNKNOWN'
        WHEN h.rules_read_at >= c.as_of - INTERVAL '36 hours' THEN
            CASE
                WHEN r.failed IS NOT NULL THEN 'FAIL'
                WHEN r.missing IS NOT NULL OR r.ran = 0 THEN CASE WHEN r.may_be_expired THEN 'UNKNOWN' ELSE 'FAIL' END
                WHEN r.demands_workflow AND r.ran_failed IS NOT NULL THEN 'UNKNOWN'
                WHEN r.demanded = 0 AND r.ran_failed IS NOT NULL THEN 'FAIL'
                ELSE 'PASS'
            END
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN h.resource_id IS NULL THEN 'incomplete'
        WHEN h.rules_gap IS NOT NULL THEN h.rules_gap
        WHEN h.rules_read_at < c.as_of - INTERVAL '36 hours' THEN 'stale'
        WHEN r.is_denied THEN 'denied'
        WHEN NOT r.has_rules OR NOT r.is_whole THEN 'incomplete'
        WHEN r.failed IS NOT NULL THEN 'required, and had not passed when it was merged: ' || r.failed
        WHEN (r.missing IS NOT NULL OR r.ran = 0) AND r.may_be_expired THEN 'incomplete'
        WHEN r.missing IS NOT NULL THEN 'required, and did not run: ' || r.missing
        WHEN r.ran = 0 THEN 'no check ran'
        WHEN r.demands_workflow AND r.ran_failed IS NOT NULL THEN 'incomplete'
        WHEN r.demanded = 0 AND r.ran_failed IS NOT NULL
        THEN 'no check is required, and these had not passed: ' || r.ran_failed
        WHEN r.demanded = 0 THEN 'every check that ran had passed; none is required by its name'
        ELSE 'all required checks had passed'
    END AS reason
FROM facts.github_pull_request_check AS r
CROSS JOIN ops.clock AS c
LEFT JOIN facts.github_branch_history AS h
    ON h.tenant_id = r.tenant_id AND h.connection_id = r.connection_id AND h.repository = r.repository
