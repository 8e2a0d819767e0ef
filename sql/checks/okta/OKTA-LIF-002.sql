/*
id: OKTA-LIF-002
title: Accounts inactive beyond the limit are suspended
severity: medium
resource_type: okta.user
population: okta_user
applies_to: is_enabled AND NOT is_service_account
streams: [okta.user]
freshness_hours: 36
depends_on: [OKTA-USR-000]
policy: [okta_inactive_max_days, okta_service_accounts]
unknown_when: OKTA-USR-000 is not PASS; or the account does not show when it was last used, or made.
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.18]
  nist_csf: [PR.AA-05]
  hipaa: ["164.308(a)(3)(ii)(C)"]
  pci_dss: ["8.2.6"]
remediation: >-
  Suspend or deactivate the account, or name it in okta_service_accounts when no person signs in with it.
*/
WITH judged AS (
    SELECT
        u.*,
        p.okta_inactive_max_days AS days_allowed,
        c.as_of - p.okta_inactive_max_days * INTERVAL '1 day' AS last_day
    FROM facts.okta_user AS u
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = u.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN is_enabled IS NULL OR NOT shows_last_login THEN 'UNKNOWN'
        WHEN last_login_at < last_day THEN 'FAIL'
        WHEN last_login_at >= last_day THEN 'PASS'
        WHEN created_at < last_day THEN 'FAIL'
        WHEN created_at >= last_day THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN is_enabled IS NULL OR NOT shows_last_login THEN 'incomplete'
        WHEN last_login_at < last_day THEN 'not signed in with for more than ' || days_allowed || ' days'
        WHEN last_login_at >= last_day THEN 'signed in with within ' || days_allowed || ' days'
        WHEN created_at < last_day THEN 'made more than ' || days_allowed || ' days ago and never signed in with'
        WHEN created_at >= last_day THEN 'new, and not yet signed in with'
        ELSE 'incomplete'
    END AS reason
FROM judged
