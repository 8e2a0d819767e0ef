/*
table: github_pull_request_ticket
title: Merged pull requests, with the Jira issues that they name
# A key is looked for in the title, in the branch's name and in the text, upper and lower case being the same, and counts
# where an issue of that key was there when the change was merged. Source: GitHub GraphQL, "PullRequest".
streams: [github.pull_request, jira.issue]
population_streams: [github.pull_request]
required: [merged_at]
columns:
  merged_at: When it was merged
  author: The login of who opened it; NULL for an account that is gone
  is_out_of_scope: Whether the tenant's policy puts the repository out of scope, and nothing puts it in
  says_anything: Whether the pull request's title and branch were read
  tickets: How many issues it names that were there before it was merged
  late_tickets: How many issues it names that were made afterwards
*/
WITH request AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        as_timestamp(r.body->>'mergedAt') AS merged_at,
        (r.body->'author'->>'login') AS author,
        (r.body->>'title') IS NOT NULL AND (r.body->>'headRefName') IS NOT NULL AS says_anything,
        split_part(r.resource_id, '#', 1) AS repository,
        split_part(split_part(r.resource_id, '#', 1), '/', 2) AS repository_name,
        upper(
            COALESCE(r.body->>'title', '') || ' ' || COALESCE(r.body->>'headRefName', '') || ' '
            || COALESCE(r.body->>'body', '')
        ) AS words
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.pull_request'
),

-- Each key on its own between blanks, then everything else taken out.
named AS MATERIALIZED (
    SELECT DISTINCT r.tenant_id, r.connection_id, r.resource_id, r.merged_at, json_text(k.item) AS key
    FROM request AS r
    CROSS JOIN LATERAL json_items(
        CAST(
            '["' || regexp_replace(
                regexp_replace(r.words, '([A-Z][A-Z0-9_]*-[0-9]+)', ' \1 ', 'g'), '[^A-Z0-9_-]+', '","', 'g'
            ) || '"]' AS JSON
        )
    ) AS k(item)
    WHERE position('-' IN json_text(k.item)) > 1
),

found AS (
    SELECT
        n.tenant_id, n.connection_id, n.resource_id,
        count(*) FILTER (WHERE as_timestamp(j.body->'fields'->>'created') <= n.merged_at) AS tickets,
        count(*) FILTER (WHERE as_timestamp(j.body->'fields'->>'created') > n.merged_at) AS late_tickets
    FROM named AS n
    JOIN raw.record_asof AS j
        ON j.stream = 'jira.issue' AND j.tenant_id = n.tenant_id AND j.resource_id = n.key
    GROUP BY n.tenant_id, n.connection_id, n.resource_id
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    r.merged_at,
    r.author,
    GREATEST(
        pattern_rank(r.repository, p.github_repositories_out_of_scope),
        pattern_rank(r.repository_name, p.github_repositories_out_of_scope)
    ) > GREATEST(
        pattern_rank(r.repository, p.github_repositories_in_scope),
        pattern_rank(r.repository_name, p.github_repositories_in_scope)
    ) AS is_out_of_scope,
    r.says_anything,
    COALESCE(f.tickets, 0) AS tickets,
    COALESCE(f.late_tickets, 0) AS late_tickets
FROM request AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN found AS f
    ON f.tenant_id = r.tenant_id AND f.connection_id = r.connection_id AND f.resource_id = r.resource_id
