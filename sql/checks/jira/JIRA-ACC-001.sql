/*
id: JIRA-ACC-001
title: Access was granted only after a recorded approval
severity: high
resource_type: jira.issue
population: jira_issue
applies_to: is_access_request AND is_done
streams: [jira.issue, jira.issue_changelog]
freshness_hours: 36
policy: [access_request_types, request_approved_statuses, request_carried_out_statuses]
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
  Let somebody else than the reporter approve an access request before access is given; name your statuses in
  request_approved_statuses and request_carried_out_statuses.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT has_history OR NOT has_reporter OR carried_out_at IS NULL THEN 'UNKNOWN'
        WHEN approved_at < carried_out_at THEN 'PASS'
        WHEN approved_at >= carried_out_at OR approved_at IS NULL THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT has_history OR NOT has_reporter OR carried_out_at IS NULL THEN 'incomplete'
        WHEN approved_at < carried_out_at THEN 'somebody else approved it before it was carried out'
        WHEN approved_at >= carried_out_at THEN 'it was carried out before somebody else approved it'
        ELSE 'nobody but who reported it approved it'
    END AS reason
FROM facts.jira_issue
