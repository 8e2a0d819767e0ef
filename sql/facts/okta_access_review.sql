/*
table: okta_access_review
title: Decisions of access reviews on people's applications, and what a review left out
# Rows: APP/USER/CAMPAIGN for a decision; the same for an assignment that was there when the application's last review
# began and is not in it; APP for an application that no review of the period covers though people have it.
# A review names applications by id or label, people by id, login or e-mail address. It is signed by the name and the
# day of each decision; it began with its first decision and ended with its last. What it covered can be said only if
# the assignments were read then: from a week before it began to a day after it ended.
# Okta's own dashboard and browser plug-in are no applications that anybody decides on.
# Source: Okta, "Application Users": created, status.
streams: [okta.app, okta.app_user, okta.user, file.access_review]
population_streams: [okta.app]
columns:
  kind: decision, left_out or app
  has_snapshot: Whether the assignments were read when the review took place
  is_signed: Whether the decision says by whom and when it was made
  is_own: Whether somebody decided on their own access
  decision: keep or revoke; NULL where the word is not known, or there is none
  is_decided: Whether there is any word at all
  decided_at: The beginning of the day of the decision, in UTC
  is_assigned: Whether the person has the application now; NULL where that was not read
  assigned_at: Since when
*/
WITH app AS MATERIALIZED (
    SELECT r.*, lower(r.body->>'label') AS label, lower(r.resource_id) AS key
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'okta.app'
        AND (r.body->>'status') IS DISTINCT FROM 'INACTIVE'
        AND (r.body->>'name') IS DISTINCT FROM 'okta_enduser'
        AND (r.body->>'name') IS DISTINCT FROM 'okta_browser_plugin'
        AND (r.body->>'signOnMode') IS DISTINCT FROM 'BOOKMARK'
        AND (r.body->'settings'->'oauthClient'->>'application_type') IS DISTINCT FROM 'service'
        AND COALESCE(pattern_rank(r.resource_id, p.okta_apps_out_of_scope), 0) = 0
        AND COALESCE(pattern_rank(r.body->>'label', p.okta_apps_out_of_scope), 0) = 0
),

app_called AS (
    SELECT tenant_id, connection_id, account_id, scope, resource_id, key AS name FROM app
    UNION
    SELECT tenant_id, connection_id, account_id, scope, resource_id, label AS name FROM app
),

assigned AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id AS app_id, (i.item->>'id') AS user_id,
        as_timestamp(i.item->>'created') AS assigned_at, r.evidence_sha256
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'users') AS i(item)
    WHERE r.stream = 'okta.app_user'
        AND COALESCE(i.item->>'status', '') NOT IN ('DEPROVISIONED', 'INACTIVE', 'REVOKED', 'SUSPENDED', 'UNASSIGNED')
),

person AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id AS user_id, lower(r.resource_id) AS key,
        lower(r.body->'profile'->>'login') AS login, lower(r.body->'profile'->>'email') AS email
    FROM raw.record_asof AS r
    WHERE r.stream = 'okta.user'
),

known_as AS (
    SELECT n.tenant_id, n.connection_id, n.name, min(n.user_id) AS user_id
    FROM (
        SELECT tenant_id, connection_id, key AS name, user_id FROM person
        UNION
        SELECT tenant_id, connection_id, login AS name, user_id FROM person
        UNION
        SELECT tenant_id, connection_id, email AS name, user_id FROM person
    ) AS n
    GROUP BY n.tenant_id, n.connection_id, n.name
),

listed AS MATERIALIZED (
    SELECT
        r.tenant_id, r.collected_at, r.evidence_sha256,
        (r.body->>'campaign') AS campaign,
        lower(trim(r.body->>'app_id')) AS app_name,
        lower(trim(r.body->>'user_id')) AS user_name,
        NULLIF(lower(trim(r.body->>'reviewer')), '') AS reviewer,
        NULLIF(trim(r.body->>'decision'), '') IS NOT NULL AS is_decided,
        CASE
            WHEN json_holds(p.review_keep_decisions, trim(r.body->>'decision')) THEN 'keep'
            WHEN json_holds(p.review_revoke_decisions, trim(r.body->>'decision')) THEN 'revoke'
        END AS decision,
        CASE
            WHEN as_timestamp((r.body->>'decided_on') || 'T00:00:00Z') <= c.as_of
                THEN as_timestamp((r.body->>'decided_on') || 'T00:00:00Z')
        END AS decided_at
    FROM raw.record_asof AS r
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'file.access_review'
),

campaign AS (
    SELECT l.tenant_id, l.campaign, min(l.decided_at) AS began_at, max(l.decided_at) + INTERVAL '1 day' AS ended_at
    FROM listed AS l
    WHERE l.decided_at IS NOT NULL
    GROUP BY l.tenant_id, l.campaign
),

