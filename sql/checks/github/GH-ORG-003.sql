/*
id: GH-ORG-003
title: SAML single sign-on is enforced and every member has a linked identity
severity: medium
resource_type: github.user
population: github_saml_identity
streams: [github.member, github.owner, github.saml_identity, github.organization]
freshness_hours: 36
unknown_when: >-
  The identities were denied or are not whole; or there is none at all and the organisation's plan is not Enterprise, which
  alone has single sign-on (whether that may be left out is for a person to approve). GitHub does not show whether it is
  enforced, but removes members without an identity when it is: a member without one shows that it is not.
criteria:
  soc2: [CC6.1, CC6.2]
  iso27001: [A.5.16]
  nist_csf: [PR.AA-01]
  hipaa: ["164.312(a)(2)(i)"]
remediation: >-
  Connect the organisation to the identity provider, have the member sign in through it once, and require SAML single
  sign-on under the organisation's settings.
*/
SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN name_id IS NOT NULL THEN 'PASS'
        WHEN identities > 0 OR plan = 'enterprise' THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN name_id IS NOT NULL THEN 'an identity is linked'
        WHEN identities > 0 THEN 'no identity is linked, so single sign-on is not enforced'
        WHEN plan = 'enterprise' THEN 'the organisation has no single sign-on'
        ELSE 'denied'
    END AS reason
FROM facts.github_saml_identity
