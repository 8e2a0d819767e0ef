/*
table: okta_change
title: Events of the log by which accounts, privileges and policies changed, with the approved issue that covers each
# An issue covers an event when it names whom or what the event is about (a login, an id, the name of a policy or group,
# or the event's own uuid) in its summary, description, labels or fields of its own kind, and was approved before the
# event and within the policy's window, by somebody else than who reported it. Source: Okta, "System Log API"; Jira Cloud,
# "Bulk fetch changelogs" (whose `created` is in milliseconds).
streams: [okta.event, jira.issue, jira.issue_changelog]
population_streams: [okta.event]
required: [published]
columns:
  type: Okta's word for what happened
  published: When it happened
  is_grant: Whether somebody got an account, a privilege, or a place in a privileged group
  is_change: Whether a policy, a rule of one, or who administers was changed
  is_provisioned: Whether an actor did it whom the tenant's policy names as part of the joiner process
  has_subject: Whether the event says whom or what it is about
  has_access_request: Whether an approved access request covers it
  has_change_request: Whether an approved change request covers it
*/
WITH event AS MATERIALIZED (
    SELECT
        r.*,
        (r.body->>'eventType') AS type,
        as_timestamp(r.body->>'published') AS published,
        (r.body->>'eventType') IN ('user.lifecycle.create', 'user.account.privilege.grant', 'group.privilege.grant')
            OR (r.body->>'eventType') = 'group.user_membership.add' AS is_grant,
        (r.body->>'eventType') LIKE 'policy.%'
            OR (r.body->>'eventType') LIKE '%.privilege.%' AS is_change,
        json_holds(p.okta_provisioning_actors, r.body->'actor'->>'id')
            OR json_holds(p.okta_provisioning_actors, r.body->'actor'->>'alternateId') AS is_provisioned,
        p.request_window_days * INTERVAL '1 day' AS request_window
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'okta.event'
        AND COALESCE(r.body->'outcome'->>'result', '') NOT IN ('FAILURE', 'DENY', 'SKIPPED')
        AND (
            (r.body->>'eventType') IN (
                'user.lifecycle.create', 'user.account.privilege.grant', 'user.account.privilege.revoke',
                'group.privilege.grant', 'group.privilege.revoke'
            )
            OR (r.body->>'eventType') LIKE 'policy.lifecycle.%'
            OR (r.body->>'eventType') LIKE 'policy.rule.%'
            OR (
                (r.body->>'eventType') = 'group.user_membership.add'
                AND json_is_filled(p.okta_privileged_groups)
                AND EXISTS (
                    SELECT 1
                    FROM json_items(p.okta_privileged_groups) AS g(item)
                    JOIN LATERAL json_items(r.body->'target') AS i(item)
                        ON lower(json_text(g.item)) IN (lower(i.item->>'id'), lower(i.item->>'displayName'))
                    WHERE (i.item->>'type') = 'UserGroup'
                )
            )
        )
),

subject AS MATERIALIZED (
    SELECT
        e.tenant_id, e.connection_id, e.resource_id, e.published, e.request_window, lower(s.name) AS name,
        rtrim(ltrim(
            split_part(ltrim(regexp_replace(lower(s.name), '[^a-z0-9@._+-]+', ' ', 'g')), ' ', 1), '._+-'
        ), '._+-') AS first_word
    FROM event AS e
    CROSS JOIN LATERAL json_items(e.body->'target') AS i(item)
    CROSS JOIN LATERAL (
        SELECT (i.item->>'id') AS name
        UNION ALL
        SELECT CASE WHEN (i.item->>'type') = 'User' THEN (i.item->>'alternateId') ELSE (i.item->>'displayName') END
    ) AS s
    WHERE length(s.name) >= 5
        AND lower(s.name) NOT IN ('unknown', 'undefined')
        -- Whom a group's new member concerns is the member.
        AND (e.type <> 'group.user_membership.add' OR (i.item->>'type') = 'User')
    UNION ALL
    SELECT
        e.tenant_id, e.connection_id, e.resource_id, e.published, e.request_window, lower(e.resource_id) AS name,
        lower(e.resource_id) AS first_word
    FROM event AS e
),

request_type AS (
    SELECT
        t.tenant_id, lower(json_text(t.item)) AS type, bool_or(t.is_access) AS is_access, bool_or(NOT t.is_access) AS is_change
    FROM (
        SELECT p.tenant_id, i.item, TRUE AS is_access
        FROM facts.tenant_policy AS p, LATERAL json_items(p.access_request_types) AS i(item)
        UNION ALL
        SELECT p.tenant_id, i.item, FALSE AS is_access
        FROM facts.tenant_policy AS p, LATERAL json_items(p.change_request_types) AS i(item)
    ) AS t
    GROUP BY t.tenant_id, lower(json_text(t.item))
),

