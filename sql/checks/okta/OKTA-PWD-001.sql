/*
id: OKTA-PWD-001
title: Every active password policy meets length, complexity and history rules
severity: medium
resource_type: okta.policy
population: okta_policy
applies_to: type = 'PASSWORD' AND status = 'ACTIVE'
streams: [okta.policy]
freshness_hours: 36
policy: [okta_password_min_length, okta_password_history]
unknown_when: The policies were denied or are not whole, or the policy does not show one of the settings.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17]
  nist_csf: [PR.AA-03]
  hipaa: ["164.308(a)(5)(ii)(D)"]
  pci_dss: ["8.3.6", "8.3.7"]
remediation: >-
  Raise the least length and the history of the password policy, and let it ask for letters and digits. A policy of a group
  that is evaluated before the default one counts as much.
*/
SELECT
    o.tenant_id,
    o.resource_id,
    CASE
        WHEN o.min_length < p.okta_password_min_length OR o.history < p.okta_password_history
            OR NOT o.demands_number OR NOT o.demands_letter THEN 'FAIL'
        WHEN o.min_length >= p.okta_password_min_length AND o.history >= p.okta_password_history
            AND o.demands_number AND o.demands_letter THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN o.min_length < p.okta_password_min_length
            THEN 'passwords of ' || o.min_length || ' characters are enough, at least '
                || p.okta_password_min_length || ' are asked for'
        WHEN NOT o.demands_number OR NOT o.demands_letter THEN 'passwords need not hold both letters and digits'
        WHEN o.history < p.okta_password_history
            THEN o.history || ' earlier passwords are refused, at least ' || p.okta_password_history || ' are asked for'
        WHEN o.min_length IS NOT NULL AND o.history IS NOT NULL AND o.demands_number AND o.demands_letter
            THEN 'at least ' || o.min_length || ' characters with letters and digits, and ' || o.history
                || ' earlier passwords are refused'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_policy AS o
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = o.tenant_id
