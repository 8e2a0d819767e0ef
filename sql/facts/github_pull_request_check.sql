/*
table: github_pull_request_check
title: Merged pull requests, with what was demanded of them and how the checks of the merged head had ended
# What is demanded is what classic protection and the rules of the branch demanded when it was merged, by the version that
# was read then; before Kushim's first reading, by the first. A check has passed where it ended as success, neutral or
# skipped before the merge, and the last of a name counts. Which checks belong to a workflow that a ruleset demands is not
# shown: where one is demanded, every check that ran has to have passed. A token that may not see check runs is shown how
# many there are.
# Source: GitHub GraphQL, "StatusCheckRollup", "CheckRun", "StatusContext"; GitHub REST, "Get branch protection", "Get rules
# for a branch". GitHub keeps checks for 400 days.
streams: [github.pull_request, github.repository, github.branch_protection, github.branch_rule]
population_streams: [github.pull_request]
required: [merged_at]
columns:
  merged_at: When it was merged
  repository: The repository, in small letters
  is_judged: Whether it was merged into the default branch in the window, in a repository that is not out of scope
  is_whole: Whether all checks of the merged head were read
  is_denied: Whether checks of it are closed to the token
  may_be_expired: Whether it is so old that GitHub may have thrown checks away before they were read
  has_rules: Whether what was demanded of it is known
  demanded: How many named checks were demanded
  demands_workflow: Whether a workflow was demanded whose checks are not named
  missing: The demanded checks that never ran, NULL where none
  failed: The demanded checks that had not passed when it was merged, NULL where none
  ran: How many checks ran
  ran_failed: All checks that had not passed when it was merged, NULL where none
*/
WITH request AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        as_timestamp(r.body->>'mergedAt') AS merged_at,
        as_timestamp(r.body->>'createdAt') AS created_at,
        (r.body->>'baseRefName') AS base,
        r.body->'commits'->'nodes'->0->'commit' AS head,
        lower(r.body->'commits'->'nodes'->0->'commit'->>'oid') = lower(r.body->>'headRefOid') AS is_merged_head,
        lower(split_part(r.resource_id, '#', 1)) AS repository,
        split_part(lower(split_part(r.resource_id, '#', 1)), '/', 2) AS repository_name
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.pull_request'
),

ran AS MATERIALIZED (
    SELECT
        q.tenant_id, q.connection_id, q.resource_id,
        COALESCE(i.item->>'name', i.item->>'context') AS name,
        CASE
            WHEN (i.item->>'state') IS NOT NULL THEN (i.item->>'state') = 'SUCCESS'
            ELSE COALESCE(
                (i.item->>'status') = 'COMPLETED' AND (i.item->>'conclusion') IN ('SUCCESS', 'NEUTRAL', 'SKIPPED'), FALSE
            )
        END
            AND COALESCE(
                COALESCE(as_timestamp(i.item->>'completedAt'), as_timestamp(i.item->>'createdAt')) <= q.merged_at, TRUE
            ) AS has_passed,
        COALESCE(as_timestamp(i.item->>'completedAt'), as_timestamp(i.item->>'createdAt')) AS ended_at,
        COALESCE(
            COALESCE(as_timestamp(i.item->>'completedAt'), as_timestamp(i.item->>'createdAt')) > q.merged_at, FALSE
        ) AS is_late
    FROM request AS q
    CROSS JOIN LATERAL json_items(q.head->'statusCheckRollup'->'contexts'->'nodes') AS i(item)
    WHERE COALESCE(i.item->>'name', i.item->>'context') IS NOT NULL
),

