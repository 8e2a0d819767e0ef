/*
id: OKTA-MFA-003
title: Administrators sign in with a phishing-resistant factor
severity: high
resource_type: okta.user
population: okta_user_factor
applies_to: is_admin AND can_sign_in
streams: [okta.user, okta.user_factor, okta.admin_role, okta.app, okta.policy, okta.policy_rule]
freshness_hours: 36
policy: [okta_phishing_resistant_factors]
unknown_when: >-
  The role assignments, the factors of the account, or the policies were denied or are not whole; or the Admin Console is
  not in the list of applications, so that what it demands is not known.
criteria:
  soc2: [CC6.1, CC6.3]
  iso27001: [A.8.2, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
  pci_dss: ["8.4.1", "8.5.1"]
remediation: >-
  Have the administrator enrol a security key or FastPass, and let every rule of the Admin Console's authentication policy
  that allows access demand a phishing-resistant possession factor.
*/
WITH console AS (
    SELECT
        tenant_id, connection_id,
        CASE
            WHEN bool_or(policy_demands_resistance = FALSE) THEN FALSE
            WHEN bool_or(policy_demands_resistance IS NULL) THEN NULL
            ELSE TRUE
        END AS demands_resistance
    FROM facts.okta_app
    WHERE name = 'saasure'
    GROUP BY tenant_id, connection_id
)

SELECT
    u.tenant_id,
    u.resource_id,
    CASE
        WHEN u.can_sign_in IS NULL OR u.is_admin IS NULL OR u.phishing_resistant IS NULL THEN 'UNKNOWN'
        WHEN u.phishing_resistant = 0 AND u.unclear > 0 THEN 'UNKNOWN'
        WHEN u.phishing_resistant = 0 THEN 'FAIL'
        WHEN c.demands_resistance THEN 'PASS'
        WHEN NOT c.demands_resistance THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN u.can_sign_in IS NULL OR u.is_admin IS NULL OR u.phishing_resistant IS NULL THEN 'incomplete'
        WHEN u.phishing_resistant = 0 AND u.unclear > 0 THEN 'incomplete'
        WHEN u.phishing_resistant = 0 THEN 'an administrator without a phishing-resistant factor'
        WHEN c.demands_resistance THEN 'a phishing-resistant factor is enrolled, and the Admin Console demands one'
        WHEN NOT c.demands_resistance
            THEN 'a phishing-resistant factor is enrolled, but a rule of the Admin Console lets administrators in without'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_user_factor AS u
LEFT JOIN console AS c ON c.tenant_id = u.tenant_id AND c.connection_id = u.connection_id
