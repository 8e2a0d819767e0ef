/*
table: okta_admin
title: Accounts with administrator roles, assigned to them or through a group
streams: [okta.admin_role, okta.user]
population_streams: [okta.admin_role]
columns:
  login: The user name in lower case; NULL where the list of accounts does not hold it
  is_super_admin: Whether a role that is not inactive is SUPER_ADMIN; NULL where the roles are not understood
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    lower(u.body->'profile'->>'login') AS login,
    CASE
        WHEN json_is_array(r.body->'roles')
            THEN (
                SELECT
                    CASE
                        WHEN count(*) FILTER (
                            WHERE (i.item->>'type') = 'SUPER_ADMIN' AND COALESCE(i.item->>'status', '') <> 'INACTIVE'
                        ) > 0 THEN TRUE
                        WHEN count(*) FILTER (WHERE (i.item->>'type') IS NULL) > 0 THEN NULL
                        ELSE FALSE
                    END
                FROM json_items(r.body->'roles') AS i(item)
            )
    END AS is_super_admin
FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS u
    ON u.stream = 'okta.user'
    AND u.tenant_id = r.tenant_id
    AND u.connection_id = r.connection_id
    AND u.resource_id = r.resource_id
WHERE r.stream = 'okta.admin_role'
