/*
table: slack_announcement_channel
title: Announcement channels, with whom they do not reach and when they were last used
# The connection names the channels (announcement_channels). Whom they have to reach is everybody who is a person, not
# deactivated, no guest and no service account.
streams: [slack.channel_member, slack.user]
population_streams: [slack.channel_member]
columns:
  people: How many people the channel has to reach
  people_missing: How many of them are not in it; NULL where its members are not known
  last_post_at: When the last message was posted
  is_silent: Whether it is known that nothing was ever posted
*/
WITH person AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'slack.user'
        AND COALESCE(as_boolean(r.body->>'deleted'), FALSE) = FALSE
        AND r.resource_id <> 'USLACKBOT'
        AND COALESCE(as_boolean(r.body->>'is_bot'), FALSE) = FALSE
        AND COALESCE(as_boolean(r.body->>'is_app_user'), FALSE) = FALSE
        AND COALESCE(as_boolean(r.body->>'is_workflow_bot'), FALSE) = FALSE
        AND COALESCE(as_boolean(r.body->>'is_stranger'), FALSE) = FALSE
        AND COALESCE(as_boolean(r.body->>'is_restricted'), FALSE) = FALSE
        AND COALESCE(as_boolean(r.body->>'is_ultra_restricted'), FALSE) = FALSE
        AND NOT json_holds(p.slack_service_accounts, r.resource_id)
        AND NOT json_holds(p.slack_service_accounts, r.body->'profile'->>'email')
),

member AS (
    SELECT DISTINCT r.tenant_id, r.connection_id, r.resource_id AS channel_id, json_text(i.item) AS resource_id
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'members') AS i(item)
    WHERE r.stream = 'slack.channel_member'
),

reach AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id, count(e.resource_id) AS people, count(m.resource_id) AS reached
    FROM raw.record_asof AS r
    LEFT JOIN person AS e ON e.tenant_id = r.tenant_id AND e.connection_id = r.connection_id
    LEFT JOIN member AS m
        ON m.tenant_id = r.tenant_id
        AND m.connection_id = r.connection_id
        AND m.channel_id = r.resource_id
        AND m.resource_id = e.resource_id
    WHERE r.stream = 'slack.channel_member'
    GROUP BY r.tenant_id, r.connection_id, r.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    n.people,
    CASE WHEN json_is_array(r.body->'members') THEN n.people - n.reached END AS people_missing,
    CASE
        WHEN as_integer(split_part(r.body->'latest'->>'ts', '.', 1)) BETWEEN 946684800 AND 4102444800
            THEN to_timestamp(as_integer(split_part(r.body->'latest'->>'ts', '.', 1)) / 1.0)
    END AS last_post_at,
    (r.body->'latest') IS NOT NULL AND (r.body->>'latest') IS NULL AS is_silent
FROM raw.record_asof AS r
LEFT JOIN reach AS n
    ON n.tenant_id = r.tenant_id AND n.connection_id = r.connection_id AND n.resource_id = r.resource_id
WHERE r.stream = 'slack.channel_member'
