/*
id: JIRA-CHG-002
title: Emergency changes were reviewed afterwards within the limit
severity: medium
resource_type: jira.issue
population: jira_ticket
applies_to: is_emergency AND NOT is_cancelled AND is_in_window
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 36
policy:
  [change_request_types, emergency_change_types, emergency_change_labels, emergency_review_days, review_statuses,
  request_carried_out_statuses, request_rejected_statuses, cancelled_resolutions, jira_window_days]
unknown_when: >-
  The issues or their changelogs were denied, are not whole or are too old; or the changelog of the change is cut off.
criteria:
  soc2: [CC8.1]
  iso27001: [A.8.32]
  nist_csf: [ID.RA-07]
  pci_dss: ["6.5.1"]
remediation: >-
  Let somebody else than who asked for an emergency change take it into one of review_statuses, or out of it, after it was
  carried out.
*/
WITH judged AS (
    SELECT
        t.*,
        c.as_of,
        COALESCE(t.done_at, t.created_at) + p.emergency_review_days * INTERVAL '1 day' AS deadline,
        p.emergency_review_days AS days
    FROM facts.jira_ticket AS t
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = t.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT has_history OR (is_done AND done_at IS NULL) THEN 'UNKNOWN'
        WHEN reviewed_at <= deadline OR as_of <= deadline THEN 'PASS'
        WHEN reviewed_at > deadline OR reviewed_at IS NULL THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT has_history OR (is_done AND done_at IS NULL) THEN 'incomplete'
        WHEN reviewed_at <= deadline THEN 'somebody else reviewed it in time'
        WHEN as_of <= deadline THEN 'the ' || days || ' days for its review are not over'
        WHEN reviewed_at > deadline THEN 'somebody else reviewed it after more than ' || days || ' days'
        WHEN reviewed_at IS NULL THEN 'nobody but who asked for it has reviewed it'
        ELSE 'incomplete'
    END AS reason
FROM judged
