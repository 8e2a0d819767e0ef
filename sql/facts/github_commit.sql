/*
table: github_commit
title: The commits of default branches, the times that somebody went round a rule, and the log that tells of them
# A commit came by a pull request where GitHub says so of it, or where it is what a pull request became; the pull request
# was merged into this branch of this repository. What was there before the repository (an import), and its first commit,
# had nothing to be merged into.
# Overrides are in the audit log, which takes GitHub Enterprise Cloud: so the log is a row of its own, and commits are
# judged without it. Many of its events do not say the branch; only protected ones can be meant.
# Source: GitHub GraphQL, Commit.associatedPullRequests; "Audit log events", protected_branch.policy_override,
# overridden_codes. Joins go by one key: by several, Postgres may compare all commits of a tenant with each other.
streams: [github.commit, github.repository, github.pull_request, github.audit_event]
population_streams: [github.commit]
required: [kind, happened_at]
columns:
  kind: commit, override, or log (of the organisation)
  happened_at: When it was committed or overridden; of the log, as of when it is known
  is_judged: Whether that was in the window, on the default branch of a repository that is not out of scope
  is_whole: Whether the pull requests that a commit came with were all read
  is_first: Whether it is the repository's first commit, or older than the repository and all that it builds on
  pulls: How many merged pull requests it came with
  what: Of an override, what the log calls it, and where it was
  gap: Why the log is not known, in one of the words for UNKNOWN; NULL where it is
*/
WITH repository AS MATERIALIZED (
    SELECT
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(r.resource_id) AS key,
        (r.body->>'default_branch') AS branch,
        as_timestamp(r.body->>'created_at') AS created_at,
        GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
            pattern_rank(r.body->>'name', p.github_repositories_out_of_scope)
        ) > GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_in_scope),
            pattern_rank(r.body->>'name', p.github_repositories_in_scope)
        ) AS is_out_of_scope
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'github.repository'
),

change AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(r.resource_id) AS key,
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(split_part(r.resource_id, '@', 1)) AS repository_key,
        lower(split_part(r.resource_id, '@', 1)) AS repository,
        as_timestamp(r.body->>'committedDate') AS committed_at,
        as_integer(r.body->'parents'->>'totalCount') AS parents,
        r.body->'parents'->'nodes' AS parent_nodes,
        as_integer(r.body->'associatedPullRequests'->>'totalCount') AS declared,
        r.body->'associatedPullRequests'->'nodes' AS pull_nodes
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.commit'
),

-- What speaks for a commit; and what against it: it says to be older than the repository, and builds on a younger one.
sign AS (
    SELECT
        k.key,
        CASE WHEN (i.item->>'number') IS NOT NULL THEN 1 ELSE 0 END AS shown,
        CASE
            WHEN (i.item->>'state') = 'MERGED'
                AND (i.item->>'mergedAt') IS NOT NULL
                AND (i.item->>'baseRefName') = b.branch
                AND lower(i.item->'repository'->>'nameWithOwner') = k.repository
            THEN 1 ELSE 0
        END AS pulls,
        0 AS late
    FROM change AS k
    LEFT JOIN repository AS b ON b.key = k.repository_key
    CROSS JOIN LATERAL json_items(k.pull_nodes) AS i(item)
    UNION ALL
    SELECT
        m.tenant_id || ' ' || m.connection_id || ' ' || lower(split_part(m.resource_id, '#', 1)) || '@'
        || lower(m.body->'mergeCommit'->>'oid') AS key,
        0 AS shown, 1 AS pulls, 0 AS late
    FROM raw.record_asof AS m
    WHERE m.stream = 'github.pull_request' AND as_timestamp(m.body->>'mergedAt') IS NOT NULL
    UNION ALL
    SELECT k.key, 0 AS shown, 0 AS pulls, 1 AS late
    FROM (
        SELECT c.key, b.created_at, c.repository_key || '@' || lower(i.item->>'oid') AS parent
        FROM change AS c
        JOIN repository AS b ON b.key = c.repository_key
        CROSS JOIN LATERAL json_items(c.parent_nodes) AS i(item)
        WHERE c.committed_at < b.created_at
    ) AS k
    JOIN change AS o ON o.key = k.parent
    WHERE o.committed_at >= k.created_at
),

signs AS (
    SELECT s.key, sum(s.shown) AS shown, sum(s.pulls) AS pulls, sum(s.late) AS late
    FROM sign AS s
    GROUP BY s.key
),

