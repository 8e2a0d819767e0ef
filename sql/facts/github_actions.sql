/*
table: github_actions
title: Repositories, with what their workflows may write and whose actions they may run
# What the organisation lays down binds each of its repositories; a repository may be stricter. GitHub says what
# workflows may write in a repository only where the organisation lets it choose.
# An action is somebody else's unless it lies in the repository itself (./), belongs to the organisation, or to an owner
# whom the tenant trusts. Pinned means named by a whole commit id, or by a digest where it is an image: a branch or tag
# can be moved. Source: GitHub, "Security hardening for GitHub Actions"; REST, "Actions, permissions".
streams: [github.repository, github.actions_permission, github.organization_actions, github.repository_settings]
population_streams: [github.repository]
required: [is_archived]
columns:
  is_archived: Whether the repository is read-only
  is_out_of_scope: Whether the tenant's policy puts the repository out of scope, and nothing puts it in
  is_enabled: Whether workflows may run at all
  default_permission: What a workflow's token may do where the workflow does not say it, read or write
  is_restricted: Whether only some actions may run
  demands_pins: Whether GitHub itself refuses actions that are not pinned
  shows_files: Whether it is known which files of workflows there are
  unread_files: How many of them could not be read
  unpinned: How many actions of others are used without being pinned
  example: One of these
*/
WITH organization AS (
    SELECT
        r.tenant_id, r.connection_id,
        (r.body->'workflow'->>'default_workflow_permissions') AS default_permission,
        (r.body->>'allowed_actions') AS allowed,
        as_boolean(r.body->>'sha_pinning_required') AS demands_pins,
        (r.body->>'enabled_repositories') = 'none' AS is_off,
        CASE
            WHEN json_is_array(r.body->'selected_actions'->'patterns_allowed')
                THEN json_holds(r.body->'selected_actions'->'patterns_allowed', '*')
                    OR json_holds(r.body->'selected_actions'->'patterns_allowed', '*/*')
                    OR json_holds(r.body->'selected_actions'->'patterns_allowed', '*/*@*')
        END AS selects_all
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.organization_actions'
),

file AS MATERIALIZED (
    SELECT r.tenant_id, r.connection_id, r.resource_id, lower(r.account_id) AS account, f.item AS file
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'workflow_files') AS f(item)
    WHERE r.stream = 'github.repository_settings'
),

unread AS (
    SELECT f.tenant_id, f.connection_id, f.resource_id, count(*) AS files
    FROM file AS f
    WHERE NOT COALESCE(json_is_array(f.file->'uses'), FALSE)
    GROUP BY f.tenant_id, f.connection_id, f.resource_id
),

used AS (
    SELECT f.tenant_id, f.connection_id, f.resource_id, f.account, json_text(u.item) AS action
    FROM file AS f, LATERAL json_items(f.file->'uses') AS u(item)
),

unpinned AS (
    SELECT u.tenant_id, u.connection_id, u.resource_id, count(DISTINCT u.action) AS actions, min(u.action) AS example
    FROM used AS u
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = u.tenant_id
    WHERE u.action NOT LIKE './%'
        AND lower(split_part(u.action, '/', 1)) <> u.account
        AND NOT json_holds(p.github_trusted_action_owners, split_part(u.action, '/', 1))
        AND NOT lower(u.action) ~ '^(docker://.+@sha256:[0-9a-f]{64}|[^@]+@([0-9a-f]{40}|[0-9a-f]{64}))$'
    GROUP BY u.tenant_id, u.connection_id, u.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at,
    LEAST(r.collected_at, a.collected_at, s.collected_at) AS collected_at,
    COALESCE(a.evidence_sha256, r.evidence_sha256) AS evidence_sha256,
    as_boolean(r.body->>'archived') AS is_archived,
    GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
        pattern_rank(r.body->>'name', p.github_repositories_out_of_scope)
    ) > GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_in_scope),
        pattern_rank(r.body->>'name', p.github_repositories_in_scope)
    ) AS is_out_of_scope,
    CASE WHEN o.is_off THEN FALSE ELSE as_boolean(a.body->>'enabled') END AS is_enabled,
    CASE
        WHEN (a.body->'workflow'->>'default_workflow_permissions') IN ('read', 'write')
            THEN (a.body->'workflow'->>'default_workflow_permissions')
        WHEN (a.body->>'workflow') IS NULL AND o.default_permission = 'read' THEN 'read'
    END AS default_permission,
    CASE
        WHEN (a.body->>'allowed_actions') = 'local_only' OR o.allowed = 'local_only' THEN TRUE
        WHEN o.allowed = 'selected' THEN NOT o.selects_all
        WHEN (a.body->>'allowed_actions') = 'selected' THEN TRUE
        WHEN (a.body->>'allowed_actions') = 'all' THEN FALSE
    END AS is_restricted,
    COALESCE(as_boolean(a.body->>'sha_pinning_required'), FALSE) OR COALESCE(o.demands_pins, FALSE) AS demands_pins,
    COALESCE(json_is_array(s.body->'workflow_files'), FALSE) AS shows_files,
    COALESCE(n.files, 0) AS unread_files,
    COALESCE(u.actions, 0) AS unpinned,
    u.example
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN organization AS o ON o.tenant_id = r.tenant_id AND o.connection_id = r.connection_id
LEFT JOIN raw.record_asof AS a
    ON a.stream = 'github.actions_permission'
    AND a.tenant_id = r.tenant_id
    AND a.connection_id = r.connection_id
    AND a.resource_id = r.resource_id
LEFT JOIN raw.record_asof AS s
    ON s.stream = 'github.repository_settings'
    AND s.tenant_id = r.tenant_id
    AND s.connection_id = r.connection_id
    AND s.resource_id = r.resource_id
LEFT JOIN unread AS n
    ON n.tenant_id = r.tenant_id AND n.connection_id = r.connection_id AND n.resource_id = r.resource_id
LEFT JOIN unpinned AS u
    ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.resource_id = r.resource_id
WHERE r.stream = 'github.repository'
