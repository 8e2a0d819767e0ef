/*
table: github_repository
title: Repositories, with their visibility and whether the tenant has classified them
streams: [github.repository]
required: [name, is_public, is_archived]
columns:
  name: The name without the organisation
  visibility: public, private or internal, as GitHub says it
  is_public: Whether anybody on the internet can read it; internal repositories are not public
  is_archived: Whether it is read-only
  default_branch: The branch that changes are merged into
  classification: >-
    in or out of scope, as the tenant's policy says; unclassified when no pattern matches; contradictory when patterns
    of both lists do. The pattern * alone stands for every repository that no other pattern matches.
  secret_scanning: enabled or disabled; NULL where it is hidden from the token
  push_protection: Whether pushes with secrets are refused, in the same words
*/
WITH ranked AS (
    SELECT
        r.*,
        GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_in_scope),
            pattern_rank(r.body->>'name', p.github_repositories_in_scope)
        ) AS in_rank,
        GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
            pattern_rank(r.body->>'name', p.github_repositories_out_of_scope)
        ) AS out_rank
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'github.repository'
)

SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    (r.body->>'name') AS name,
    (r.body->>'visibility') AS visibility,
    CASE
        WHEN (r.body->>'visibility') = 'public' OR NOT as_boolean(r.body->>'private') THEN TRUE
        WHEN (r.body->>'visibility') IN ('private', 'internal') OR as_boolean(r.body->>'private') THEN FALSE
    END AS is_public,
    as_boolean(r.body->>'archived') AS is_archived,
    (r.body->>'default_branch') AS default_branch,
    CASE
        WHEN r.in_rank = 0 AND r.out_rank = 0 THEN 'unclassified'
        WHEN r.in_rank = r.out_rank THEN 'contradictory'
        WHEN r.in_rank > r.out_rank THEN 'in'
        WHEN r.in_rank < r.out_rank THEN 'out'
    END AS classification,
    (r.body->'security_and_analysis'->'secret_scanning'->>'status') AS secret_scanning,
    (r.body->'security_and_analysis'->'secret_scanning_push_protection'->>'status') AS push_protection
FROM ranked AS r