root AS (
    SELECT k.repository_key, min(k.committed_at) AS committed_at
    FROM change AS k
    WHERE k.parents = 0
    GROUP BY k.repository_key
),

event AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(r.body->>'repo') AS repository_key,
        lower(r.body->>'repo') AS repository,
        CASE
            WHEN (r.body->>'branch') LIKE 'refs/heads/%' THEN substr(r.body->>'branch', 12)
            ELSE (r.body->>'branch')
        END AS branch,
        (r.body->>'action') AS action,
        CASE
            WHEN as_integer(r.body->>'@timestamp') BETWEEN 946684800000 AND 4102444800000
                THEN to_timestamp(as_integer(r.body->>'@timestamp') / 1000.0)
        END AS happened_at
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.audit_event'
        AND (
            (r.body->>'action') = 'protected_branch.policy_override'
            OR (r.body->>'action') LIKE 'protected_branch.%bypass%'
            OR (r.body->>'action') LIKE 'repository_rule%bypass%'
            OR (
                (r.body->>'action') <> 'protected_branch.rejected_ref_update'
                AND json_is_filled(r.body->'overridden_codes')
            )
        )
)

SELECT
    k.tenant_id, k.connection_id, k.account_id, k.scope, k.resource_id, k.observed_at, k.collected_at, k.evidence_sha256,
    'commit' AS kind,
    k.committed_at AS happened_at,
    k.committed_at >= c.as_of - p.github_window_days * INTERVAL '1 day'
        AND NOT COALESCE(b.is_out_of_scope, FALSE) AS is_judged,
    COALESCE(COALESCE(n.shown, 0) = k.declared, FALSE) AS is_whole,
    COALESCE(
        (k.parents = 0 AND k.committed_at = o.committed_at)
        OR (k.committed_at < b.created_at AND COALESCE(n.late, 0) = 0),
        FALSE
    ) AS is_first,
    CAST(COALESCE(n.pulls, 0) AS BIGINT) AS pulls,
    CAST(NULL AS VARCHAR) AS what,
    CAST(NULL AS VARCHAR) AS gap
FROM change AS k
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = k.tenant_id
LEFT JOIN repository AS b ON b.key = k.repository_key
LEFT JOIN signs AS n ON n.key = k.key
LEFT JOIN root AS o ON o.repository_key = k.repository_key
UNION ALL
SELECT
    e.tenant_id, e.connection_id, e.account_id, e.scope, e.resource_id, e.observed_at, e.collected_at, e.evidence_sha256,
    'override' AS kind,
    e.happened_at,
    e.happened_at >= c.as_of - p.github_window_days * INTERVAL '1 day'
        AND NOT COALESCE(b.is_out_of_scope, FALSE)
        AND COALESCE(e.branch = b.branch, TRUE) AS is_judged,
    TRUE AS is_whole,
    FALSE AS is_first,
    0 AS pulls,
    e.action || ' in ' || COALESCE(e.repository, 'a repository that is not named') AS what,
    CAST(NULL AS VARCHAR) AS gap
FROM event AS e
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = e.tenant_id
LEFT JOIN repository AS b ON b.key = e.repository_key
UNION ALL
SELECT
    u.tenant_id, u.connection_id, u.account_id, u.scope, u.account_id AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at,
    COALESCE(l.proven_at, l.finished_at, u.finished_at) AS collected_at,
    COALESCE(l.last_page_sha256, l.receipt_sha256, u.receipt_sha256) AS evidence_sha256,
    'log' AS kind,
    COALESCE(l.proven_at, l.finished_at, u.finished_at) AS happened_at,
    TRUE AS is_judged,
    TRUE AS is_whole,
    FALSE AS is_first,
    0 AS pulls,
    CAST(NULL AS VARCHAR) AS what,
    CASE
        WHEN l.collection_id IS NULL THEN 'not_collected'
        WHEN l.outcome = 'denied' THEN 'denied'
        WHEN l.outcome = 'failed' THEN 'not_collected'
        WHEN NOT l.lists_all OR l.outcome <> 'complete' THEN 'incomplete'
    END AS gap
FROM raw.last_receipt_asof AS u
LEFT JOIN raw.last_receipt_asof AS l
    ON l.stream = 'github.audit_event' AND l.tenant_id = u.tenant_id AND l.connection_id = u.connection_id
WHERE u.stream = 'github.commit' AND u.collection_id IS NOT NULL
