/*
table: okta_api_token
title: API tokens, with the account that each acts for
# Okta moves expiresAt on with every use and ends a token that was not used within its window (30 days), so lastUpdated
# is the last use as far as Okta shows one: https://developer.okta.com/docs/guides/create-an-api-token/main/
streams: [okta.api_token, okta.user, okta.admin_role]
population_streams: [okta.api_token]
columns:
  owner_id: The account that the token acts for
  owner_status: Its status; NULL where the list of accounts does not hold it
  owner_is_service_account: Whether the tenant's policy names it as a service account
  owner_is_super_admin: Whether it holds SUPER_ADMIN; NULL where its roles are not understood
  last_used_at: When the token was last used, or made
  expires_at: When it ends if it is not used again
  network: From where it may be used, as Okta says it (ANYWHERE, ZONE …)
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'userId') AS owner_id,
    (u.body->>'status') AS owner_status,
    json_holds(p.okta_service_accounts, u.body->'profile'->>'login')
        OR json_holds(p.okta_service_accounts, r.body->>'userId') AS owner_is_service_account,
    CASE
        WHEN a.resource_id IS NULL THEN FALSE
        WHEN json_is_array(a.body->'roles')
            THEN (
                SELECT
                    CASE
                        WHEN count(*) FILTER (
                            WHERE (i.item->>'type') = 'SUPER_ADMIN' AND COALESCE(i.item->>'status', '') <> 'INACTIVE'
                        ) > 0 THEN TRUE
                        WHEN count(*) FILTER (WHERE (i.item->>'type') IS NULL) > 0 THEN NULL
                        ELSE FALSE
                    END
                FROM json_items(a.body->'roles') AS i(item)
            )
    END AS owner_is_super_admin,
    as_timestamp(r.body->>'lastUpdated') AS last_used_at,
    as_timestamp(r.body->>'expiresAt') AS expires_at,
    (r.body->'network'->>'connection') AS network
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN raw.record_asof AS u
    ON u.stream = 'okta.user'
    AND u.tenant_id = r.tenant_id
    AND u.connection_id = r.connection_id
    AND u.resource_id = (r.body->>'userId')
LEFT JOIN raw.record_asof AS a
    ON a.stream = 'okta.admin_role'
    AND a.tenant_id = r.tenant_id
    AND a.connection_id = r.connection_id
    AND a.resource_id = (r.body->>'userId')
WHERE r.stream = 'okta.api_token'
