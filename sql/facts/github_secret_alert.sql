/*
table: github_secret_alert
title: Leaked secrets that GitHub found, and the repositories in which it may not have looked
# A repository without secret scanning or push protection is a row by its name: that it shows no leak proves nothing. So
# is one that hides whether they are on.
# Source: GitHub REST, "List secret scanning alerts for an organization": state is open or resolved.
streams: [github.secret_scanning_alert, github.repository]
population_streams: [github.secret_scanning_alert, github.repository]
columns:
  kind: alert or repository
  state: Of an alert, open or resolved
  resolution: How it was closed (revoked, false_positive, wont_fix, used_in_tests, pattern_edited, pattern_deleted)
  validity: Whether the secret still works, as far as GitHub tried it; active, inactive or unknown
  created_at: When it was found
  resolved_at: When it was closed; NULL while it is open
  is_watched: Whether secret scanning and push protection are on in its repository; NULL where that is not known
  is_judged: Whether its repository is in scope, and it is open or was closed in the time that is judged
*/
WITH repository AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_out_of_scope),
            pattern_rank(r.body->>'name', p.github_repositories_out_of_scope)
        ) > GREATEST(
            pattern_rank(r.resource_id, p.github_repositories_in_scope),
            pattern_rank(r.body->>'name', p.github_repositories_in_scope)
        ) AS is_out_of_scope,
        CASE
            WHEN (r.body->'security_and_analysis'->'secret_scanning'->>'status') = 'disabled' THEN FALSE
            WHEN (r.body->'security_and_analysis'->'secret_scanning'->>'status') = 'enabled'
                THEN CASE
                    WHEN as_boolean(r.body->>'archived') THEN TRUE
                    WHEN (r.body->'security_and_analysis'->'secret_scanning_push_protection'->>'status') = 'enabled'
                        THEN TRUE
                    WHEN (r.body->'security_and_analysis'->'secret_scanning_push_protection'->>'status') = 'disabled'
                        THEN FALSE
                END
        END AS is_watched
    FROM raw.record_asof AS r
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = r.tenant_id
    WHERE r.stream = 'github.repository'
),

alert AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        lower(split_part(r.resource_id, '#', 1)) AS repository,
        (r.body->>'state') AS state,
        (r.body->>'resolution') AS resolution,
        (r.body->>'validity') AS validity,
        as_timestamp(r.body->>'created_at') AS created_at,
        as_timestamp(r.body->>'resolved_at') AS resolved_at
    FROM raw.record_asof AS r
    WHERE r.stream = 'github.secret_scanning_alert'
)

SELECT
    a.tenant_id, a.connection_id, a.account_id, a.scope, a.resource_id, a.observed_at, a.collected_at, a.evidence_sha256,
    'alert' AS kind,
    a.state, a.resolution, a.validity, a.created_at, a.resolved_at,
    r.is_watched,
    NOT COALESCE(r.is_out_of_scope, FALSE) AND (
        a.state IS DISTINCT FROM 'resolved'
        OR a.resolved_at IS NULL
        OR a.resolved_at >= c.as_of - p.github_window_days * INTERVAL '1 day'
    ) AS is_judged
FROM alert AS a
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
LEFT JOIN repository AS r
    ON r.tenant_id = a.tenant_id AND r.connection_id = a.connection_id AND lower(r.resource_id) = a.repository
UNION ALL
SELECT
    r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at, r.evidence_sha256,
    'repository' AS kind,
    CAST(NULL AS VARCHAR) AS state, CAST(NULL AS VARCHAR) AS resolution, CAST(NULL AS VARCHAR) AS validity,
    CAST(NULL AS TIMESTAMPTZ) AS created_at, CAST(NULL AS TIMESTAMPTZ) AS resolved_at,
    r.is_watched,
    NOT COALESCE(r.is_out_of_scope, FALSE) AS is_judged
FROM repository AS r
WHERE r.is_watched IS NOT TRUE
