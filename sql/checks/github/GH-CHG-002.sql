/*
id: GH-CHG-002
title: No commit reached a production branch outside a pull request or by a rule override
# Each commit and each override is judged by itself, so an approved exception is for one of them. The organisation's own row
# says that its audit log was read, which is what tells of overrides; on plans without one, commits are judged all the same.
severity: critical
resource_type: github.commit
population: github_commit
applies_to: is_judged
streams: [github.commit]
freshness_hours: 36
policy: [github_window_days, github_repositories_in_scope, github_repositories_out_of_scope]
unknown_when: >-
  The commits of a branch, or the pull requests that one came with, were not read whole. Of the organisation: its audit
  log (github.audit_event) is not part of its plan, was denied, is too old, or has a hole.
criteria:
  soc2: [CC7.2, CC8.1]
  iso27001: [A.8.15, A.8.32]
  nist_csf: [PR.PS-06, DE.CM-03]
  pci_dss: ["6.5.1"]
remediation: >-
  Have the commit reviewed now; where it was an emergency, approve the commit or the event as an exception. Demand a pull
  request in a ruleset of the default branch, and let nobody bypass it.
*/
SELECT
    r.tenant_id,
    r.resource_id,
    CASE
        WHEN r.kind = 'override' THEN 'FAIL'
        WHEN r.kind = 'log' THEN
            CASE WHEN r.gap IS NULL AND r.happened_at >= c.as_of - INTERVAL '36 hours' THEN 'PASS' ELSE 'UNKNOWN' END
        WHEN r.pulls > 0 OR r.is_first THEN 'PASS'
        WHEN NOT r.is_whole THEN 'UNKNOWN'
        WHEN r.pulls = 0 THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN r.kind = 'override' THEN 'somebody went round a rule: ' || r.what
        WHEN r.kind = 'log' AND r.gap IS NOT NULL THEN r.gap
        WHEN r.kind = 'log' AND r.happened_at >= c.as_of - INTERVAL '36 hours'
        THEN 'the audit log was read, and every override in it is judged by itself'
        WHEN r.kind = 'log' THEN 'stale'
        WHEN r.pulls > 0 THEN 'it came by a pull request'
        WHEN r.is_first THEN 'there was nothing yet to be merged into'
        WHEN NOT r.is_whole THEN 'incomplete'
        WHEN r.pulls = 0 THEN 'no merged pull request brought it'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_commit AS r
CROSS JOIN ops.clock AS c
