/*
table: github_commit
title: The commits of default branches, the times that somebody went round a rule, and the log that tells of them
# A commit came by a pull request where GitHub says so of it, or where it is what a pull request became; the pull request
# was merged into this branch of this repository. What was there before the repository (an import), and its first commit,
# had nothing to be merged into.
# Overrides are in the audit log, which takes GitHub Enterprise Cloud: so the log is a row of its own, and commits are
# judged without it. Many of its events do not say the branch; only protected ones can be meant.
# Source: GitHub GraphQL, Commit.associatedPullRequests; "Audit log events", protected_branch.policy_override,
# overridden_codes.
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
        r.tenant_id, r.connection_id,
        lower(r.resource_id) AS name,
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
        lower(split_part(r.resource_id, '@', 1)) AS repository,
        lower(split_part(r.resource_id, '@', 2)) AS oid,
        as_timestamp(r.body->>'committedDate') AS committed_at,
        as_integer(r.body->'parents'->>'totalCount') AS parents,
        r.body->'parents'->'nodes' AS parent_nodes,
        as_integer(r.body->'associatedPullRequests'->>'totalCount') AS declared,
        r.body->'associatedPullRequests'->'nodes' AS pull_nodes
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.commit'
),

came AS (
    SELECT
        k.tenant_id, k.connection_id, k.resource_id,
        count(*) FILTER (WHERE (i.item->>'number') IS NOT NULL) AS shown,
        count(*) FILTER (
            WHERE (i.item->>'state') = 'MERGED'
                AND (i.item->>'mergedAt') IS NOT NULL
                AND (i.item->>'baseRefName') = b.branch
                AND lower(i.item->'repository'->>'nameWithOwner') = k.repository
        ) AS pulls
    FROM change AS k
    LEFT JOIN repository AS b
        ON b.tenant_id = k.tenant_id AND b.connection_id = k.connection_id AND b.name = k.repository
    CROSS JOIN LATERAL json_items(k.pull_nodes) AS i(item)
    GROUP BY k.tenant_id, k.connection_id, k.resource_id
),

became AS (
    SELECT DISTINCT
        m.tenant_id, m.connection_id, lower(split_part(m.resource_id, '#', 1)) AS repository,
        lower(m.body->'mergeCommit'->>'oid') AS oid
    FROM raw.record_asof AS m
    WHERE m.stream = 'github.pull_request' AND as_timestamp(m.body->>'mergedAt') IS NOT NULL
),

-- Commits that say to be older than the repository, and build on one that is younger.
late AS (
    SELECT DISTINCT k.tenant_id, k.connection_id, k.resource_id
    FROM change AS k
    JOIN repository AS b
        ON b.tenant_id = k.tenant_id AND b.connection_id = k.connection_id AND b.name = k.repository
    CROSS JOIN LATERAL json_items(k.parent_nodes) AS i(item)
    JOIN change AS o
        ON o.tenant_id = k.tenant_id AND o.connection_id = k.connection_id AND o.repository = k.repository
        AND o.oid = lower(i.item->>'oid')
    WHERE k.committed_at < b.created_at AND o.committed_at >= b.created_at
),

root AS (
    SELECT k.tenant_id, k.connection_id, k.repository, min(k.committed_at) AS committed_at
    FROM change AS k
    WHERE k.parents = 0
    GROUP BY k.tenant_id, k.connection_id, k.repository
),

event AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
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
            OR ((r.body->>'action') <> 'protected_branch.rejected_ref_update' AND json_is_filled(r.body->'overridden_codes'))
        )
)

SELECT
    k.tenant_id, k.connection_id, k.account_id, k.scope, k.resource_id, k.observed_at, k.collected_at, k.evidence_sha256,
    'commit' AS kind,
    k.committed_at AS happened_at,
    k.committed_at >= c.as_of - p.github_window_days * INTERVAL '1 day' AND NOT COALESCE(b.is_out_of_scope, FALSE) AS is_judged,
    COALESCE(COALESCE(n.shown, 0) = k.declared, FALSE) AS is_whole,
    COALESCE(
        (k.parents = 0 AND k.committed_at = o.committed_at)
        OR (k.committed_at < b.created_at AND l.resource_id IS NULL),
        FALSE
    ) AS is_first,
    COALESCE(n.pulls, 0) + CASE WHEN m.oid IS NULL THEN 0 ELSE 1 END AS pulls,
    CAST(NULL AS VARCHAR) AS what,
    CAST(NULL AS VARCHAR) AS gap
FROM change AS k
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = k.tenant_id
LEFT JOIN repository AS b
    ON b.tenant_id = k.tenant_id AND b.connection_id = k.connection_id AND b.name = k.repository
LEFT JOIN came AS n
    ON n.tenant_id = k.tenant_id AND n.connection_id = k.connection_id AND n.resource_id = k.resource_id
LEFT JOIN became AS m
    ON m.tenant_id = k.tenant_id AND m.connection_id = k.connection_id AND m.repository = k.repository AND m.oid = k.oid
LEFT JOIN late AS l
    ON l.tenant_id = k.tenant_id AND l.connection_id = k.connection_id AND l.resource_id = k.resource_id
LEFT JOIN root AS o
    ON o.tenant_id = k.tenant_id AND o.connection_id = k.connection_id AND o.repository = k.repository
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
LEFT JOIN repository AS b
    ON b.tenant_id = e.tenant_id AND b.connection_id = e.connection_id AND b.name = e.repository
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
