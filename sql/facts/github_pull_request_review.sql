/*
table: github_pull_request_review
title: Merged pull requests, with who approved what was merged
# A reviewer's last opinion before the merge counts; a comment is none. It is an approval of what was merged where it was
# given of the head that was merged, by a person who neither opened the pull request nor wrote its last commit (a merge
# that GitHub made, by whoever pressed the button "Update branch", is nobody's writing).
# Source: GitHub GraphQL, "PullRequest", "PullRequestReview"; an account that is gone has no author.
streams: [github.pull_request, github.repository]
population_streams: [github.pull_request]
required: [merged_at]
columns:
  merged_at: When it was merged
  repository: The repository, in small letters
  is_judged: Whether it was merged into the default branch in the window, in a repository that is not out of scope
  is_whole: Whether all of its reviews and the merged head were read
  approvals: How many people other than its author approved the head that was merged
  unclear: >-
    How many approvals may be of that kind: of a commit that is not shown, by somebody who may not push now, or where
    neither author nor reviewer has an account any more
  own_approvals: How many are by the author of the pull request or of its last commit
  robot_approvals: How many are by an app
  older_approvals: How many are of an earlier head
  late_approvals: How many were given after the merge
  withdrawn: How many reviewers withdrew their approval, had it dismissed, or asked for changes last
*/
WITH request AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        as_timestamp(r.body->>'mergedAt') AS merged_at,
        lower(r.body->'author'->>'login') AS author,
        lower(r.body->>'headRefOid') AS head,
        CASE
            WHEN NOT COALESCE(
                as_boolean(r.body->'commits'->'nodes'->0->'commit'->>'committedViaWeb')
                AND (r.body->'commits'->'nodes'->0->'commit'->>'messageHeadline') LIKE 'Merge branch %',
                FALSE
            ) THEN lower(r.body->'commits'->'nodes'->0->'commit'->'author'->'user'->>'login')
        END AS head_author,
        (r.body->>'baseRefName') AS base,
        as_integer(r.body->'reviews'->>'totalCount') AS declared,
        r.body->'reviews'->'nodes' AS reviews,
        lower(split_part(r.resource_id, '#', 1)) AS repository,
        split_part(lower(split_part(r.resource_id, '#', 1)), '/', 2) AS repository_name
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.pull_request'
),

review AS MATERIALIZED (
    SELECT
        q.tenant_id, q.connection_id, q.resource_id, q.author, q.head, q.head_author, q.merged_at,
        lower(i.item->'author'->>'login') AS reviewer,
        COALESCE(i.item->'author'->>'__typename', 'User') IN ('Bot', 'Mannequin')
            OR COALESCE(i.item->'author'->>'login', '') LIKE '%[bot]' AS is_robot,
        (i.item->>'state') AS state,
        as_timestamp(i.item->>'submittedAt') AS submitted_at,
        lower(i.item->'commit'->>'oid') AS oid,
        as_boolean(i.item->>'authorCanPushToRepository') AS may_push
    FROM request AS q
    CROSS JOIN LATERAL json_items(q.reviews) AS i(item)
    WHERE (i.item->>'state') IS NOT NULL
),

ranked AS (
    SELECT
        w.*,
        row_number() OVER (
            PARTITION BY w.tenant_id, w.connection_id, w.resource_id, w.reviewer
            ORDER BY w.submitted_at DESC, CASE w.state WHEN 'APPROVED' THEN 1 ELSE 0 END
        ) AS number
    FROM review AS w
    WHERE w.state IN ('APPROVED', 'CHANGES_REQUESTED', 'DISMISSED')
        AND COALESCE(w.submitted_at, w.merged_at) <= w.merged_at
),

opinion AS (
    SELECT
        k.*,
        CASE
            WHEN k.state <> 'APPROVED' THEN 'withdrawn'
            WHEN k.is_robot THEN 'robot'
            WHEN k.reviewer = k.author OR k.reviewer = k.head_author THEN 'own'
            WHEN k.oid <> k.head THEN 'older'
            WHEN k.oid IS NULL OR k.head IS NULL OR k.submitted_at IS NULL THEN 'unclear'
            WHEN k.reviewer IS NULL AND k.author IS NULL THEN 'unclear'
            WHEN NOT k.may_push THEN 'unclear'
            ELSE 'approval'
        END AS meaning
    FROM ranked AS k
    WHERE k.number = 1
),

counted AS (
    SELECT
        o.tenant_id, o.connection_id, o.resource_id,
        count(*) FILTER (WHERE o.meaning = 'approval') AS approvals,
        count(*) FILTER (WHERE o.meaning = 'unclear') AS unclear,
        count(*) FILTER (WHERE o.meaning = 'own') AS own,
        count(*) FILTER (WHERE o.meaning = 'robot') AS robot,
        count(*) FILTER (WHERE o.meaning = 'older') AS older,
        count(*) FILTER (WHERE o.meaning = 'withdrawn') AS withdrawn
    FROM opinion AS o
    GROUP BY o.tenant_id, o.connection_id, o.resource_id
),

listed AS (
    SELECT
        w.tenant_id, w.connection_id, w.resource_id, count(*) AS reviews,
        count(*) FILTER (WHERE w.state = 'APPROVED' AND w.submitted_at > w.merged_at) AS late
    FROM review AS w
    GROUP BY w.tenant_id, w.connection_id, w.resource_id
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
    q.head IS NOT NULL AND q.declared IS NOT NULL AND COALESCE(l.reviews, 0) = q.declared AS is_whole,
    COALESCE(n.approvals, 0) AS approvals,
    COALESCE(n.unclear, 0) AS unclear,
    COALESCE(n.own, 0) AS own_approvals,
    COALESCE(n.robot, 0) AS robot_approvals,
    COALESCE(n.older, 0) AS older_approvals,
    COALESCE(l.late, 0) AS late_approvals,
    COALESCE(n.withdrawn, 0) AS withdrawn
FROM request AS q
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = q.tenant_id
LEFT JOIN counted AS n
    ON n.tenant_id = q.tenant_id AND n.connection_id = q.connection_id AND n.resource_id = q.resource_id
LEFT JOIN listed AS l
    ON l.tenant_id = q.tenant_id AND l.connection_id = q.connection_id AND l.resource_id = q.resource_id
LEFT JOIN raw.record_asof AS b
    ON b.stream = 'github.repository' AND b.tenant_id = q.tenant_id AND b.connection_id = q.connection_id
    AND lower(b.resource_id) = q.repository
