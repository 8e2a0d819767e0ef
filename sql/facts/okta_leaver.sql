/*
table: okta_leaver
title: People who have left by the HR list, with the accounts that were theirs
# An account is a person's by its login, its e-mail address or its employee number. Somebody whose account is not found
# is a row by the person's id: the account may bear another name. A list that names nobody who has left, where Okta has
# deactivated people, is no list of leavers: then the organisation is the one row.
# Access is lost when the account is suspended or deactivated for the last time; the log may show it earlier than the
# account's own last change.
streams: [okta.user, file.person, okta.event]
population_streams: [okta.user]
columns:
  has_left: Whether the person has left; NULL where the HR list does not say it in words or dates that are understood
  left_at: The end of the last day, in UTC; NULL where the list gives no day
  seen_at: Since when the HR list says so, as far as it was read
  has_account: Whether an account was found
  status: The account's status
  lost_at: When access was lost; NULL while it is not, or where nothing shows when
*/
WITH person AS (
    SELECT
        r.tenant_id, r.resource_id, r.evidence_sha256, r.collected_at,
        lower(trim(r.body->>'email')) AS email,
        lower(trim(r.body->>'person_id')) AS number,
        as_timestamp(substr(r.body->>'end_date', 1, 10) || 'T00:00:00Z') + INTERVAL '1 day' AS left_at,
        CASE
            WHEN COALESCE(r.body->>'end_date', '') <> ''
                AND as_timestamp(substr(r.body->>'end_date', 1, 10) || 'T00:00:00Z') IS NULL THEN NULL
            -- Somebody who came back after an earlier end.
            WHEN json_holds(p.hr_present_statuses, trim(r.body->>'status'))
                AND (r.body->>'start_date') > (r.body->>'end_date') THEN FALSE
            WHEN as_timestamp(substr(r.body->>'end_date', 1, 10) || 'T00:00:00Z') + INTERVAL '1 day' <= c.as_of THEN TRUE
            WHEN as_timestamp(substr(r.body->>'end_date', 1, 10) || 'T00:00:00Z') + INTERVAL '1 day' > c.as_of THEN FALSE
            WHEN json_holds(p.hr_left_statuses, trim(r.body->>'status')) THEN TRUE
            WHEN json_holds(p.hr_present_statuses, trim(r.body->>'status')) THEN FALSE
        END AS has_left,
        c.as_of - p.leaver_window_days * INTERVAL '1 day' AS window_begins
    FROM raw.record_asof AS r
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'file.person'
),

leaver AS (
    SELECT e.*
    FROM person AS e
    WHERE e.has_left IS NOT FALSE
        AND NOT EXISTS (
            SELECT 1
            FROM person AS o
            WHERE o.tenant_id = e.tenant_id AND o.email = e.email AND o.has_left = FALSE
        )
),

account AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        (r.body->>'status') AS status,
        as_timestamp(r.body->>'statusChanged') AS changed_at,
        lower(r.body->'profile'->>'login') AS login,
        lower(r.body->'profile'->>'email') AS email,
        lower(r.body->'profile'->>'employeeNumber') AS number
    FROM raw.record_asof AS r
    WHERE r.stream = 'okta.user'
),

word AS (
    SELECT
        e.tenant_id, e.connection_id,
        (i.item->>'id') AS user_id,
        lower(i.item->>'alternateId') AS login,
        (e.body->>'eventType') AS type,
        as_timestamp(e.body->>'published') AS published
    FROM raw.record_asof AS e, LATERAL json_items(e.body->'target') AS i(item)
    WHERE e.stream = 'okta.event'
        AND (e.body->>'eventType') IN (
            'user.lifecycle.deactivate', 'user.lifecycle.suspend', 'user.lifecycle.delete.initiated',
            'user.lifecycle.delete.completed', 'user.lifecycle.activate', 'user.lifecycle.reactivate',
            'user.lifecycle.unsuspend'
        )
        AND (e.body->'outcome'->>'result') = 'SUCCESS'
        AND (i.item->>'type') = 'User'
),

opened AS (
    SELECT w.tenant_id, w.connection_id, w.user_id, max(w.published) AS opened_at
    FROM word AS w
    WHERE w.type IN ('user.lifecycle.activate', 'user.lifecycle.reactivate', 'user.lifecycle.unsuspend')
    GROUP BY w.tenant_id, w.connection_id, w.user_id
),

closed AS (
    SELECT w.tenant_id, w.connection_id, w.user_id, max(w.login) AS login, min(w.published) AS closed_at
    FROM word AS w
    LEFT JOIN opened AS o
        ON o.tenant_id = w.tenant_id AND o.connection_id = w.connection_id AND o.user_id = w.user_id
    WHERE w.type NOT IN ('user.lifecycle.activate', 'user.lifecycle.reactivate', 'user.lifecycle.unsuspend')
        AND (o.opened_at IS NULL OR w.published > o.opened_at)
    GROUP BY w.tenant_id, w.connection_id, w.user_id
),

