/*
table: github_saml_identity
title: Members and owners of the organisation, with the identity that single sign-on links to each
# Source: GitHub GraphQL, ExternalIdentity: samlIdentity has nameId, username and emails, user the login. An organisation
# without a provider has no identities; whether its plan has single sign-on at all is shown by the plan's name.
streams: [github.member, github.owner, github.saml_identity, github.organization]
population_streams: [github.member, github.owner]
columns:
  name_id: The identity's SAML NameID in lower case; NULL where none is linked
  user_name: Its user name at the provider in lower case
  email: Its first e-mail address in lower case
  identities: How many identities the organisation has
  plan: The name of the organisation's plan; NULL where the token may not see it
  read_at: As of when the identities are known
*/
WITH identity AS (
    SELECT
        s.tenant_id, s.connection_id,
        lower(s.body->'user'->>'login') AS login,
        max(lower(s.body->'samlIdentity'->>'nameId')) AS name_id,
        max(lower(s.body->'samlIdentity'->>'username')) AS user_name,
        max(lower(s.body->'samlIdentity'->'emails'->0->>'value')) AS email
    FROM raw.record_asof AS s
    WHERE s.stream = 'github.saml_identity'
    GROUP BY s.tenant_id, s.connection_id, lower(s.body->'user'->>'login')
),

number AS (
    SELECT s.tenant_id, s.connection_id, count(*) AS identities
    FROM raw.record_asof AS s
    WHERE s.stream = 'github.saml_identity'
    GROUP BY s.tenant_id, s.connection_id
),

member AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id,
        max(r.observed_at) AS observed_at,
        min(r.collected_at) AS collected_at,
        max(r.evidence_sha256) AS evidence_sha256
    FROM raw.record_asof AS r
    WHERE r.stream IN ('github.member', 'github.owner')
    GROUP BY r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id
)

SELECT
    m.tenant_id, m.connection_id, m.account_id, m.scope, m.resource_id, m.observed_at, m.collected_at, m.evidence_sha256,
    i.name_id,
    i.user_name,
    i.email,
    COALESCE(n.identities, 0) AS identities,
    lower(o.body->'plan'->>'name') AS plan,
    COALESCE(u.proven_at, u.finished_at) AS read_at
FROM member AS m
LEFT JOIN identity AS i
    ON i.tenant_id = m.tenant_id AND i.connection_id = m.connection_id AND i.login = lower(m.resource_id)
LEFT JOIN number AS n ON n.tenant_id = m.tenant_id AND n.connection_id = m.connection_id
LEFT JOIN raw.record_asof AS o
    ON o.stream = 'github.organization' AND o.tenant_id = m.tenant_id AND o.connection_id = m.connection_id
LEFT JOIN raw.last_receipt_asof AS u
    ON u.stream = 'github.saml_identity' AND u.tenant_id = m.tenant_id AND u.connection_id = m.connection_id
