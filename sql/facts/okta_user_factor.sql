/*
table: okta_user_factor
title: Accounts with the second factors that are enrolled for them
# A factor counts when it is ACTIVE. A list that was not read, or is no list, leaves the counts NULL: that is not none.
streams: [okta.user, okta.user_factor, okta.admin_role]
population_streams: [okta.user]
columns:
  can_sign_in: As in okta_user
  is_service_account: As in okta_user
  is_admin: Whether an administrator role is assigned to the account; NULL where its roles are not understood
  strong: How many active factors are among the policy's strong ones
  phishing_resistant: How many are among the policy's phishing-resistant ones
  weak: How many active factors are of another kind
  unclear: How many have no type or no status that is known
*/
WITH factor AS (
    SELECT
        f.tenant_id, f.connection_id, f.resource_id, f.evidence_sha256,
        count(i.item) FILTER (
            WHERE (i.item->>'status') = 'ACTIVE' AND json_holds(p.okta_strong_factors, i.item->>'factorType')
        ) AS strong,
        count(i.item) FILTER (
            WHERE (i.item->>'status') = 'ACTIVE'
                AND json_holds(p.okta_phishing_resistant_factors, i.item->>'factorType')
        ) AS phishing_resistant,
        count(i.item) FILTER (
            WHERE (i.item->>'status') = 'ACTIVE' AND NOT json_holds(p.okta_strong_factors, i.item->>'factorType')
        ) AS weak,
        count(i.item) FILTER (WHERE (i.item->>'factorType') IS NULL OR (i.item->>'status') IS NULL) AS unclear
    FROM raw.record_asof AS f
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = f.tenant_id
    LEFT JOIN LATERAL json_items(f.body->'factors') AS i(item) ON TRUE
    WHERE f.stream = 'okta.user_factor' AND json_is_array(f.body->'factors')
    GROUP BY f.tenant_id, f.connection_id, f.resource_id, f.evidence_sha256
),

admin AS (
    SELECT
        a.tenant_id, a.connection_id, a.resource_id,
        CASE
            WHEN json_is_array(a.body->'roles')
                THEN EXISTS (
                    SELECT 1 FROM json_items(a.body->'roles') AS i(item) WHERE COALESCE(i.item->>'status', '') <> 'INACTIVE'
                )
        END AS is_admin
    FROM raw.record_asof AS a
    WHERE a.stream = 'okta.admin_role'
    UNION ALL
    -- Who has roles that could not be read may be an administrator.
    SELECT DISTINCT e.tenant_id, e.connection_id, e.resource_id, CAST(NULL AS BOOLEAN) AS is_admin
    FROM raw.receipt_error AS e
    JOIN raw.last_receipt_asof AS l ON l.tenant_id = e.tenant_id AND l.collection_id = e.collection_id
    WHERE l.stream = 'okta.admin_role'
        AND NOT EXISTS (
            SELECT 1
            FROM raw.record_asof AS a
            WHERE a.stream = 'okta.admin_role'
                AND a.tenant_id = e.tenant_id
                AND a.connection_id = e.connection_id
                AND a.resource_id = e.resource_id
        )
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
    COALESCE(f.evidence_sha256, r.evidence_sha256) AS evidence_sha256,
    CASE
        WHEN (r.body->>'status') IN ('ACTIVE', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'RECOVERY') THEN TRUE
        WHEN (r.body->>'status') IN ('STAGED', 'PROVISIONED', 'SUSPENDED', 'DEPROVISIONED') THEN FALSE
    END AS can_sign_in,
    json_holds(p.okta_service_accounts, r.body->'profile'->>'login')
        OR json_holds(p.okta_service_accounts, r.resource_id) AS is_service_account,
    CASE WHEN a.resource_id IS NULL THEN FALSE ELSE a.is_admin END AS is_admin,
    f.strong,
    f.phishing_resistant,
    f.weak,
    f.unclear
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN factor AS f
    ON f.tenant_id = r.tenant_id AND f.connection_id = r.connection_id AND f.resource_id = r.resource_id
LEFT JOIN admin AS a
    ON a.tenant_id = r.tenant_id AND a.connection_id = r.connection_id AND a.resource_id = r.resource_id
WHERE r.stream = 'okta.user'
