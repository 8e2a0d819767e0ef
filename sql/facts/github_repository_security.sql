/*
table: github_repository_security
title: Repositories, and whether GitHub tells of vulnerable dependencies in them
# That alerts are off is proven only to who may administer the repository: GitHub shows them as off to others, too. Deploy
# keys, which take the permission Administration, show that a token has it. Source: GitHub GraphQL, "Repository".
streams: [github.repository_settings]
columns:
  repository: The repository, in small letters
  is_archived: Whether it is read-only
  is_out_of_scope: Whether the tenant's policy puts the repository out of scope, and nothing puts it in
  alerts_enabled: Whether alerts about vulnerable dependencies are on; NULL where that they are off is not proven
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    lower(r.resource_id) AS repository,
    as_boolean(r.body->>'isArchived') AS is_archived,
    GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
        pattern_rank(split_part(r.resource_id, '/', 2), p.github_repositories_out_of_scope)
    ) > GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_in_scope),
        pattern_rank(split_part(r.resource_id, '/', 2), p.github_repositories_in_scope)
    ) AS is_out_of_scope,
    CASE
        WHEN as_boolean(r.body->>'hasVulnerabilityAlertsEnabled') THEN TRUE
        WHEN NOT as_boolean(r.body->>'hasVulnerabilityAlertsEnabled')
            AND as_boolean(r.body->>'viewerCanAdminister')
            AND as_integer(r.body->'deployKeys'->>'totalCount') IS NOT NULL
        THEN FALSE
    END AS alerts_enabled
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
WHERE r.stream = 'github.repository_settings'
