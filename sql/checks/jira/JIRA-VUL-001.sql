/*
id: JIRA-VUL-001
title: Security defects are resolved within the SLA for their severity
severity: high
resource_type: jira.issue
population: jira_ticket
applies_to: is_defect AND (resolved_at IS NULL OR is_in_window)
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 36
depends_on: [JIRA-POP-000]
policy:
  [security_issue_types, security_defect_labels, security_defect_days, security_defect_triage_days, severity_field,
  unfixed_resolutions, jira_window_days]
unknown_when: >-
  JIRA-POP-000 is not PASS; the issues or their changelogs are not whole; a severity that the defect had has no limit in
  security_defect_days; or a done issue does not say when it was resolved.
criteria:
  soc2: [CC7.1, CC7.4]
  iso27001: [A.8.8]
  nist_csf: [ID.RA-06, PR.PS-02]
  hipaa: ["164.308(a)(1)(ii)(B)"]
  pci_dss: ["6.3.3"]
remediation: >-
  Resolve the defect, or approve an exception with an end date; security_defect_days says how many days each severity has. A
  severity that was lowered after security_defect_triage_days gains no time.
*/
WITH judged AS (
    SELECT
        t.*,
        t.created_at + t.allowed_days * INTERVAL '1 day' AS due_at,
        CASE WHEN NOT t.is_unfixed THEN t.resolved_at END AS fixed_at,
        c.as_of
    FROM facts.jira_ticket AS t
    CROSS JOIN ops.clock AS c
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN allowed_days IS NULL OR NOT has_history THEN 'UNKNOWN'
        WHEN is_closed AND resolved_at IS NULL THEN 'UNKNOWN'
        WHEN fixed_at <= due_at THEN 'PASS'
        WHEN fixed_at > due_at OR as_of > due_at THEN 'FAIL'
        WHEN as_of <= due_at THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN allowed_days IS NULL OR NOT has_history OR (is_closed AND resolved_at IS NULL) THEN 'incomplete'
        WHEN fixed_at <= due_at THEN 'resolved within ' || allowed_days || ' days'
        WHEN fixed_at > due_at THEN 'resolved after more than ' || allowed_days || ' days'
        WHEN as_of > due_at AND is_unfixed THEN 'closed without a fix, and the ' || allowed_days || ' days are over'
        WHEN as_of > due_at THEN 'open for longer than ' || allowed_days || ' days'
        WHEN as_of <= due_at THEN 'open, within ' || allowed_days || ' days'
        ELSE 'incomplete'
    END AS reason
FROM judged
