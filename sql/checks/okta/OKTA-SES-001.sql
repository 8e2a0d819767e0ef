/*
id: OKTA-SES-001
title: Idle sessions end within the limit
severity: low
resource_type: okta.policy
population: okta_policy
applies_to: type = 'OKTA_SIGN_ON' AND status = 'ACTIVE'
streams: [okta.policy, okta.policy_rule]
freshness_hours: 36
policy: [okta_session_idle_minutes]
unknown_when: >-
  The policies or their rules were denied or are not whole, or a rule that lets somebody in does not say when an idle
  session ends.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(a)(2)(iii)"]
  pci_dss: ["8.2.8"]
remediation: >-
  Lower the maximum idle time of a session in every rule of the global session policy.
*/
SELECT
    o.tenant_id,
    o.resource_id,
    CASE
        WHEN o.idle_minutes > p.okta_session_idle_minutes THEN 'FAIL'
        WHEN o.idle_minutes <= p.okta_session_idle_minutes THEN 'PASS'
        -- Nobody is let in by it, so no session is.
        WHEN o.rules = 0 THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN o.idle_minutes >= 1000000000 THEN 'a rule sets no end to idle sessions'
        WHEN o.idle_minutes > p.okta_session_idle_minutes
            THEN 'a rule lets sessions idle for ' || o.idle_minutes || ' minutes, at most '
                || p.okta_session_idle_minutes || ' are allowed'
        WHEN o.idle_minutes <= p.okta_session_idle_minutes
            THEN 'idle sessions end after ' || o.idle_minutes || ' minutes or earlier'
        WHEN o.rules = 0 THEN 'no active rule of it lets anybody in'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_policy AS o
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = o.tenant_id
