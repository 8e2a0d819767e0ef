/*
id: OKTA-EVT-001
title: Policy and administrator changes carry an approved change ticket
severity: medium
resource_type: okta.event
population: okta_change
applies_to: is_change
streams: [okta.event, jira.issue, jira.issue_changelog]
freshness_hours: 36
depends_on: [OKTA-LOG-001]
policy: [change_request_types, access_request_types, request_approved_statuses, request_window_days]
unknown_when: >-
  OKTA-LOG-001 is not PASS; the issues of Jira or their changelogs were denied, are not whole or are too old; there is no
  connection to Jira; or the event does not say what it is about.
criteria:
  soc2: [CC6.3, CC8.1]
  iso27001: [A.8.32]
  nist_csf: [ID.RA-07]
  pci_dss: ["6.5.1"]
remediation: >-
  Raise an issue of one of change_request_types that names the policy, the rule or the person, and let somebody else approve
  it before the change is made.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN has_change_request THEN 'PASS'
        -- A privilege is also given by an access request.
        WHEN is_grant AND has_access_request THEN 'PASS'
        WHEN NOT has_subject THEN 'UNKNOWN'
        WHEN NOT has_change_request THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN has_change_request THEN type || ': an approved change ticket names it'
        WHEN is_grant AND has_access_request THEN type || ': an approved request names it'
        WHEN NOT has_subject THEN 'incomplete'
        WHEN NOT has_change_request THEN type || ' without a ticket that was approved before'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_change
