/*
id: GH-ORG-006
title: Every member maps to an active workforce identity
severity: high
resource_type: github.user
population: github_saml_identity
streams: [github.member, github.owner, github.saml_identity, okta.user]
freshness_hours: 36
unknown_when: >-
  There is no connection to Okta, the identities or Okta's list of users were denied or are not whole, or the two were read
  more than 24 hours apart; or the organisation has no linked identity at all, so that nobody can be mapped.
criteria:
  soc2: [CC6.2, CC6.3]
  iso27001: [A.5.16, A.5.18]
  nist_csf: [PR.AA-01]
  hipaa: ["164.308(a)(3)(ii)(C)"]
  pci_dss: ["8.2.5"]
remediation: >-
  Remove the member from the organisation, or have the person sign in through single sign-on so that an identity is linked.
*/
WITH directory AS (
    SELECT tenant_id, max(read_at) AS read_at
    FROM facts.okta_user
    GROUP BY tenant_id
),

identity AS (
    SELECT n.tenant_id, n.name, bool_or(n.is_enabled) AS is_active, bool_or(n.is_enabled IS NULL) AS is_unclear
    FROM (
        SELECT tenant_id, login AS name, is_enabled FROM facts.okta_user
        UNION
        SELECT tenant_id, email AS name, is_enabled FROM facts.okta_user
        UNION
        SELECT tenant_id, lower(resource_id) AS name, is_enabled FROM facts.okta_user
    ) AS n
    WHERE n.name IS NOT NULL
    GROUP BY n.tenant_id, n.name
),

judged AS (
    SELECT
        m.tenant_id, m.resource_id, m.name_id, m.identities,
        m.read_at > d.read_at + INTERVAL '24 hours' OR d.read_at > m.read_at + INTERVAL '24 hours' AS is_apart,
        i.name IS NOT NULL OR j.name IS NOT NULL OR k.name IS NOT NULL AS is_found,
        COALESCE(i.is_active, j.is_active, k.is_active) AS is_active,
        COALESCE(i.is_unclear, j.is_unclear, k.is_unclear) AS is_unclear
    FROM facts.github_saml_identity AS m
    LEFT JOIN directory AS d ON d.tenant_id = m.tenant_id
    -- The NameID decides; the provider's user name and e-mail address where it is no name of Okta's.
    LEFT JOIN identity AS i ON i.tenant_id = m.tenant_id AND i.name = m.name_id
    LEFT JOIN identity AS j ON j.tenant_id = m.tenant_id AND j.name = m.user_name
    LEFT JOIN identity AS k ON k.tenant_id = m.tenant_id AND k.name = m.email
)

SELECT
    tenant_id,
    resource_id,
    CASE
        WHEN identities = 0 OR is_apart IS NULL OR is_apart THEN 'UNKNOWN'
        WHEN name_id IS NULL THEN 'FAIL'
        WHEN is_active THEN 'PASS'
        WHEN is_unclear THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE
        WHEN identities = 0 THEN 'denied'
        WHEN is_apart IS NULL THEN 'incomplete'
        WHEN is_apart THEN 'stale'
        WHEN name_id IS NULL THEN 'no identity is linked'
        WHEN is_active THEN 'the linked identity is active'
        WHEN is_unclear THEN 'incomplete'
        WHEN is_found THEN 'the linked identity is not active'
        ELSE 'the linked identity is not among those of the workforce'
    END AS reason
FROM judged
