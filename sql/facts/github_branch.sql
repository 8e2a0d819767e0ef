/*
table: github_branch
title: Default branches, with what classic protection and rulesets together demand
# GitHub applies every rule that reaches a branch and the stricter one wins, so a demand holds when either side makes
# it. What exempts somebody counts on either side, too.
# The rules of a branch are the active ones: GitHub leaves out rulesets in evaluation or switched off.
# A column is NULL where what was read does not say it.
streams: [github.repository, github.branch_protection, github.branch_rule, github.ruleset]
required: [branch, is_archived]
columns:
  branch: The name of the default branch
  is_archived: Whether the repository is read-only
  is_out_of_scope: Whether the tenant's policy puts the repository out of scope, and nothing puts it in
  is_protected: Whether classic protection or a ruleset demands anything that guards the branch
  required_reviews: Approvals that a change needs before it is merged
  dismisses_stale_reviews: Whether a new commit withdraws the approvals given before
  requires_status_checks: Whether at least one named status check or workflow must pass before a change is merged
  blocks_force_pushes: Whether the branch's history cannot be rewritten
  blocks_deletion: Whether the branch cannot be deleted
  exempts_admins: Whether classic protection guards the branch and leaves administrators out
  exempts_others: Whether classic protection lets named people, teams or apps merge without a pull request
  ruleset_exempts: Whether a ruleset that guards the branch names somebody who may bypass it
  ruleset_bypass_hidden: Whether a ruleset that guards the branch does not show who may bypass it
*/
WITH rule AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id,
        (i.item->>'type') AS type,
        (i.item->>'type') = 'pull_request' AS is_review,
        (i.item->>'type') IN (
            'pull_request', 'required_status_checks', 'workflows', 'merge_queue', 'update', 'non_fast_forward',
            'deletion'
        ) AS guards,
        as_integer(i.item->'parameters'->>'required_approving_review_count') AS reviews,
        as_boolean(i.item->'parameters'->>'dismiss_stale_reviews_on_push') AS dismisses,
        json_is_filled(i.item->'parameters'->'required_status_checks')
            OR json_is_filled(i.item->'parameters'->'workflows') AS checks,
        lower((i.item->>'ruleset_source') || '#' || (i.item->>'ruleset_id')) AS ruleset
    FROM raw.record_asof AS r, LATERAL json_items(r.body->'rules') AS i(item)
    WHERE r.stream = 'github.branch_rule'
),

demanded AS (
    SELECT
        u.tenant_id, u.connection_id, u.resource_id,
        bool_or(u.guards) AS guards,
        CASE
            WHEN max(u.reviews) FILTER (WHERE u.is_review) >= 1 THEN max(u.reviews) FILTER (WHERE u.is_review)
            WHEN bool_or(u.is_review AND u.reviews IS NULL) THEN NULL
            ELSE 0
        END AS reviews,
        CASE WHEN bool_or(u.is_review) THEN bool_or(u.dismisses) FILTER (WHERE u.is_review) ELSE FALSE END AS dismisses,
        bool_or(u.checks AND u.type IN ('required_status_checks', 'workflows')) AS checks,
        bool_or(u.type = 'non_fast_forward') AS blocks_force_pushes,
        bool_or(u.type = 'deletion') AS blocks_deletion,
        bool_or(u.guards AND json_is_filled(s.body->'bypass_actors')) AS exempts,
        bool_or(u.guards AND NOT COALESCE(json_is_array(s.body->'bypass_actors'), FALSE)) AS hides
    FROM rule AS u
    LEFT JOIN raw.record_asof AS s
        ON s.stream = 'github.ruleset'
        AND s.tenant_id = u.tenant_id
        AND s.connection_id = u.connection_id
        AND lower(s.resource_id) = u.ruleset
    GROUP BY u.tenant_id, u.connection_id, u.resource_id
),

-- What rulesets demand. A branch that no rule reaches has a record with an empty list, and then nothing is demanded.
rules AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id, r.evidence_sha256,
        COALESCE(d.guards, FALSE) AS guards,
        CASE WHEN d.resource_id IS NULL THEN 0 ELSE d.reviews END AS reviews,
        CASE WHEN d.resource_id IS NULL THEN FALSE ELSE d.dismisses END AS dismisses,
        COALESCE(d.checks, FALSE) AS checks,
        COALESCE(d.blocks_force_pushes, FALSE) AS blocks_force_pushes,
        COALESCE(d.blocks_deletion, FALSE) AS blocks_deletion,
        COALESCE(d.exempts, FALSE) AS exempts,
        COALESCE(d.hides, FALSE) AS hides
    FROM raw.record_asof AS r
    LEFT JOIN demanded AS d
        ON d.tenant_id = r.tenant_id AND d.connection_id = r.connection_id AND d.resource_id = r.resource_id
    WHERE r.stream = 'github.branch_rule' AND json_is_array(r.body->'rules')
),

