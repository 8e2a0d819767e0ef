/*
table: slack_outsider
title: Guests, and outside organisations in shared channels, with the approval of each
# Private channels that the token's user is not in are invisible, and so are organisations that are in them alone. Only
# the list of outside organisations (Enterprise) shows them all; until it was read whole the workspace is a row besides.
# Source: Slack, "conversations.list" (connected_team_ids) and "team.externalTeams.list".
streams: [slack.user, slack.channel, slack.external_team, slack.team]
population_streams: [slack.user, slack.channel]
columns:
  kind: guest, organisation, or workspace for the question whether all organisations are known
  approved_until: The first moment at which the approval no longer holds; NULL without an approval that names a day
  is_listed: Whether the policy's list names it at all
  are_all_known: Whether the list of outside organisations was read whole
*/
WITH workspace AS (
    SELECT u.tenant_id, u.connection_id, u.account_id, u.scope, u.finished_at, u.last_page_sha256
    FROM raw.last_receipt_asof AS u
    WHERE u.stream = 'slack.user'
        AND u.last_page_sha256 IS NOT NULL
),

own AS (
    SELECT DISTINCT t.tenant_id, t.connection_id, t.resource_id
    FROM raw.record_asof AS t
    WHERE t.stream = 'slack.team'
    UNION
    SELECT DISTINCT r.tenant_id, r.connection_id, (r.body->>'team_id') AS resource_id
    FROM raw.record_asof AS r
    WHERE r.stream = 'slack.user' AND NOT COALESCE(as_boolean(r.body->>'is_stranger'), FALSE)
),

whole AS (
    SELECT l.tenant_id, l.connection_id
    FROM raw.last_receipt_asof AS l
    CROSS JOIN ops.clock AS c
    WHERE l.stream = 'slack.external_team'
        AND l.outcome IN ('complete', 'partial')
        AND l.lists_all
        AND COALESCE(l.proven_at, l.finished_at) >= c.as_of - INTERVAL '36 hours'
),

outsider AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.collected_at, r.evidence_sha256,
        'guest' AS kind, (r.body->'profile'->>'email') AS name
    FROM raw.record_asof AS r
    WHERE r.stream = 'slack.user'
        AND COALESCE(as_boolean(r.body->>'deleted'), FALSE) = FALSE
        AND COALESCE(as_boolean(r.body->>'is_bot'), FALSE) = FALSE
        AND (as_boolean(r.body->>'is_restricted') OR as_boolean(r.body->>'is_ultra_restricted'))
    UNION ALL
    SELECT
        o.tenant_id, o.connection_id, o.account_id, o.scope, o.resource_id, min(o.collected_at) AS collected_at,
        max(o.evidence_sha256) AS evidence_sha256, 'organisation' AS kind, o.resource_id AS name
    FROM (
        SELECT
            r.tenant_id, r.connection_id, r.account_id, r.scope, json_text(i.item) AS resource_id, r.collected_at,
            r.evidence_sha256
        FROM raw.record_asof AS r, LATERAL json_items(r.body->'connected_team_ids') AS i(item)
        WHERE r.stream = 'slack.channel' AND COALESCE(as_boolean(r.body->>'is_archived'), FALSE) = FALSE
        UNION ALL
        SELECT
            r.tenant_id, r.connection_id, r.account_id, r.scope, json_text(i.item) AS resource_id, r.collected_at,
            r.evidence_sha256
        FROM raw.record_asof AS r, LATERAL json_items(r.body->'shared_team_ids') AS i(item)
        WHERE r.stream = 'slack.channel'
            AND COALESCE(as_boolean(r.body->>'is_archived'), FALSE) = FALSE
            AND as_boolean(r.body->>'is_ext_shared')
        UNION ALL
        SELECT
            r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.collected_at, r.evidence_sha256
        FROM raw.record_asof AS r
        WHERE r.stream = 'slack.external_team'
            AND COALESCE(r.body->>'connection_status', '') NOT IN ('DISCONNECTED', 'BLOCKED')
    ) AS o
    WHERE NOT EXISTS (
        SELECT 1
        FROM own AS w
        WHERE w.tenant_id = o.tenant_id AND w.connection_id = o.connection_id AND w.resource_id = o.resource_id
    )
    GROUP BY o.tenant_id, o.connection_id, o.account_id, o.scope, o.resource_id
)

SELECT
    s.tenant_id, s.connection_id, s.account_id, s.scope, s.resource_id, CAST(NULL AS TIMESTAMPTZ) AS observed_at,
    s.collected_at, s.evidence_sha256,
    s.kind,
    a.approved_until,
    COALESCE(a.is_listed, FALSE) AS is_listed,
    w.tenant_id IS NOT NULL AS are_all_known
FROM outsider AS s
LEFT JOIN whole AS w ON w.tenant_id = s.tenant_id AND w.connection_id = s.connection_id
LEFT JOIN (
    SELECT
        g.tenant_id, g.connection_id, g.resource_id,
        TRUE AS is_listed,
        max(as_timestamp(trim(split_part(json_text(i.item), ' until ', 2)) || 'T00:00:00Z')) + INTERVAL '1 day'
            AS approved_until
    FROM outsider AS g
    JOIN facts.tenant_policy AS p ON p.tenant_id = g.tenant_id
    CROSS JOIN LATERAL json_items(p.slack_approved_outsiders) AS i(item)
    WHERE lower(trim(split_part(json_text(i.item), ' until ', 1))) IN (lower(g.resource_id), lower(g.name))
    GROUP BY g.tenant_id, g.connection_id, g.resource_id
) AS a
    ON a.tenant_id = s.tenant_id AND a.connection_id = s.connection_id AND a.resource_id = s.resource_id
UNION ALL
SELECT
    k.tenant_id, k.connection_id, k.account_id, k.scope, k.account_id AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, k.finished_at AS collected_at, k.last_page_sha256 AS evidence_sha256,
    'workspace' AS kind,
    CAST(NULL AS TIMESTAMPTZ) AS approved_until,
    FALSE AS is_listed,
    w.tenant_id IS NOT NULL AS are_all_known
FROM workspace AS k
LEFT JOIN whole AS w ON w.tenant_id = k.tenant_id AND w.connection_id = k.connection_id
WHERE w.tenant_id IS NULL
