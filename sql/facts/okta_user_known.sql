/*
table: okta_user_known
title: Accounts that the list of users holds, and those that only the system log knows
# The log counts for what it says until the list was read. Source: Okta, "Event types", user.lifecycle.
streams: [okta.user, okta.event]
population_streams: [okta.user]
columns:
  is_listed: Whether the list holds the account
  status: Its status in the list
  is_deleted: Whether the log says that it was deleted for good
  is_deletion_approved: Whether the tenant's policy names it among the approved deletions
  is_contradicted: Whether the log's last word is that it was deactivated, and the list says otherwise
*/
WITH listing AS (
    SELECT u.tenant_id, u.connection_id, u.account_id, u.scope, u.started_at, u.finished_at
    FROM raw.last_receipt_asof AS u
    WHERE u.stream = 'okta.user'
),

word AS (
    SELECT
        e.tenant_id, e.connection_id, e.evidence_sha256,
        (i.item->>'id') AS resource_id,
        lower(i.item->>'alternateId') AS login,
        (e.body->>'eventType') AS type,
        as_timestamp(e.body->>'published') AS published
    FROM raw.record_asof AS e
    JOIN listing AS l ON l.tenant_id = e.tenant_id AND l.connection_id = e.connection_id
    CROSS JOIN LATERAL json_items(e.body->'target') AS i(item)
    WHERE e.stream = 'okta.event'
        AND (e.body->>'eventType') LIKE 'user.lifecycle.%'
        AND (e.body->'outcome'->>'result') = 'SUCCESS'
        AND (i.item->>'type') = 'User'
        AND (i.item->>'id') IS NOT NULL
        AND as_timestamp(e.body->>'published') < l.started_at
),

logged AS (
    SELECT
        w.tenant_id, w.connection_id, w.resource_id,
        max(w.login) AS login,
        max(w.published) AS published,
        max(w.evidence_sha256) AS evidence_sha256,
        bool_or(w.type LIKE 'user.lifecycle.delete.%') AS is_deleted,
        max(w.published) FILTER (WHERE w.type = 'user.lifecycle.deactivate') AS deactivated_at,
        max(w.published) FILTER (WHERE w.type IN ('user.lifecycle.activate', 'user.lifecycle.reactivate')) AS activated_at
    FROM word AS w
    GROUP BY w.tenant_id, w.connection_id, w.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    TRUE AS is_listed,
    (r.body->>'status') AS status,
    FALSE AS is_deleted,
    FALSE AS is_deletion_approved,
    COALESCE(
        g.deactivated_at > COALESCE(g.activated_at, g.deactivated_at - INTERVAL '1 day')
        AND (r.body->>'status') <> 'DEPROVISIONED',
        FALSE
    ) AS is_contradicted
FROM raw.record_asof AS r
LEFT JOIN logged AS g
    ON g.tenant_id = r.tenant_id AND g.connection_id = r.connection_id AND g.resource_id = r.resource_id
WHERE r.stream = 'okta.user'
UNION ALL
SELECT
    g.tenant_id, g.connection_id, l.account_id, l.scope, g.resource_id, g.published AS observed_at,
    l.finished_at AS collected_at, g.evidence_sha256,
    FALSE AS is_listed,
    CAST(NULL AS VARCHAR) AS status,
    g.is_deleted,
    json_holds(p.okta_approved_deletions, g.resource_id) OR json_holds(p.okta_approved_deletions, g.login)
        AS is_deletion_approved,
    FALSE AS is_contradicted
FROM logged AS g
JOIN listing AS l ON l.tenant_id = g.tenant_id AND l.connection_id = g.connection_id
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = g.tenant_id
WHERE NOT EXISTS (
    SELECT 1
    FROM raw.record_asof AS r
    WHERE r.stream = 'okta.user'
        AND r.tenant_id = g.tenant_id
        AND r.connection_id = g.connection_id
        AND r.resource_id = g.resource_id
)
