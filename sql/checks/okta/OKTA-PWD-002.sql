/*
id: OKTA-PWD-002
title: Accounts lock after the permitted failed attempts
severity: medium
resource_type: okta.policy
population: okta_policy
applies_to: type = 'PASSWORD' AND status = 'ACTIVE'
streams: [okta.policy]
freshness_hours: 36
policy: [okta_lockout_max_attempts, okta_lockout_min_minutes]
unknown_when: The policies were denied or are not whole, or the policy does not show its lock-out settings.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.308(a)(5)(ii)(C)"]
  pci_dss: ["8.3.4"]
remediation: >-
  Let the password policy lock an account after fewer wrong passwords, and unlock it by itself later or not at all.
*/
SELECT
    o.tenant_id,
    o.resource_id,
    CASE
        WHEN o.max_attempts <= 0 OR o.max_attempts > p.okta_lockout_max_attempts THEN 'FAIL'
        WHEN o.unlock_minutes > 0 AND o.unlock_minutes < p.okta_lockout_min_minutes THEN 'FAIL'
        WHEN o.max_attempts <= p.okta_lockout_max_attempts
            AND (o.unlock_minutes = 0 OR o.unlock_minutes >= p.okta_lockout_min_minutes) THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN o.max_attempts <= 0 THEN 'accounts never lock'
        WHEN o.max_attempts > p.okta_lockout_max_attempts
            THEN 'accounts lock after ' || o.max_attempts || ' wrong passwords, at most '
                || p.okta_lockout_max_attempts || ' are allowed'
        WHEN o.unlock_minutes > 0 AND o.unlock_minutes < p.okta_lockout_min_minutes
            THEN 'accounts unlock by themselves after ' || o.unlock_minutes || ' minutes, at least '
                || p.okta_lockout_min_minutes || ' are asked for'
        WHEN o.max_attempts IS NOT NULL AND o.unlock_minutes IS NOT NULL
            THEN 'accounts lock after ' || o.max_attempts || ' wrong passwords'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_policy AS o
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = o.tenant_id
