/*
id: JIRA-CHG-001
title: Production changes were approved by someone other than the requester before deployment
severity: high
resource_type: jira.issue
population: jira_ticket
# Emergencies are approved afterwards: JIRA-CHG-002.
applies_to: is_change AND NOT is_emergency AND is_done AND NOT is_cancelled AND is_in_window
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 36
policy:
  [change_request_types, emergency_change_types, emergency_change_labels, request_approved_statuses,
  request_carried_out_statuses, request_rejected_statuses, cancelled_resolutions, jira_window_days]
unknown_when: >-
  The issues or their changelogs were denied, are not whole or are too old; a changelog was cut off; or the issue does not say
  who reported it or when it was carried out.
criteria:
  soc2: [CC8.1]
  iso27001: [A.5.3, A.8.32]
  nist_csf: [ID.RA-07, PR.PS-06]
  pci_dss: ["6.5.1"]
remediation: >-
  Let somebody else than who asked move a change into an approved status before it is carried out; name your statuses in
  request_approved_statuses and request_carried_out_statuses.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT has_history OR NOT has_reporter OR done_at IS NULL THEN 'UNKNOWN'
        WHEN approved_at < done_at THEN 'PASS'
        WHEN approved_at >= done_at OR approved_at IS NULL THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT has_history OR NOT has_reporter OR done_at IS NULL THEN 'incomplete'
        WHEN approved_at < done_at THEN 'somebody else approved it before it was carried out'
        WHEN approved_at >= done_at THEN 'it was approved only when it was carried out'
        WHEN is_self_approved THEN 'nobody but who asked for it approved it'
        ELSE 'nobody approved it before it was carried out'
    END AS reason
FROM facts.jira_ticket
