/*
id: GH-REPO-003
title: Nobody, administrators included, may bypass the protection
severity: medium
resource_type: github.branch
population: github_branch
applies_to: NOT is_archived AND NOT is_out_of_scope
streams: [github.repository, github.branch_protection, github.branch_rule, github.ruleset]
freshness_hours: 36
policy: [github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  As GH-REPO-001; or a ruleset that guards the branch could not be read or hides who may bypass it.
criteria:
  soc2: [CC6.3, CC8.1]
  iso27001: [A.5.3, A.8.32]
  nist_csf: [PR.PS-06]
  pci_dss: ["6.5.1"]
remediation: >-
  Empty the bypass list of the ruleset; in a classic rule turn on that administrators may not bypass it and empty the
  list of those who may bypass pull requests.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT is_protected OR exempts_admins OR exempts_others OR ruleset_exempts THEN 'FAIL'
        WHEN is_protected AND NOT exempts_admins AND NOT exempts_others AND NOT ruleset_exempts
            AND NOT ruleset_bypass_hidden THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT is_protected THEN 'nothing protects the branch ' || branch
        WHEN exempts_admins THEN 'administrators may bypass the protection of ' || branch
        WHEN exempts_others THEN 'named people, teams or apps may merge into ' || branch || ' without a pull request'
        WHEN ruleset_exempts THEN 'a ruleset of ' || branch || ' names who may bypass it'
        WHEN is_protected AND NOT exempts_admins AND NOT exempts_others AND NOT ruleset_bypass_hidden
            THEN 'nobody may bypass the protection of ' || branch
        WHEN ruleset_bypass_hidden THEN 'denied'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_branch
