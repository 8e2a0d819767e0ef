/*
id: OKTA-LIF-003
title: New accounts and privileged grants follow an approved request
severity: high
resource_type: okta.event
population: okta_change
applies_to: is_grant
streams: [okta.event, jira.issue, jira.issue_changelog]
freshness_hours: 36
policy:
  [access_request_types, request_approved_statuses, request_window_days, okta_privileged_groups, okta_provisioning_actors]
unknown_when: >-
  The system log, the issues of Jira or their changelogs were denied, are not whole or are too old; there is no connection to
  Jira; or the event does not say whom it is about.
criteria:
  soc2: [CC6.2]
  iso27001: [A.5.16, A.5.18]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(3)(ii)(A)", "164.308(a)(4)(ii)(B)"]
  pci_dss: ["7.2.3", "8.2.4"]
remediation: >-
  Ask for access by an issue of one of access_request_types that names the login, and let somebody else approve it before it
  is given. Name an import that makes accounts by itself in okta_provisioning_actors.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN has_access_request THEN 'PASS'
        WHEN is_provisioned AND type = 'user.lifecycle.create' THEN 'PASS'
        WHEN NOT has_subject THEN 'UNKNOWN'
        WHEN NOT has_access_request THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN has_access_request THEN type || ': an approved request names it'
        WHEN is_provisioned AND type = 'user.lifecycle.create' THEN type || ' by an approved joiner process'
        WHEN NOT has_subject THEN 'incomplete'
        WHEN NOT has_access_request THEN type || ' without a request that was approved before'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_change
