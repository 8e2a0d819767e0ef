/*
id: OKTA-LIF-001
title: Leavers lost access within the allowed time
severity: critical
resource_type: okta.user
population: okta_leaver
streams: [okta.user, okta.event, file.person]
freshness_hours: 36
policy: [leaver_max_hours, leaver_window_days, hr_present_statuses, hr_left_statuses]
unknown_when: >-
  There is no list of people (file.person), it is not whole, or it names nobody who has left although Okta has deactivated
  people; a person's status or last day is not understood; no account is found for a leaver; or nothing shows when access
  was lost.
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.18, A.6.5]
  nist_csf: [PR.AA-01]
  hipaa: ["164.308(a)(3)(ii)(C)"]
  pci_dss: ["8.2.5"]
remediation: >-
  Deactivate the account now, and let the HR system deactivate accounts on the last day. Give the HR list the e-mail address
  or employee number that the account has.
*/
WITH judged AS (
    SELECT
        e.*,
        c.as_of,
        p.leaver_max_hours AS hours_allowed,
        COALESCE(e.left_at, e.seen_at) + p.leaver_max_hours * INTERVAL '1 hour' AS deadline
    FROM facts.okta_leaver AS e
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = e.tenant_id
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN has_left IS NULL THEN 'UNKNOWN'
        WHEN has_account AND status = 'STAGED' THEN 'PASS'
        WHEN has_account AND status IN ('ACTIVE', 'PROVISIONED', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY')
            AND as_of > deadline THEN 'FAIL'
        WHEN has_account AND status IN ('ACTIVE', 'PROVISIONED', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY')
            AND left_at IS NOT NULL AND as_of <= deadline THEN 'PASS'
        WHEN left_at IS NULL THEN 'UNKNOWN'
        WHEN lost_at > deadline THEN 'FAIL'
        WHEN lost_at <= deadline THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN has_left IS NULL THEN 'incomplete'
        WHEN has_account AND status = 'STAGED' THEN 'the account was never activated'
        WHEN has_account AND status IN ('ACTIVE', 'PROVISIONED', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY')
            AND as_of > deadline THEN 'left, and the account is still ' || status
        WHEN has_account AND status IN ('ACTIVE', 'PROVISIONED', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY')
            AND left_at IS NOT NULL AND as_of <= deadline THEN 'left, and the allowed time is not over'
        WHEN left_at IS NULL THEN 'incomplete'
        WHEN lost_at > deadline THEN 'access was lost more than ' || hours_allowed || ' hours after the last day'
        WHEN lost_at <= deadline THEN 'access was lost in time'
        ELSE 'incomplete'
    END AS reason
FROM judged
