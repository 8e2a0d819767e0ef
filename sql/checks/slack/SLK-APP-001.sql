/*
id: SLK-APP-001
title: Installed apps are on the approved list
severity: medium
resource_type: slack.app
population: slack_app
applies_to: is_installed
streams: [slack.integration_log]
freshness_hours: 36
policy: [slack_approved_apps]
unknown_when: >-
  The log of integrations was denied (it needs an administrator and a paid plan) or is not whole; its last word about an app
  is not understood; or no list of approved apps is given and Slack's own was not read. Without the log a person brings the
  list of installed apps.
criteria:
  soc2: [CC6.8, CC9.2]
  iso27001: [A.5.19, A.8.19]
  nist_csf: [PR.PS-05, GV.SC-07]
remediation: >-
  Remove the app, or approve it: in slack_approved_apps, or in Slack's own list of approved apps.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN is_installed IS NULL THEN 'UNKNOWN'
        WHEN is_approved THEN 'PASS'
        WHEN is_register_given THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN is_installed IS NULL THEN 'incomplete'
        WHEN is_approved THEN COALESCE(name, 'the app') || ' is on the approved list'
        WHEN is_register_given THEN COALESCE(name, 'the app') || ' is not on the approved list'
        ELSE 'not_collected'
    END AS reason
FROM facts.slack_app