theirs AS (
    SELECT e.tenant_id, e.resource_id AS person_id, a.connection_id, a.resource_id
    FROM leaver AS e
    JOIN account AS a ON a.tenant_id = e.tenant_id AND a.login = e.email
    UNION
    SELECT e.tenant_id, e.resource_id AS person_id, a.connection_id, a.resource_id
    FROM leaver AS e
    JOIN account AS a ON a.tenant_id = e.tenant_id AND a.email = e.email
    UNION
    SELECT e.tenant_id, e.resource_id AS person_id, a.connection_id, a.resource_id
    FROM leaver AS e
    JOIN account AS a ON a.tenant_id = e.tenant_id AND a.number = e.number
)

SELECT
    a.tenant_id, a.connection_id, a.account_id, a.scope, a.resource_id, a.observed_at, a.collected_at, a.evidence_sha256,
    CASE WHEN bool_or(e.has_left) THEN TRUE END AS has_left,
    max(e.left_at) AS left_at,
    max(e.collected_at) AS seen_at,
    TRUE AS has_account,
    a.status,
    CASE
        WHEN a.status IN ('SUSPENDED', 'DEPROVISIONED')
            THEN LEAST(COALESCE(c.closed_at, a.changed_at), COALESCE(a.changed_at, c.closed_at))
    END AS lost_at
FROM theirs AS t
JOIN leaver AS e ON e.tenant_id = t.tenant_id AND e.resource_id = t.person_id
JOIN account AS a
    ON a.tenant_id = t.tenant_id AND a.connection_id = t.connection_id AND a.resource_id = t.resource_id
LEFT JOIN closed AS c
    ON c.tenant_id = a.tenant_id AND c.connection_id = a.connection_id AND c.user_id = a.resource_id
WHERE a.status IS DISTINCT FROM 'DEPROVISIONED' OR e.left_at IS NULL OR e.left_at >= e.window_begins
GROUP BY
    a.tenant_id, a.connection_id, a.account_id, a.scope, a.resource_id, a.observed_at, a.collected_at,
    a.evidence_sha256, a.status, a.changed_at, c.closed_at
UNION ALL
SELECT
    e.tenant_id, k.connection_id, k.account_id, k.scope, e.resource_id, CAST(NULL AS TIMESTAMPTZ) AS observed_at,
    e.collected_at, e.evidence_sha256,
    e.has_left,
    e.left_at,
    e.collected_at AS seen_at,
    FALSE AS has_account,
    CAST(NULL AS VARCHAR) AS status,
    min(c.closed_at) AS lost_at
FROM leaver AS e
JOIN raw.unit_asof AS k ON k.tenant_id = e.tenant_id AND k.stream = 'okta.user'
LEFT JOIN closed AS c ON c.tenant_id = k.tenant_id AND c.connection_id = k.connection_id AND c.login = e.email
WHERE NOT EXISTS (
    SELECT 1 FROM theirs AS t WHERE t.tenant_id = e.tenant_id AND t.person_id = e.resource_id
)
    AND (e.left_at IS NULL OR e.left_at >= e.window_begins)
GROUP BY
    e.tenant_id, k.connection_id, k.account_id, k.scope, e.resource_id, e.collected_at, e.evidence_sha256, e.has_left,
    e.left_at
UNION ALL
SELECT
    k.tenant_id, k.connection_id, k.account_id, k.scope, k.account_id AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, k.finished_at AS collected_at, k.last_page_sha256 AS evidence_sha256,
    CAST(NULL AS BOOLEAN) AS has_left,
    CAST(NULL AS TIMESTAMPTZ) AS left_at,
    CAST(NULL AS TIMESTAMPTZ) AS seen_at,
    FALSE AS has_account,
    CAST(NULL AS VARCHAR) AS status,
    CAST(NULL AS TIMESTAMPTZ) AS lost_at
FROM raw.last_receipt_asof AS k
WHERE k.stream = 'okta.user'
    AND k.last_page_sha256 IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM person AS e WHERE e.tenant_id = k.tenant_id AND e.has_left IS NOT FALSE)
    AND (
        NOT EXISTS (SELECT 1 FROM person AS e WHERE e.tenant_id = k.tenant_id)
        OR EXISTS (
            SELECT 1
            FROM account AS a
            WHERE a.tenant_id = k.tenant_id AND a.connection_id = k.connection_id AND a.status = 'DEPROVISIONED'
        )
    )
