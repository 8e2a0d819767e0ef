/*
table: github_code_scanning
title: Repositories, and when code scanning last looked at their default branch
# Source: GitHub REST, "List code scanning analyses for a repository": `error` says why an analysis came to nothing.
streams: [github.code_scanning_analysis, github.repository]
population_streams: [github.code_scanning_analysis]
columns:
  is_archived: Whether it is read-only
  is_out_of_scope: Whether the tenant's policy puts the repository out of scope, and nothing puts it in
  is_read: Whether it is known if there is an analysis of the default branch
  scanned_at: When the newest analysis was made; NULL where there is none
  tool: What made it
  error: Why it came to nothing; NULL where it did not
*/
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    COALESCE(as_boolean(r.body->>'absent'), FALSE) OR COALESCE(as_boolean(b.body->>'archived'), FALSE) AS is_archived,
    GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
        pattern_rank(split_part(r.resource_id, '/', 2), p.github_repositories_out_of_scope)
    ) > GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_in_scope),
        pattern_rank(split_part(r.resource_id, '/', 2), p.github_repositories_in_scope)
    ) AS is_out_of_scope,
    (r.body->'latest') IS NOT NULL
        AND (
            (r.body->>'latest') IS NULL
            OR (
                as_timestamp(r.body->'latest'->>'created_at') IS NOT NULL
                AND COALESCE((r.body->'latest'->>'ref') = 'refs/heads/' || (b.body->>'default_branch'), TRUE)
            )
        ) AS is_read,
    as_timestamp(r.body->'latest'->>'created_at') AS scanned_at,
    (r.body->'latest'->'tool'->>'name') AS tool,
    CASE WHEN trim(r.body->'latest'->>'error') <> '' THEN (r.body->'latest'->>'error') END AS error
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN raw.record_asof AS b
    ON b.stream = 'github.repository' AND b.tenant_id = r.tenant_id AND b.connection_id = r.connection_id
    AND b.resource_id = r.resource_id
WHERE r.stream = 'github.code_scanning_analysis'
