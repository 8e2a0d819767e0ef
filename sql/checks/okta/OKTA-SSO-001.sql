/*
id: OKTA-SSO-001
title: In-scope applications are reached only through single sign-on
severity: medium
resource_type: okta.app
population: okta_app_register
applies_to: is_registered OR NOT is_given
streams: [okta.app]
freshness_hours: 192
policy: [application_register, application_register_reviewed]
unknown_when: >-
  There is no register of applications, or its last review is not said or older than 12 months; the applications were denied
  or are not whole; or one does not say how Okta signs in to it. Whether an application also takes passwords of its own is
  seen by the checks of that application alone.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.16, A.8.5]
  nist_csf: [PR.AA-03]
remediation: >-
  Connect the application to Okta by SAML or OpenID Connect instead of a stored password or a bookmark, and turn its own
  passwords off. Review the register and say when in application_register_reviewed.
*/
WITH judged AS (
    SELECT
        a.*,
        a.reviewed_at >= c.as_of - INTERVAL '12 months' AS is_reviewed
    FROM facts.okta_app_register AS a
    CROSS JOIN ops.clock AS c
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN NOT is_given OR is_reviewed IS NULL OR NOT is_reviewed THEN 'UNKNOWN'
        WHEN NOT is_found THEN 'FAIL'
        WHEN sign_on_mode IN ('SAML_2_0', 'SAML_1_1', 'OPENID_CONNECT', 'WS_FEDERATION') THEN 'PASS'
        WHEN sign_on_mode IN ('BROWSER_PLUGIN', 'SECURE_PASSWORD_STORE', 'BASIC_AUTH', 'AUTO_LOGIN', 'BOOKMARK') THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN NOT is_given THEN 'not_collected'
        WHEN is_reviewed IS NULL OR NOT is_reviewed THEN 'stale'
        WHEN NOT is_found THEN 'in the register, and not an active application of Okta'
        WHEN sign_on_mode IN ('SAML_2_0', 'SAML_1_1', 'OPENID_CONNECT', 'WS_FEDERATION')
            THEN 'reached through single sign-on (' || sign_on_mode || ')'
        WHEN sign_on_mode IN ('BROWSER_PLUGIN', 'SECURE_PASSWORD_STORE', 'BASIC_AUTH', 'AUTO_LOGIN', 'BOOKMARK')
            THEN 'not single sign-on: ' || sign_on_mode
        ELSE 'incomplete'
    END AS reason
FROM judged
