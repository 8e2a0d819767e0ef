/*
id: SLK-ACC-001
title: No active Slack account belongs to a person without an active workforce identity
severity: high
resource_type: slack.user
population: slack_user
applies_to: is_person AND NOT is_deleted AND NOT is_guest AND NOT is_service_account
streams: [slack.user, okta.user]
freshness_hours: 36
policy: [slack_service_accounts]
unknown_when: >-
  There is no connection to Okta, its list of users was denied or is not whole, or the two lists were read more than 24 hours
  apart; or Slack leaves the e-mail address out (the scope users:read.email).
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.18]
  nist_csf: [PR.AA-01]
  hipaa: ["164.308(a)(3)(ii)(C)"]
remediation: >-
  Deactivate the member in Slack, or let Okta deactivate members (SCIM). Name an account that is no person in
  slack_service_accounts.
*/
WITH directory AS (
    SELECT tenant_id, max(read_at) AS read_at
    FROM facts.okta_user
    GROUP BY tenant_id
),

identity AS (
    SELECT n.tenant_id, n.name, bool_or(n.is_enabled) AS is_active, bool_or(n.is_enabled IS NULL) AS is_unclear
    FROM (
        SELECT tenant_id, login AS name, is_enabled FROM facts.okta_user
        UNION
        SELECT tenant_id, email AS name, is_enabled FROM facts.okta_user
    ) AS n
    WHERE n.name IS NOT NULL
    GROUP BY n.tenant_id, n.name
)

SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN u.email IS NULL OR d.read_at IS NULL OR u.read_at IS NULL THEN 'UNKNOWN'
        WHEN u.read_at > d.read_at + INTERVAL '24 hours' OR d.read_at > u.read_at + INTERVAL '24 hours' THEN 'UNKNOWN'
        WHEN i.is_active THEN 'PASS'
        WHEN i.is_unclear THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN u.email IS NULL THEN 'denied'
        WHEN d.read_at IS NULL OR u.read_at IS NULL THEN 'incomplete'
        WHEN u.read_at > d.read_at + INTERVAL '24 hours' OR d.read_at > u.read_at + INTERVAL '24 hours' THEN 'stale'
        WHEN i.is_active THEN 'the e-mail address is that of an active identity'
        WHEN i.is_unclear THEN 'incomplete'
        WHEN i.name IS NOT NULL THEN 'the identity with this e-mail address is not active'
        ELSE 'no identity has this e-mail address'
    END AS reason
FROM facts.slack_user AS u
LEFT JOIN directory AS d ON d.tenant_id = u.tenant_id
LEFT JOIN identity AS i ON i.tenant_id = u.tenant_id AND i.name = u.email
