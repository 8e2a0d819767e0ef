/*
id: JIRA-ACC-001
title: Access was granted only after a recorded approval
severity: high
resource_type: jira.issue
population: jira_ticket
applies_to: is_access AND is_done AND NOT is_cancelled AND is_in_window
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 36
policy:
  [access_request_types, access_approvers, request_approved_statuses, request_carried_out_statuses, request_rejected_statuses,
  cancelled_resolutions, jira_window_days]
unknown_when: >-
  The issues or their changelogs were denied, are not whole or are too old; a changelog was cut off; or the issue does not say
  who reported it or when it was carried out.
criteria:
  soc2: [CC6.2]
  iso27001: [A.5.18]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(4)(ii)(B)"]
  pci_dss: ["7.2.3"]
remediation: >-
  Let somebody else than who asked for access approve it before it is given, one of access_approvers if any are named; name your
  statuses in request_approved_statuses and request_carried_out_statuses.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT has_history OR NOT has_reporter OR done_at IS NULL THEN 'UNKNOWN'
        WHEN authorised_at < done_at THEN 'PASS'
        WHEN authorised_at >= done_at OR authorised_at IS NULL THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT has_history OR NOT has_reporter OR done_at IS NULL THEN 'incomplete'
        WHEN authorised_at < done_at THEN 'somebody who may approve it did before it was carried out'
        WHEN authorised_at >= done_at THEN 'it was approved only when it was carried out'
        WHEN approved_at IS NOT NULL THEN 'who approved it is not on the list of approvers'
        WHEN is_self_approved THEN 'nobody but who asked for it approved it'
        ELSE 'nobody approved it before it was carried out'
    END AS reason
FROM facts.jira_ticket
