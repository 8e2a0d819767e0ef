/*
table: github_branch_history
title: Repositories with merged pull requests, and whether those and the default branch's commits account for each other
# Two lists tell of the same merges, each by itself: the commits of a branch name the pull requests that they came with,
# and each merged pull request names the commit that it became. What one has and the other lacks is a hole in one of them,
# or history that was rewritten. Merges later than either reading are left out; so is a single pull request that could not
# be read, which is unknown by itself. Joins go by one key: by several, Postgres may compare all commits of a tenant with
# each other.
# Source: GitHub GraphQL, Commit.associatedPullRequests, PullRequest.mergeCommit.
streams:
  [github.pull_request, github.repository, github.commit, github.branch_protection, github.branch_rule]
population_streams: [github.pull_request]
columns:
  repository: The repository, in small letters
  commits_gap: Why its commits are not known, in one of the words for UNKNOWN; NULL where they are
  commits_read_at: As of when they are known
  unlisted: How many merged pull requests the commits name that the list does not have
  unmatched: How many listed pull requests became a commit that the branch does not have
  rules_gap: Why what is demanded of its changes is not known, in one of those words; NULL where it is
  rules_read_at: As of when that is known
*/
WITH reading AS MATERIALIZED (
    SELECT
        l.tenant_id, l.connection_id, l.stream, l.collection_id,
        COALESCE(l.proven_at, l.started_at) AS read_at,
        CASE
            WHEN l.collection_id IS NULL THEN 'not_collected'
            WHEN l.outcome = 'denied' THEN 'denied'
            WHEN l.outcome = 'failed' THEN 'not_collected'
            WHEN NOT l.lists_all OR l.outcome NOT IN ('complete', 'partial') THEN 'incomplete'
        END AS gap
    FROM raw.last_receipt_asof AS l
    WHERE l.stream IN ('github.pull_request', 'github.commit', 'github.branch_protection', 'github.branch_rule')
),

unread AS MATERIALIZED (
    SELECT DISTINCT
        g.stream,
        e.tenant_id || ' ' || e.connection_id || ' ' || lower(e.resource_id) AS key,
        e.tenant_id || ' ' || e.connection_id || ' '
        || lower(split_part(split_part(e.resource_id, '#', 1), '@', 1)) AS repository_key,
        e.reason
    FROM raw.receipt_error AS e
    JOIN reading AS g ON g.tenant_id = e.tenant_id AND g.collection_id = e.collection_id
    WHERE e.resource_id IS NOT NULL
),

-- Of commits and of rules: what is wrong with the whole list goes before what is wrong with one repository.
hole AS (
    SELECT
        u.repository_key,
        min(u.reason) FILTER (WHERE u.stream = 'github.commit') AS commits_gap,
        min(u.reason) FILTER (WHERE u.stream <> 'github.commit') AS rules_gap
    FROM unread AS u
    WHERE u.stream <> 'github.pull_request'
    GROUP BY u.repository_key
),

whole AS (
    SELECT
        g.tenant_id, g.connection_id,
        max(g.gap) FILTER (WHERE g.stream = 'github.commit') AS commits_gap,
        min(g.read_at) FILTER (WHERE g.stream = 'github.commit') AS commits_read_at,
        max(g.gap) FILTER (WHERE g.stream IN ('github.branch_protection', 'github.branch_rule')) AS rules_gap,
        min(g.read_at) FILTER (WHERE g.stream IN ('github.branch_protection', 'github.branch_rule')) AS rules_read_at,
        min(g.read_at) FILTER (WHERE g.stream = 'github.pull_request') AS pulls_read_at,
        count(*) FILTER (WHERE g.stream = 'github.commit') AS commit_units,
        count(*) FILTER (WHERE g.stream IN ('github.branch_protection', 'github.branch_rule')) AS rule_units
    FROM reading AS g
    GROUP BY g.tenant_id, g.connection_id
),

merged AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.observed_at, r.collected_at, r.evidence_sha256,
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(r.resource_id) AS key,
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(split_part(r.resource_id, '#', 1)) AS repository_key,
        lower(split_part(r.resource_id, '#', 1)) AS repository,
        as_timestamp(r.body->>'mergedAt') AS merged_at,
        (r.body->>'baseRefName') AS base,
        lower(r.body->'mergeCommit'->>'oid') AS oid
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.pull_request'
),