-- Of one name, the last that ended before the merge; one that had not ended, or ended later, only where it is alone.
ended AS MATERIALIZED (
    SELECT k.tenant_id, k.connection_id, k.resource_id, k.name, k.has_passed
    FROM (
        SELECT
            n.*,
            row_number() OVER (
                PARTITION BY n.tenant_id, n.connection_id, n.resource_id, n.name
                ORDER BY
                    CASE WHEN n.is_late THEN 1 ELSE 0 END,
                    CASE WHEN n.ended_at IS NULL THEN 0 ELSE 1 END,
                    n.ended_at DESC,
                    CASE WHEN n.has_passed THEN 1 ELSE 0 END
            ) AS number
        FROM ran AS n
    ) AS k
    WHERE k.number = 1
),

rules AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.stream, lower(r.resource_id) AS repository, r.valid_from, r.valid_to, r.body,
        row_number() OVER (
            PARTITION BY r.tenant_id, r.connection_id, r.stream, r.resource_id ORDER BY r.valid_from
        ) AS number
    FROM raw.record AS r
    CROSS JOIN ops.clock AS c
    WHERE r.stream IN ('github.branch_protection', 'github.branch_rule') AND r.valid_from <= c.as_of
),

named_rule AS MATERIALIZED (
    SELECT u.tenant_id, u.connection_id, u.stream, u.repository, u.number, json_text(i.item) AS name
    FROM rules AS u
    CROSS JOIN LATERAL json_items(u.body->'required_status_checks'->'contexts') AS i(item)
    WHERE u.stream = 'github.branch_protection'
    UNION
    SELECT u.tenant_id, u.connection_id, u.stream, u.repository, u.number, (i.item->>'context') AS name
    FROM rules AS u
    CROSS JOIN LATERAL json_items(u.body->'required_status_checks'->'checks') AS i(item)
    WHERE u.stream = 'github.branch_protection'
    UNION
    SELECT
        u.tenant_id, u.connection_id, u.stream, u.repository, u.number,
        CASE WHEN (t.item->>'type') = 'workflows' THEN '' ELSE (i.item->>'context') END AS name
    FROM rules AS u
    CROSS JOIN LATERAL json_items(u.body->'rules') AS t(item)
    CROSS JOIN LATERAL json_items(
        CASE
            WHEN (t.item->>'type') = 'workflows' THEN t.item->'parameters'->'workflows'
            ELSE t.item->'parameters'->'required_status_checks'
        END
    ) AS i(item)
    WHERE u.stream = 'github.branch_rule' AND (t.item->>'type') IN ('required_status_checks', 'workflows')
),

held AS MATERIALIZED (
    SELECT q.tenant_id, q.connection_id, q.resource_id, q.repository, u.stream, u.number
    FROM request AS q
    JOIN rules AS u
        ON u.tenant_id = q.tenant_id AND u.connection_id = q.connection_id AND u.repository = q.repository
        AND (u.number = 1 OR u.valid_from <= q.merged_at)
        AND (u.valid_to IS NULL OR u.valid_to > q.merged_at)
),

demand AS (
    SELECT DISTINCT h.tenant_id, h.connection_id, h.resource_id, n.name
    FROM held AS h
    JOIN named_rule AS n
        ON n.tenant_id = h.tenant_id AND n.connection_id = h.connection_id AND n.stream = h.stream
        AND n.repository = h.repository AND n.number = h.number
    WHERE n.name IS NOT NULL
),

demanded AS (
    SELECT
        d.tenant_id, d.connection_id, d.resource_id,
        count(*) FILTER (WHERE d.name <> '') AS checks,
        bool_or(d.name = '') AS has_workflow,
        string_agg(d.name, ', ' ORDER BY d.name) FILTER (WHERE d.name <> '' AND e.name IS NULL) AS missing,
        string_agg(d.name, ', ' ORDER BY d.name) FILTER (WHERE NOT e.has_passed) AS failed
    FROM demand AS d
    LEFT JOIN ended AS e
        ON e.tenant_id = d.tenant_id AND e.connection_id = d.connection_id AND e.resource_id = d.resource_id
        AND e.name = d.name
    GROUP BY d.tenant_id, d.connection_id, d.resource_id
),