-- Decisions of the period on applications that are there. Of two on the same thing the stricter counts.
decided AS MATERIALIZED (
    SELECT
        a.tenant_id, a.connection_id, a.account_id, a.scope, a.resource_id AS app_id,
        COALESCE(k.user_id, l.user_name) AS user_id,
        l.campaign, g.began_at, g.ended_at, l.collected_at, l.evidence_sha256,
        l.reviewer IS NOT NULL AND l.decided_at IS NOT NULL AS is_signed,
        COALESCE(l.reviewer IN (l.user_name, e.key, e.login, e.email), FALSE) AS is_own,
        l.decision, l.is_decided, l.decided_at,
        row_number() OVER (
            PARTITION BY a.tenant_id, a.connection_id, a.resource_id, COALESCE(k.user_id, l.user_name), l.campaign
            ORDER BY CASE l.decision WHEN 'revoke' THEN 1 WHEN 'keep' THEN 3 ELSE 2 END, l.decided_at DESC, l.user_name
        ) AS place
    FROM listed AS l
    JOIN campaign AS g ON g.tenant_id = l.tenant_id AND g.campaign = l.campaign
    CROSS JOIN ops.clock AS c
    JOIN facts.tenant_policy AS p ON p.tenant_id = l.tenant_id
    JOIN app_called AS a ON a.tenant_id = l.tenant_id AND a.name = l.app_name
    LEFT JOIN known_as AS k
        ON k.tenant_id = a.tenant_id AND k.connection_id = a.connection_id AND k.name = l.user_name
    LEFT JOIN person AS e
        ON e.tenant_id = a.tenant_id AND e.connection_id = a.connection_id AND e.user_id = k.user_id
    WHERE g.ended_at >= c.as_of - p.access_review_days * INTERVAL '1 day'
),

covered AS (
    SELECT
        d.tenant_id, d.connection_id, d.app_id, d.campaign, d.began_at, d.ended_at,
        row_number() OVER (
            PARTITION BY d.tenant_id, d.connection_id, d.app_id ORDER BY d.ended_at DESC, d.began_at DESC, d.campaign
        ) AS place
    FROM decided AS d
    GROUP BY d.tenant_id, d.connection_id, d.app_id, d.campaign, d.began_at, d.ended_at
),

watched AS (
    SELECT DISTINCT v.tenant_id, v.connection_id, v.campaign
    FROM covered AS v
    CROSS JOIN ops.clock AS c
    JOIN raw.receipt AS q ON q.tenant_id = v.tenant_id AND q.connection_id = v.connection_id
    WHERE q.stream = 'okta.app_user'
        AND q.outcome = 'complete'
        AND q.finished_at <= c.as_of
        AND q.finished_at BETWEEN v.began_at - INTERVAL '7 days' AND v.ended_at + INTERVAL '1 day'
)

SELECT
    d.tenant_id, d.connection_id, d.account_id, d.scope,
    d.app_id || '/' || d.user_id || '/' || d.campaign AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, d.collected_at, d.evidence_sha256,
    'decision' AS kind,
    w.campaign IS NOT NULL AS has_snapshot,
    d.is_signed, d.is_own, d.decision, d.is_decided, d.decided_at,
    CASE WHEN r.resource_id IS NOT NULL THEN s.user_id IS NOT NULL END AS is_assigned,
    s.assigned_at
FROM decided AS d
LEFT JOIN raw.record_asof AS r
    ON r.stream = 'okta.app_user'
    AND r.tenant_id = d.tenant_id
    AND r.connection_id = d.connection_id
    AND r.resource_id = d.app_id
LEFT JOIN assigned AS s
    ON s.tenant_id = d.tenant_id AND s.connection_id = d.connection_id AND s.app_id = d.app_id AND s.user_id = d.user_id
LEFT JOIN watched AS w ON w.tenant_id = d.tenant_id AND w.connection_id = d.connection_id AND w.campaign = d.campaign
WHERE d.place = 1
UNION ALL
SELECT
    a.tenant_id, a.connection_id, a.account_id, a.scope,
    s.app_id || '/' || s.user_id || '/' || v.campaign AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, a.collected_at, s.evidence_sha256,
    'left_out' AS kind,
    w.campaign IS NOT NULL AS has_snapshot,
    FALSE AS is_signed, FALSE AS is_own, CAST(NULL AS VARCHAR) AS decision, FALSE AS is_decided,
    CAST(NULL AS TIMESTAMPTZ) AS decided_at,
    TRUE AS is_assigned,
    s.assigned_at
FROM assigned AS s
JOIN app AS a ON a.tenant_id = s.tenant_id AND a.connection_id = s.connection_id AND a.resource_id = s.app_id
JOIN covered AS v
    ON v.tenant_id = s.tenant_id AND v.connection_id = s.connection_id AND v.app_id = s.app_id AND v.place = 1
LEFT JOIN watched AS w ON w.tenant_id = v.tenant_id AND w.connection_id = v.connection_id AND w.campaign = v.campaign
WHERE (s.assigned_at IS NULL OR s.assigned_at < v.began_at)
    AND NOT EXISTS (
        SELECT 1
        FROM decided AS d
        WHERE d.tenant_id = s.tenant_id
            AND d.connection_id = s.connection_id
            AND d.app_id = s.app_id
            AND d.user_id = s.user_id
            AND d.campaign = v.campaign
    )
UNION ALL
SELECT
    a.tenant_id, a.connection_id, a.account_id, a.scope, a.resource_id,
    a.observed_at, a.collected_at, a.evidence_sha256,
    'app' AS kind,
    FALSE AS has_snapshot,
    FALSE AS is_signed, FALSE AS is_own, CAST(NULL AS VARCHAR) AS decision, FALSE AS is_decided,
    CAST(NULL AS TIMESTAMPTZ) AS decided_at,
    TRUE AS is_assigned,
    CAST(NULL AS TIMESTAMPTZ) AS assigned_at
FROM app AS a
WHERE NOT EXISTS (
        SELECT 1
        FROM covered AS v
        WHERE v.tenant_id = a.tenant_id AND v.connection_id = a.connection_id AND v.app_id = a.resource_id
    )
    AND EXISTS (
        SELECT 1
        FROM assigned AS s
        WHERE s.tenant_id = a.tenant_id AND s.connection_id = a.connection_id AND s.app_id = a.resource_id
    )
