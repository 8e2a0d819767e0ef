/*
id: OKTA-MFA-002
title: Every active person has an enrolled strong factor
severity: high
resource_type: okta.user
population: okta_user_factor
applies_to: can_sign_in AND NOT is_service_account
streams: [okta.user, okta.user_factor]
freshness_hours: 36
policy: [okta_strong_factors, okta_service_accounts]
unknown_when: >-
  The factors of the account could not be read (a 403, a 429, a time-out), the answer is no list, or a factor in it has no
  type or status. That is never counted as having none.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
  pci_dss: ["8.4.2"]
remediation: >-
  Have the person enrol a security key, FastPass or an authenticator app, and demand enrolment in the enrolment policy; name
  a service account in okta_service_accounts.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN can_sign_in IS NULL OR strong IS NULL THEN 'UNKNOWN'
        WHEN strong > 0 THEN 'PASS'
        WHEN unclear > 0 THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN can_sign_in IS NULL OR strong IS NULL THEN 'incomplete'
        WHEN strong > 0 THEN 'a strong factor is enrolled'
        WHEN unclear > 0 THEN 'incomplete'
        WHEN weak > 0 THEN 'only weak factors are enrolled'
        ELSE 'no factor is enrolled'
    END AS reason
FROM facts.okta_user_factor