branch AS MATERIALIZED (
    SELECT
        m.tenant_id, m.connection_id, m.account_id, m.scope, m.repository, m.repository_key, m.observed_at,
        m.collected_at, m.evidence_sha256, (r.body->>'default_branch') AS name, w.commits_read_at, w.pulls_read_at,
        c.as_of - p.github_window_days * INTERVAL '1 day' AS since
    FROM (
        SELECT
            q.tenant_id, q.connection_id, q.account_id, q.scope, q.repository, q.repository_key,
            max(q.observed_at) AS observed_at,
            max(q.collected_at) AS collected_at, max(q.evidence_sha256) AS evidence_sha256
        FROM merged AS q
        GROUP BY q.tenant_id, q.connection_id, q.account_id, q.scope, q.repository, q.repository_key
    ) AS m
    CROSS JOIN ops.clock AS c
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = m.tenant_id
    LEFT JOIN whole AS w ON w.tenant_id = m.tenant_id AND w.connection_id = m.connection_id
    LEFT JOIN raw.record_asof AS r
        ON r.stream = 'github.repository'
        AND r.tenant_id || ' ' || r.connection_id || ' ' || lower(r.resource_id) = m.repository_key
),

commit_read AS MATERIALIZED (
    SELECT
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(r.resource_id) AS key,
        r.tenant_id || ' ' || r.connection_id || ' ' || lower(split_part(r.resource_id, '@', 1)) AS repository_key,
        r.body->'associatedPullRequests'->'nodes' AS pulls
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.commit'
),

named AS (
    SELECT DISTINCT b.repository_key, b.repository_key || '#' || (i.item->>'number') AS key
    FROM commit_read AS k
    JOIN branch AS b ON b.repository_key = k.repository_key
    CROSS JOIN LATERAL json_items(k.pulls) AS i(item)
    WHERE (i.item->>'baseRefName') = COALESCE(b.name, i.item->>'baseRefName')
        AND lower(i.item->'repository'->>'nameWithOwner') = b.repository
        AND as_timestamp(i.item->>'mergedAt') >= b.since
        AND as_timestamp(i.item->>'mergedAt') < b.pulls_read_at
),

unlisted AS (
    SELECT n.repository_key, count(*) AS pulls
    FROM named AS n
    WHERE NOT EXISTS (SELECT 1 FROM merged AS m WHERE m.key = n.key)
        AND NOT EXISTS (SELECT 1 FROM unread AS u WHERE u.key = n.key AND u.stream = 'github.pull_request')
    GROUP BY n.repository_key
),

unmatched AS (
    SELECT m.repository_key, count(*) AS pulls
    FROM merged AS m
    JOIN branch AS b ON b.repository_key = m.repository_key
    WHERE COALESCE(m.base = b.name, TRUE)
        AND m.merged_at >= b.since
        AND m.merged_at < b.commits_read_at
        AND NOT EXISTS (
            SELECT 1 FROM commit_read AS k WHERE k.key = m.repository_key || '@' || COALESCE(m.oid, '')
        )
    GROUP BY m.repository_key
)

SELECT
    b.tenant_id, b.connection_id, b.account_id, b.scope, b.repository AS resource_id, b.observed_at, b.collected_at,
    b.evidence_sha256,
    b.repository,
    CASE
        WHEN COALESCE(w.commit_units, 0) < 1 THEN 'not_collected'
        ELSE COALESCE(w.commits_gap, h.commits_gap)
    END AS commits_gap,
    b.commits_read_at,
    COALESCE(n.pulls, 0) AS unlisted,
    COALESCE(m.pulls, 0) AS unmatched,
    CASE
        WHEN COALESCE(w.rule_units, 0) < 2 THEN 'not_collected'
        ELSE COALESCE(w.rules_gap, h.rules_gap)
    END AS rules_gap,
    w.rules_read_at
FROM branch AS b
LEFT JOIN whole AS w ON w.tenant_id = b.tenant_id AND w.connection_id = b.connection_id
LEFT JOIN hole AS h ON h.repository_key = b.repository_key
LEFT JOIN unlisted AS n ON n.repository_key = b.repository_key
LEFT JOIN unmatched AS m ON m.repository_key = b.repository_key