approved_status AS (
    SELECT DISTINCT p.tenant_id, lower(json_text(i.item)) AS status
    FROM facts.tenant_policy AS p, LATERAL json_items(p.request_approved_statuses) AS i(item)
),

-- Once for each issue, and not for each pair of an issue and an event.
issue AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id, t.is_access, t.is_change,
        (r.body->'fields'->'reporter'->>'accountId') AS reporter,
        (
            SELECT ' ' || string_agg(lower(CAST(m.item AS VARCHAR)), ' ') || '  '
            FROM json_members(r.body->'fields') AS m(key, item)
            WHERE m.key IN ('summary', 'description', 'environment', 'labels') OR m.key LIKE 'customfield%'
        ) AS words
    FROM raw.record_asof AS r
    JOIN request_type AS t
        ON t.tenant_id = r.tenant_id AND t.type = lower(r.body->'fields'->'issuetype'->>'name')
    WHERE r.stream = 'jira.issue'
),

-- Which issues may name what: by its first word, so that not each is searched for each.
word AS MATERIALIZED (
    SELECT DISTINCT
        s.tenant_id, s.connection_id, s.resource_id, rtrim(ltrim(json_text(t.item), '._+-'), '._+-') AS word
    FROM issue AS s
    CROSS JOIN LATERAL json_items(
        CAST('["' || regexp_replace(s.words, '[^a-z0-9@._+-]+', '","', 'g') || '"]' AS JSON)
    ) AS t(item)
),

move AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        lower(i.item->>'toString') AS status,
        (h.item->'author'->>'accountId') AS author,
        COALESCE(
            as_timestamp(h.item->>'created'),
            CASE
                WHEN as_integer(h.item->>'created') BETWEEN 946684800000 AND 4102444800000
                    THEN to_timestamp(as_integer(h.item->>'created') / 1000.0)
            END
        ) AS moved_at
    FROM raw.record_asof AS r
    CROSS JOIN LATERAL json_items(r.body->'histories') AS h(item)
    CROSS JOIN LATERAL json_items(h.item->'items') AS i(item)
    WHERE r.stream = 'jira.issue_changelog' AND (i.item->>'field') = 'status'
),

approval AS MATERIALIZED (
    SELECT s.tenant_id, s.connection_id, s.resource_id, s.words, s.is_access, s.is_change, m.moved_at AS approved_at
    FROM move AS m
    JOIN approved_status AS v ON v.tenant_id = m.tenant_id AND v.status = m.status
    JOIN issue AS s
        ON s.tenant_id = m.tenant_id AND s.connection_id = m.connection_id AND s.resource_id = m.resource_id
    WHERE m.author <> COALESCE(s.reporter, '')
),

covered AS (
    SELECT
        j.tenant_id, j.connection_id, j.resource_id,
        bool_or(a.is_access) AS has_access_request,
        bool_or(a.is_change) AS has_change_request
    FROM subject AS j
    JOIN word AS k ON k.tenant_id = j.tenant_id AND k.word = j.first_word
    JOIN approval AS a
        ON a.tenant_id = k.tenant_id
        AND a.connection_id = k.connection_id
        AND a.resource_id = k.resource_id
        AND a.approved_at <= j.published
        AND a.approved_at >= j.published - j.request_window
        AND position(j.name IN a.words) > 0
        -- The name stands alone: ann@acme.test is not named by joann@acme.test.
        AND position(
            substr(a.words, CAST(position(j.name IN a.words) AS INTEGER) - 1, 1)
            IN 'abcdefghijklmnopqrstuvwxyz0123456789._+-'
        ) = 0
        AND position(
            substr(a.words, CAST(position(j.name IN a.words) + length(j.name) AS INTEGER), 1)
            IN 'abcdefghijklmnopqrstuvwxyz0123456789_-'
        ) = 0
    GROUP BY j.tenant_id, j.connection_id, j.resource_id
)

SELECT
    e.tenant_id, e.connection_id, e.account_id, e.scope, e.resource_id, e.observed_at, e.collected_at, e.evidence_sha256,
    e.type,
    e.published,
    e.is_grant,
    e.is_change,
    e.is_provisioned,
    n.resource_id IS NOT NULL AS has_subject,
    COALESCE(v.has_access_request, FALSE) AS has_access_request,
    COALESCE(v.has_change_request, FALSE) AS has_change_request
FROM event AS e
LEFT JOIN (
    SELECT DISTINCT j.tenant_id, j.connection_id, j.resource_id FROM subject AS j WHERE j.name <> lower(j.resource_id)
) AS n
    ON n.tenant_id = e.tenant_id AND n.connection_id = e.connection_id AND n.resource_id = e.resource_id
LEFT JOIN covered AS v
    ON v.tenant_id = e.tenant_id AND v.connection_id = e.connection_id AND v.resource_id = e.resource_id
