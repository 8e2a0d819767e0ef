/*
id: SLK-MFA-001
title: Members sign in with single sign-on or two-factor authentication
severity: high
resource_type: slack.user
population: slack_user
applies_to: is_person AND NOT is_deleted
streams: [slack.user, slack.team]
freshness_hours: 36
unknown_when: >-
  has_2fa is left out, as it is for a token of somebody who is no administrator (that is never read as false); or it is false
  where single sign-on is connected, since Slack does not show whether members must use it.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
remediation: >-
  Require two-factor authentication for the workspace, or have the member turn it on. Use an administrator's token so that
  has_2fa is shown.
*/
WITH sign_on AS (
    SELECT tenant_id, connection_id, bool_or(has_sso) AS has_sso
    FROM facts.slack_team
    GROUP BY tenant_id, connection_id
)

SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN u.has_2fa THEN 'PASS'
        WHEN NOT u.has_2fa AND NOT s.has_sso THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN u.has_2fa THEN 'two-factor authentication is on'
        WHEN NOT u.has_2fa AND NOT s.has_sso THEN 'neither two-factor authentication nor single sign-on'
        WHEN u.has_2fa IS NULL THEN 'denied'
        ELSE 'incomplete'
    END AS reason
FROM facts.slack_user AS u
LEFT JOIN sign_on AS s ON s.tenant_id = u.tenant_id AND s.connection_id = u.connection_id
