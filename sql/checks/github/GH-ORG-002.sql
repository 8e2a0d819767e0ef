/*
id: GH-ORG-002
title: No member or outside collaborator lacks two-factor authentication
severity: high
resource_type: github.user
population: github_user_2fa
streams:
  [github.member, github.outside_collaborator, github.member_without_2fa, github.outside_collaborator_without_2fa]
freshness_hours: 36
unknown_when: >-
  One of the four lists was denied or is not whole. The filter for accounts without two-factor authentication needs an
  owner's token; without it an empty answer proves nothing.
criteria:
  soc2: [CC6.1]
  iso27001: [A.5.17, A.8.5]
  nist_csf: [PR.AA-03]
  hipaa: ["164.312(d)"]
remediation: Have the person turn on two-factor authentication, or remove them from the organisation.
*/
SELECT
    tenant_id,
    resource_id,
    CASE WHEN without_2fa THEN 'FAIL' WHEN NOT without_2fa THEN 'PASS' ELSE 'UNKNOWN' END AS status,
    CASE
        WHEN without_2fa AND is_member THEN 'a member without two-factor authentication'
        WHEN without_2fa THEN 'an outside collaborator without two-factor authentication'
        WHEN NOT without_2fa THEN 'GitHub does not name the account among those without two-factor authentication'
        ELSE 'incomplete'
    END AS reason
FROM facts.github_user_2fa