-- What classic protection demands. GitHub leaves out what is not demanded, so a missing demand is none; every real
-- answer says whether administrators are bound, so a body without that is not understood and gives no row.
classic AS (
    SELECT
        r.tenant_id, r.connection_id, r.resource_id, r.evidence_sha256, FALSE AS is_there, FALSE AS has_reviews,
        CAST(0 AS BIGINT) AS reviews, FALSE AS dismisses, FALSE AS checks, FALSE AS blocks_force_pushes,
        FALSE AS blocks_deletion, FALSE AS is_closed, FALSE AS leaves_admins_out, FALSE AS exempts_others
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.branch_protection' AND as_boolean(r.body->>'absent')
    UNION ALL
    SELECT
        r.tenant_id, r.connection_id, r.resource_id, r.evidence_sha256, TRUE AS is_there,
        (r.body->>'required_pull_request_reviews') IS NOT NULL AS has_reviews,
        CASE
            WHEN (r.body->>'required_pull_request_reviews') IS NULL THEN 0
            ELSE as_integer(r.body->'required_pull_request_reviews'->>'required_approving_review_count')
        END AS reviews,
        CASE
            WHEN (r.body->>'required_pull_request_reviews') IS NULL THEN FALSE
            ELSE as_boolean(r.body->'required_pull_request_reviews'->>'dismiss_stale_reviews')
        END AS dismisses,
        json_is_filled(r.body->'required_status_checks'->'contexts')
            OR json_is_filled(r.body->'required_status_checks'->'checks') AS checks,
        NOT as_boolean(r.body->'allow_force_pushes'->>'enabled') AS blocks_force_pushes,
        NOT as_boolean(r.body->'allow_deletions'->>'enabled') AS blocks_deletion,
        COALESCE(as_boolean(r.body->'lock_branch'->>'enabled'), FALSE)
            OR (r.body->>'restrictions') IS NOT NULL AS is_closed,
        NOT as_boolean(r.body->'enforce_admins'->>'enabled') AS leaves_admins_out,
        json_is_filled(r.body->'required_pull_request_reviews'->'bypass_pull_request_allowances'->'users')
            OR json_is_filled(r.body->'required_pull_request_reviews'->'bypass_pull_request_allowances'->'teams')
            OR json_is_filled(r.body->'required_pull_request_reviews'->'bypass_pull_request_allowances'->'apps')
            AS exempts_others
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.branch_protection'
        AND (r.body->>'absent') IS NULL
        AND as_boolean(r.body->'enforce_admins'->>'enabled') IS NOT NULL
),

guarded AS (
    SELECT
        c.*,
        c.has_reviews OR c.checks OR c.is_closed OR c.blocks_force_pushes OR c.blocks_deletion AS guards
    FROM classic AS c
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
    COALESCE(
        CASE WHEN c.is_there THEN c.evidence_sha256 END, u.evidence_sha256, c.evidence_sha256, r.evidence_sha256
    ) AS evidence_sha256,
    (r.body->>'default_branch') AS branch,
    as_boolean(r.body->>'archived') AS is_archived,
    GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
        pattern_rank(r.body->>'name', p.github_repositories_out_of_scope)
    ) > GREATEST(
        pattern_rank(r.resource_id, p.github_repositories_in_scope),
        pattern_rank(r.body->>'name', p.github_repositories_in_scope)
    ) AS is_out_of_scope,
    c.guards OR u.guards AS is_protected,
    CASE
        WHEN GREATEST(c.reviews, u.reviews) >= 1 THEN GREATEST(c.reviews, u.reviews)
        WHEN c.reviews = 0 AND u.reviews = 0 THEN 0
    END AS required_reviews,
    c.dismisses OR u.dismisses AS dismisses_stale_reviews,
    c.checks OR u.checks AS requires_status_checks,
    c.blocks_force_pushes OR u.blocks_force_pushes AS blocks_force_pushes,
    c.blocks_deletion OR u.blocks_deletion AS blocks_deletion,
    c.guards AND c.leaves_admins_out AS exempts_admins,
    c.guards AND c.exempts_others AS exempts_others,
    u.exempts AS ruleset_exempts,
    u.hides AS ruleset_bypass_hidden
FROM raw.record_asof AS r
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
LEFT JOIN guarded AS c
    ON c.tenant_id = r.tenant_id AND c.connection_id = r.connection_id AND c.resource_id = r.resource_id
LEFT JOIN rules AS u
    ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.resource_id = r.resource_id
WHERE r.stream = 'github.repository'
