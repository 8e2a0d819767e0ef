/*
table: github_credential
title: Deploy keys, installed apps and fine-grained tokens with access to the organisation
# Ids: ORG/REPO/keys/ID, ORG/installations/ID and ORG/personal-access-tokens/ID.
# GitHub shows the deploy keys of a repository to its administrators and an empty list to others, so a repository whose
# keys are not proven is a row by its name.
# Source: GitHub GraphQL, DeployKey; REST, "List app installations for an organization", "List fine-grained personal
# access tokens with access to organization resources".
streams: [github.repository_settings, github.installation, github.pat_grant]
population_streams: [github.repository_settings, github.installation, github.pat_grant]
columns:
  kind: deploy_key, installation, token or repository
  name: What its owner calls it
  holder: Whose token it is, by login in lower case; NULL for keys and apps
  can_write: Whether it may change anything; NULL where that is not known
  is_usable: Whether it still opens anything; a suspended app and an expired token do not
  is_out_of_scope: Whether the tenant's policy puts the key's repository out of scope, and nothing puts it in
  granted_at: Since when it is there
*/
WITH repository AS (
    SELECT
        r.*,
        GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
            pattern_rank(split_part(r.resource_id, '/', 2), p.github_repositories_out_of_scope)
        ) > GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_in_scope),
            pattern_rank(split_part(r.resource_id, '/', 2), p.github_repositories_in_scope)
        ) AS is_out_of_scope
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'github.repository_settings'
),

-- Permissions by name: of a token one level deeper, by what they are about.
permission AS (
    SELECT r.tenant_id, r.connection_id, r.stream, r.resource_id, json_text(m.item) AS level
    FROM raw.record_asof AS r, LATERAL json_members(r.body->'permissions') AS m(name, item)
    WHERE r.stream = 'github.installation'
    UNION ALL
    SELECT r.tenant_id, r.connection_id, r.stream, r.resource_id, json_text(m.item) AS level
    FROM raw.record_asof AS r, LATERAL json_members(r.body->'permissions') AS o(about, permissions),
        LATERAL json_members(o.permissions) AS m(name, item)
    WHERE r.stream = 'github.pat_grant'
),

writes AS (
    SELECT
        m.tenant_id, m.connection_id, m.stream, m.resource_id,
        CASE
            WHEN bool_or(m.level IN ('write', 'admin')) THEN TRUE
            WHEN bool_and(m.level IN ('read', 'none')) THEN FALSE
        END AS can_write
    FROM permission AS m
    GROUP BY m.tenant_id, m.connection_id, m.stream, m.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    r.resource_id || '/keys/' || COALESCE(k.item->>'id', '?') AS resource_id,
    max(r.observed_at) AS observed_at, max(r.collected_at) AS collected_at, max(r.evidence_sha256) AS evidence_sha256,
    'deploy_key' AS kind,
    max(k.item->>'title') AS name,
    CAST(NULL AS VARCHAR) AS holder,
    CASE
        WHEN bool_or(NOT as_boolean(k.item->>'readOnly')) THEN TRUE
        WHEN bool_and(as_boolean(k.item->>'readOnly') IS NOT NULL) THEN FALSE
    END AS can_write,
    TRUE AS is_usable,
    bool_and(r.is_out_of_scope) AS is_out_of_scope,
    min(as_timestamp(k.item->>'createdAt')) AS granted_at
FROM repository AS r, LATERAL json_items(r.body->'deployKeys'->'nodes') AS k(item)
GROUP BY r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, COALESCE(k.item->>'id', '?')
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    'repository' AS kind,
    CAST(NULL AS VARCHAR) AS name, CAST(NULL AS VARCHAR) AS holder, CAST(NULL AS BOOLEAN) AS can_write,
    TRUE AS is_usable,
    r.is_out_of_scope,
    CAST(NULL AS TIMESTAMPTZ) AS granted_at
FROM repository AS r
WHERE as_boolean(r.body->>'viewerCanAdminister') IS NOT TRUE
    OR NOT COALESCE(json_is_array(r.body->'deployKeys'->'nodes'), FALSE)
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    r.account_id || '/installations/' || r.resource_id AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'installation' AS kind,
    (r.body->>'app_slug') AS name,
    CAST(NULL AS VARCHAR) AS holder,
    CASE WHEN (r.body->>'permissions') = '{}' THEN FALSE ELSE w.can_write END AS can_write,
    (r.body->>'suspended_at') IS NULL AS is_usable,
    FALSE AS is_out_of_scope,
    as_timestamp(r.body->>'created_at') AS granted_at
FROM raw.record_asof AS r
LEFT JOIN writes AS w
    ON w.tenant_id = r.tenant_id AND w.connection_id = r.connection_id AND w.stream = r.stream
    AND w.resource_id = r.resource_id
WHERE r.stream = 'github.installation'
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope,
    r.account_id || '/personal-access-tokens/' || r.resource_id AS resource_id,
    r.observed_at, r.collected_at, r.evidence_sha256,
    'token' AS kind,
    (r.body->>'token_name') AS name,
    lower(r.body->'owner'->>'login') AS holder,
    w.can_write,
    NOT COALESCE(as_boolean(r.body->>'token_expired'), FALSE)
        AND COALESCE(as_timestamp(r.body->>'token_expires_at') > c.as_of, TRUE) AS is_usable,
    FALSE AS is_out_of_scope,
    as_timestamp(r.body->>'access_granted_at') AS granted_at
FROM raw.record_asof AS r
CROSS JOIN ops.clock AS c
LEFT JOIN writes AS w
    ON w.tenant_id = r.tenant_id AND w.connection_id = r.connection_id AND w.stream = r.stream
    AND w.resource_id = r.resource_id
WHERE r.stream = 'github.pat_grant'
