/*
table: okta_user
title: Accounts of the Okta organisation in every status, deactivated ones among them
# https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/ names the statuses.
streams: [okta.user]
required: [status, login]
columns:
  status: Okta's word for where the account is in its life
  login: The user name in lower case
  email: The primary e-mail address in lower case
  can_sign_in: Whether the account can be signed in with; NULL for a status that is not known
  is_enabled: The same, and also accounts that wait for their owner to activate them
  is_service_account: Whether the tenant's policy names it as one
  created_at: When it was made
  last_login_at: When it was last signed in with; NULL for never, and where the field is not there
  shows_last_login: Whether the field is there at all
  status_changed_at: When the status last changed
  read_at: As of when the list of accounts is known
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'status') AS status,
    lower(r.body->'profile'->>'login') AS login,
    lower(r.body->'profile'->>'email') AS email,
    CASE
        WHEN (r.body->>'status') IN ('ACTIVE', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY') THEN TRUE
        WHEN (r.body->>'status') IN ('STAGED', 'PROVISIONED', 'SUSPENDED', 'DEPROVISIONED') THEN FALSE
    END AS can_sign_in,
    CASE
        WHEN (r.body->>'status') IN ('ACTIVE', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY', 'PROVISIONED') THEN TRUE
        WHEN (r.body->>'status') IN ('STAGED', 'SUSPENDED', 'DEPROVISIONED') THEN FALSE
    END AS is_enabled,
    json_holds(p.okta_service_accounts, r.body->'profile'->>'login')
        OR json_holds(p.okta_service_accounts, r.resource_id) AS is_service_account,
    as_timestamp(r.body->>'created') AS created_at,
    as_timestamp(r.body->>'lastLogin') AS last_login_at,
    (r.body->'lastLogin') IS NOT NULL AS shows_last_login,
    as_timestamp(r.body->>'statusChanged') AS status_changed_at,
    COALESCE(u.proven_at, u.finished_at) AS read_at
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN raw.last_receipt_asof AS u
    ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.stream = r.stream AND u.scope = r.scope
WHERE r.stream = 'okta.user'
