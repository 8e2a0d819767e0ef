/*
table: okta_authenticator
title: Authenticators of the organisation, and what each may be used for
streams: [okta.authenticator]
required: [kind, status]
columns:
  kind: Okta's key of the authenticator (okta_email, phone_number, webauthn …)
  status: ACTIVE or INACTIVE
  allowed_for: What it may be used for (any, sso, recovery, none), where Okta lets that be chosen
  is_weak: Whether the tenant's policy counts it among the weak ones
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'key') AS kind,
    (r.body->>'status') AS status,
    (r.body->'settings'->>'allowedFor') AS allowed_for,
    CASE WHEN (r.body->>'key') IS NOT NULL THEN json_holds(p.okta_weak_authenticators, r.body->>'key') END AS is_weak
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
WHERE r.stream = 'okta.authenticator'
