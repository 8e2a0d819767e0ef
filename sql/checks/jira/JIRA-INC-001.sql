/*
id: JIRA-INC-001
title: Incidents have severity, owner, timeline and a lessons-learned record within the limit
severity: high
resource_type: jira.issue
population: jira_ticket
# Without any incident the site is the one row, and somebody must have signed that there was none.
applies_to: (is_incident AND NOT is_cancelled AND is_in_window) OR (is_site AND incidents = 0)
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 36
depends_on: [JIRA-POP-000]
policy:
  [incident_types, incident_review_types, incident_review_days, incident_max_open_days, review_statuses, severity_field,
  nil_statement_labels, nil_statement_max_age_days, jira_window_days]
unknown_when: >-
  JIRA-POP-000 is not PASS; the changelog of the incident is cut off; or there is no incident in the window and no signed
  statement that there was none.
criteria:
  soc2: [CC7.4, CC7.5]
  iso27001: [A.5.26, A.5.27]
  nist_csf: [RS.MA-03, RS.AN-03, ID.IM-03]
  hipaa: ["164.308(a)(6)(ii)"]
  pci_dss: ["12.10.6"]
remediation: >-
  Give the incident a severity and an owner, move it as it goes on, and look back at it: take it through one of review_statuses,
  or link an issue of incident_review_types and resolve that. Where there was no incident, let somebody sign it each quarter in
  an issue with one of nil_statement_labels.
*/
WITH judged AS (
    SELECT
        t.*,
        COALESCE(t.resolved_at, t.done_at) AS ended_at,
        COALESCE(t.resolved_at, t.done_at) + p.incident_review_days * INTERVAL '1 day' AS review_due,
        t.created_at + p.incident_max_open_days * INTERVAL '1 day' AS end_due,
        t.statement_at >= c.as_of - p.nil_statement_max_age_days * INTERVAL '1 day' AS is_stated,
        c.as_of,
        p.incident_review_days AS review_days,
        p.incident_max_open_days AS open_days
    FROM facts.jira_ticket AS t
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN is_site AND is_stated THEN 'PASS'
        WHEN is_site THEN 'UNKNOWN'
        WHEN severity IS NULL OR owner IS NULL THEN 'FAIL'
        WHEN NOT has_history THEN 'UNKNOWN'
        WHEN ended_at IS NULL AND is_done THEN 'UNKNOWN'
        WHEN ended_at IS NULL AND as_of > end_due THEN 'FAIL'
        WHEN ended_at IS NULL AND as_of <= end_due THEN 'PASS'
        WHEN moves = 0 THEN 'FAIL'
        WHEN learned_at <= review_due OR as_of <= review_due THEN 'PASS'
        WHEN learned_at > review_due OR learned_at IS NULL THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN is_site AND is_stated THEN 'it is signed that there was no incident'
        WHEN is_site THEN 'incomplete'
        WHEN severity IS NULL THEN 'the incident has no severity'
        WHEN owner IS NULL THEN 'the incident has no owner'
        WHEN NOT has_history OR (ended_at IS NULL AND is_done) THEN 'incomplete'
        WHEN ended_at IS NULL AND as_of > end_due THEN 'open for more than ' || open_days || ' days'
        WHEN ended_at IS NULL THEN 'open, with severity and owner'
        WHEN moves = 0 THEN 'nothing shows what was done when'
        WHEN learned_at <= review_due THEN 'looked back at in time'
        WHEN as_of <= review_due THEN 'over, and the ' || review_days || ' days to look back at it are not'
        WHEN learned_at > review_due THEN 'looked back at after more than ' || review_days || ' days'
        WHEN learned_at IS NULL THEN 'nobody has looked back at it'
        ELSE 'incomplete'
    END AS reason
FROM judged