known AS (
    SELECT h.tenant_id, h.connection_id, h.resource_id, count(DISTINCT h.stream) AS streams
    FROM held AS h
    GROUP BY h.tenant_id, h.connection_id, h.resource_id
),

shown AS (
    SELECT n.tenant_id, n.connection_id, n.resource_id, count(*) AS checks
    FROM ran AS n
    GROUP BY n.tenant_id, n.connection_id, n.resource_id
),

closed AS (
    SELECT DISTINCT q.tenant_id, q.connection_id, q.resource_id
    FROM request AS q
    CROSS JOIN LATERAL json_items(q.head->'statusCheckRollup'->'contexts'->'nodes') AS i(item)
    WHERE (i.item->>'denied') IS NOT NULL
),

outcome AS (
    SELECT
        e.tenant_id, e.connection_id, e.resource_id,
        string_agg(e.name, ', ' ORDER BY e.name) FILTER (WHERE NOT e.has_passed) AS failed
    FROM ended AS e
    GROUP BY e.tenant_id, e.connection_id, e.resource_id
)

SELECT
    q.tenant_id, q.connection_id, q.account_id, q.scope, q.resource_id, q.observed_at, q.collected_at, q.evidence_sha256,
    q.merged_at,
    q.repository,
    q.merged_at >= c.as_of - p.github_window_days * INTERVAL '1 day'
        AND COALESCE(q.base = (b.body->>'default_branch'), TRUE)
        AND GREATEST(
            pattern_rank(q.repository, p.github_repositories_out_of_scope),
            pattern_rank(q.repository_name, p.github_repositories_out_of_scope)
        ) <= GREATEST(
            pattern_rank(q.repository, p.github_repositories_in_scope),
            pattern_rank(q.repository_name, p.github_repositories_in_scope)
        ) AS is_judged,
    COALESCE(
        q.is_merged_head AND CASE
            WHEN (q.head->>'statusCheckRollup') IS NULL THEN TRUE
            ELSE COALESCE(s.checks, 0) = as_integer(q.head->'statusCheckRollup'->'contexts'->>'totalCount')
        END,
        FALSE
    ) AS is_whole,
    x.resource_id IS NOT NULL
        OR (q.head->'statusCheckRollup'->>'denied') IS NOT NULL
        OR (q.head->'statusCheckRollup'->'contexts'->>'denied') IS NOT NULL AS is_denied,
    COALESCE(q.created_at, q.merged_at) < q.collected_at - INTERVAL '400 days' AS may_be_expired,
    COALESCE(k.streams, 0) = 2 AS has_rules,
    COALESCE(d.checks, 0) AS demanded,
    COALESCE(d.has_workflow, FALSE) AS demands_workflow,
    d.missing,
    d.failed,
    COALESCE(s.checks, 0) AS ran,
    o.failed AS ran_failed
FROM request AS q
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = q.tenant_id
LEFT JOIN demanded AS d
    ON d.tenant_id = q.tenant_id AND d.connection_id = q.connection_id AND d.resource_id = q.resource_id
LEFT JOIN known AS k
    ON k.tenant_id = q.tenant_id AND k.connection_id = q.connection_id AND k.resource_id = q.resource_id
LEFT JOIN shown AS s
    ON s.tenant_id = q.tenant_id AND s.connection_id = q.connection_id AND s.resource_id = q.resource_id
LEFT JOIN closed AS x
    ON x.tenant_id = q.tenant_id AND x.connection_id = q.connection_id AND x.resource_id = q.resource_id
LEFT JOIN outcome AS o
    ON o.tenant_id = q.tenant_id AND o.connection_id = q.connection_id AND o.resource_id = q.resource_id
LEFT JOIN raw.record_asof AS b
    ON b.stream = 'github.repository' AND b.tenant_id = q.tenant_id AND b.connection_id = q.connection_id
    AND lower(b.resource_id) = q.repository
