/*
id: JIRA-POP-000
title: The issue population of each in-scope project is complete
severity: high
resource_type: jira.project
population: jira_project
streams: [jira.project, jira.issue, jira.issue_changelog, jira.audit_record, jira.site]
freshness_hours: 36
policy: [jira_window_days]
unknown_when: >-
  Projects, issues, their changelogs or the audit log were denied or are not whole; an issue could not be read; or keys are
  missing, nothing explains them, and issues may be hidden: the token's account does not administer Jira, or issues of the
  project bear security levels.
criteria:
  soc2: [CC2.1]
  iso27001: [A.5.33]
  nist_csf: [ID.AM-02]
remediation: >-
  Let Kushim's account into every issue security level and browse every project. An issue that was deleted without a trace
  is no longer evidence: take the permission to delete issues away.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN misplaced > 0 THEN 'UNKNOWN'
        WHEN missing = 0 THEN 'PASS'
        WHEN missing > 0 AND is_administered AND NOT has_levels THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN misplaced > 0 THEN 'incomplete'
        WHEN missing = 0 AND deleted > 0
            THEN 'the keys follow each other; the audit log tells of ' || deleted || ' that were deleted'
        WHEN missing = 0 THEN 'the keys follow each other'
        WHEN missing > 0 AND is_administered AND NOT has_levels
            THEN missing || ' keys are missing, the last before ' || gap_before || ', and nothing says why'
        ELSE 'incomplete'
    END AS reason
FROM facts.jira_project
