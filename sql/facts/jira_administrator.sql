/*
table: jira_administrator
title: Who administers Jira or one of its projects
# People by a group that makes administrators of Jira or by a role that administers a project; a group in such a role, whose
# members are not read, is a row by its name. Apps hold roles by being installed, and are no rows. Source: Jira Cloud, "Get
# users from group", "Get project role for project", whose actors show neither address nor state: jira.user does.
streams: [jira.group_member, jira.project_role, jira.user]
population_streams: [jira.group_member, jira.project_role]
columns:
  is_group: Whether it is a group
  is_active: Whether the account is active; NULL where nothing says it
  email: The account's address in lower case; NULL where its owner hides it
  groups: The groups that make it an administrator of Jira
  projects: How many projects it administers by a role
*/
WITH holder AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.observed_at, r.collected_at, r.evidence_sha256,
        (m.item->>'accountId') AS name,
        FALSE AS is_group,
        as_boolean(m.item->>'active') AS is_active,
        lower(m.item->>'emailAddress') AS email,
        COALESCE((m.item->>'accountType') = 'app', FALSE) AS is_app,
        r.resource_id AS group_name,
        CAST(NULL AS VARCHAR) AS project
    FROM raw.record_asof AS r
    CROSS JOIN LATERAL json_items(r.body->'members') AS m(item)
    WHERE r.stream = 'jira.group_member' AND (m.item->>'accountId') IS NOT NULL
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.observed_at, r.collected_at, r.evidence_sha256,
        COALESCE(
            a.item->'actorUser'->>'accountId', a.item->'actorGroup'->>'name', a.item->'actorGroup'->>'displayName',
            a.item->>'displayName', r.resource_id
        ) AS name,
        (a.item->'actorUser'->>'accountId') IS NULL AS is_group,
        as_boolean(u.body->>'active') AS is_active,
        lower(u.body->>'emailAddress') AS email,
        COALESCE((u.body->>'accountType') = 'app', FALSE) AS is_app,
        CAST(NULL AS VARCHAR) AS group_name,
        split_part(r.resource_id, '/', 1) AS project
    FROM raw.record_asof AS r
    CROSS JOIN LATERAL json_items(r.body->'actors') AS a(item)
    LEFT JOIN raw.record_asof AS u
        ON u.stream = 'jira.user'
        AND u.tenant_id = r.tenant_id
        AND u.connection_id = r.connection_id
        AND u.resource_id = (a.item->'actorUser'->>'accountId')
    WHERE r.stream = 'jira.project_role'
)

SELECT
    h.tenant_id, h.connection_id, h.account_id, h.scope, h.name AS resource_id,
    max(h.observed_at) AS observed_at,
    min(h.collected_at) AS collected_at,
    COALESCE(max(h.evidence_sha256) FILTER (WHERE h.project IS NULL), max(h.evidence_sha256)) AS evidence_sha256,
    bool_and(h.is_group) AS is_group,
    bool_or(h.is_active) AS is_active,
    max(h.email) AS email,
    string_agg(DISTINCT h.group_name, ', ' ORDER BY h.group_name) AS groups,
    count(DISTINCT h.project) AS projects
FROM holder AS h
WHERE NOT (
    h.is_group AND EXISTS (
        SELECT 1
        FROM raw.record_asof AS g
        WHERE g.stream = 'jira.group_member'
            AND g.tenant_id = h.tenant_id
            AND g.connection_id = h.connection_id
            AND g.resource_id = h.name
    )
)
GROUP BY h.tenant_id, h.connection_id, h.account_id, h.scope, h.name
HAVING NOT bool_or(h.is_app)
