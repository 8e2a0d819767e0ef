/*
table: github_dependency_alert
title: Critical and high alerts about dependencies, and the repositories that there can be alerts of
# Of the severities of the advisory and of the version that is in use, the graver counts. An alert that a rule dismissed by
# itself (auto_dismissed) was dismissed by nobody. Where alerts are off, that there is none says nothing: a repository's own
# row tells which it is, and alerts know it, too. Source: GitHub REST, "List Dependabot alerts for an organization".
streams: [github.dependabot_alert, github.repository_settings]
population_streams: [github.dependabot_alert, github.repository_settings]
required: [kind, is_known]
columns:
  kind: alert or repository
  package: What is vulnerable
  severity: critical, high, or another
  state: open, fixed, dismissed or auto_dismissed
  created_at: When GitHub found it
  closed_at: When it was fixed or dismissed
  reason: Why it was dismissed
  alerts_enabled: Whether alerts of the repository are on; NULL where that is not known
  is_judged: >-
    Whether it is critical or high, open or closed in the window, of a repository that is neither archived nor out of
    scope; or such a repository
  is_known: TRUE where an alert says all of that, else NULL
*/
WITH unread AS (
    SELECT DISTINCT e.tenant_id, e.connection_id, lower(e.resource_id) AS repository
    FROM raw.receipt_error AS e
    JOIN raw.last_receipt_asof AS l ON l.tenant_id = e.tenant_id AND l.collection_id = e.collection_id
    WHERE l.stream = 'github.repository_settings' AND e.resource_id IS NOT NULL
),

repository AS MATERIALIZED (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        lower(r.resource_id) AS name,
        COALESCE(as_boolean(r.body->>'isArchived'), FALSE) AS is_archived,
        CASE
            WHEN u.repository IS NOT NULL THEN NULL
            WHEN as_boolean(r.body->>'hasVulnerabilityAlertsEnabled') THEN TRUE
            WHEN NOT as_boolean(r.body->>'hasVulnerabilityAlertsEnabled')
                AND as_boolean(r.body->>'viewerCanAdminister')
                AND as_integer(r.body->'deployKeys'->>'totalCount') IS NOT NULL
            THEN FALSE
        END AS alerts_enabled
    FROM raw.record_asof AS r
    LEFT JOIN unread AS u
        ON u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.repository = lower(r.resource_id)
    WHERE r.stream = 'github.repository_settings'
),

alert AS (
    SELECT
        r.tenant_id, r.connection_id, r.account_id, r.scope, r.resource_id, r.observed_at, r.collected_at,
        r.evidence_sha256,
        lower(split_part(r.resource_id, '#', 1)) AS repository,
        COALESCE(
            r.body->'dependency'->'package'->>'name', r.body->'security_vulnerability'->'package'->>'name'
        ) AS package,
        CASE
            WHEN 'critical' IN (s.one, s.other) THEN 'critical'
            WHEN 'high' IN (s.one, s.other) THEN 'high'
            ELSE COALESCE(NULLIF(s.one, ''), s.other)
        END AS severity,
        (r.body->>'state') AS state,
        as_timestamp(r.body->>'created_at') AS created_at,
        CASE (r.body->>'state')
            WHEN 'fixed' THEN as_timestamp(r.body->>'fixed_at')
            WHEN 'dismissed' THEN as_timestamp(r.body->>'dismissed_at')
        END AS closed_at,
        CASE WHEN trim(r.body->>'dismissed_reason') <> '' THEN (r.body->>'dismissed_reason') END AS reason
    FROM raw.record_asof AS r
    CROSS JOIN LATERAL (
        SELECT
            COALESCE(lower(r.body->'security_vulnerability'->>'severity'), '') AS one,
            COALESCE(lower(r.body->'security_advisory'->>'severity'), '') AS other
    ) AS s
    WHERE r.stream = 'github.dependabot_alert'
)

SELECT
    a.tenant_id, a.connection_id, a.account_id, a.scope, a.resource_id, a.observed_at, a.collected_at, a.evidence_sha256,
    'alert' AS kind,
    a.package,
    a.severity,
    a.state,
    a.created_at,
    a.closed_at,
    a.reason,
    b.alerts_enabled,
    a.severity NOT IN ('medium', 'low')
        AND NOT COALESCE(b.is_archived, FALSE)
        AND COALESCE(a.closed_at >= c.as_of - p.github_window_days * INTERVAL '1 day', TRUE)
        AND GREATEST(
            pattern_rank(a.repository, p.github_repositories_out_of_scope),
            pattern_rank(split_part(a.repository, '/', 2), p.github_repositories_out_of_scope)
        ) <= GREATEST(
            pattern_rank(a.repository, p.github_repositories_in_scope),
            pattern_rank(split_part(a.repository, '/', 2), p.github_repositories_in_scope)
        ) AS is_judged,
    CASE
        WHEN a.severity IN ('critical', 'high', 'medium', 'low')
            AND a.state IN ('open', 'fixed', 'dismissed', 'auto_dismissed')
            AND a.created_at IS NOT NULL
            AND (a.closed_at IS NOT NULL OR a.state IN ('open', 'auto_dismissed'))
        THEN TRUE
    END AS is_known
FROM alert AS a
CROSS JOIN ops.clock AS c
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = a.tenant_id
LEFT JOIN repository AS b
    ON b.tenant_id = a.tenant_id AND b.connection_id = a.connection_id AND b.name = a.repository
UNION ALL
SELECT
    b.tenant_id, b.connection_id, b.account_id, b.scope, b.resource_id, b.observed_at, b.collected_at, b.evidence_sha256,
    'repository' AS kind,
    CAST(NULL AS VARCHAR) AS package,
    CAST(NULL AS VARCHAR) AS severity,
    CAST(NULL AS VARCHAR) AS state,
    CAST(NULL AS TIMESTAMPTZ) AS created_at,
    CAST(NULL AS TIMESTAMPTZ) AS closed_at,
    CAST(NULL AS VARCHAR) AS reason,
    b.alerts_enabled,
    NOT b.is_archived
        AND GREATEST(
            pattern_rank(b.name, p.github_repositories_out_of_scope),
            pattern_rank(split_part(b.name, '/', 2), p.github_repositories_out_of_scope)
        ) <= GREATEST(
            pattern_rank(b.name, p.github_repositories_in_scope),
            pattern_rank(split_part(b.name, '/', 2), p.github_repositories_in_scope)
        ) AS is_judged,
    TRUE AS is_known
FROM repository AS b
LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = b.tenant_id
