/*
id: SLK-ADM-001
title: Workspace owners and admins are on the approved list
severity: medium
resource_type: slack.user
population: slack_user
applies_to: NOT is_deleted AND is_person AND is_admin
streams: [slack.user]
freshness_hours: 36
depends_on: [SLK-USR-000]
policy: [slack_approved_admins]
unknown_when: >-
  SLK-USR-000 is not PASS; a member does not show whether they administer; or no list of approved administrators is given.
criteria:
  soc2: [CC6.3]
  iso27001: [A.8.2]
  nist_csf: [PR.AA-05]
remediation: >-
  Make the person a member instead, or add them to slack_approved_admins after approval.
*/
SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN u.is_admin IS NULL OR NOT json_is_filled(p.slack_approved_admins) THEN 'UNKNOWN'
        WHEN json_holds(p.slack_approved_admins, u.resource_id) OR json_holds(p.slack_approved_admins, u.email) THEN 'PASS'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN u.is_admin IS NULL THEN 'incomplete'
        WHEN NOT json_is_filled(p.slack_approved_admins) THEN 'not_collected'
        WHEN json_holds(p.slack_approved_admins, u.resource_id) OR json_holds(p.slack_approved_admins, u.email)
            THEN 'on the approved list'
        ELSE 'an owner or administrator who is not on the approved list'
    END AS reason
FROM facts.slack_user AS u
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = u.tenant_id
