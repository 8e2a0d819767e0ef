/*
id: OKTA-MFA-004
title: Weak authenticators are disabled for authentication
severity: medium
resource_type: okta.authenticator
population: okta_authenticator
applies_to: is_weak
streams: [okta.authenticator]
freshness_hours: 192
policy: [okta_weak_authenticators]
unknown_when: >-
  The list of authenticators was denied or is not whole (Classic Engine has none), or an active one does not say what it
  may be used for.
criteria:
  soc2: [CC6.1]
  iso27001: [A.8.5]
  nist_csf: [PR.AA-03]
remediation: >-
  Under Security, Authenticators, let the authenticator be used for recovery only, or deactivate it.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN status = 'INACTIVE' OR allowed_for IN ('recovery', 'none') THEN 'PASS'
        WHEN status = 'ACTIVE' AND allowed_for IN ('any', 'sso') THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN status = 'INACTIVE' THEN kind || ' is not active'
        WHEN allowed_for IN ('recovery', 'none') THEN kind || ' may not be used for authentication'
        WHEN status = 'ACTIVE' AND allowed_for IN ('any', 'sso') THEN kind || ' may be used for authentication'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_authenticator
