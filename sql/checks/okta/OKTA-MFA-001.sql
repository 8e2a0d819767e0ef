/*
id: OKTA-MFA-001
title: Sign-on policies demand a second factor for every in-scope application
severity: critical
resource_type: okta.app
population: okta_app
applies_to: status = 'ACTIVE' AND is_sign_on AND NOT is_out_of_scope
streams: [okta.app, okta.policy, okta.policy_rule]
freshness_hours: 36
policy: [okta_apps_out_of_scope]
unknown_when: >-
  The policies or their rules were denied or are not whole, or a rule that lets somebody in does not say how many factors
  it asks for.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
  pci_dss: ["8.4.2"]
remediation: >-
  Give the application an authentication policy whose rules that allow access all ask for two factors, or demand a second
  factor in every rule of the global session policies.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN policy_demands_two OR session_demands_two THEN 'PASS'
        WHEN (NOT has_policy OR NOT policy_demands_two) AND NOT session_demands_two THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN policy_demands_two THEN 'every rule of its authentication policy that lets somebody in demands two factors'
        WHEN session_demands_two THEN 'the global session policies demand a second factor of everybody'
        WHEN NOT has_policy AND NOT session_demands_two
            THEN 'it has no authentication policy, and a global session policy lets people in with one factor'
        WHEN NOT policy_demands_two AND NOT session_demands_two
            THEN 'a rule of its authentication policy lets people in with one factor, and so does a global session policy'
        ELSE 'incomplete'
    END AS reason
FROM facts.okta_app
