/*
table: okta_log_hour
title: The hours of the window, and whether the system log of each was read
# A reading of the log leaves from when until when it is known without a gap (its cursor); it counts when its list was
# whole. The hours end with the last such reading: what comes after is judged by its age. Where no reading leaves that, the
# organisation is the one row.
streams: [okta.event]
columns:
  begins_at: The begin of the hour
  is_read: Whether one reading covers all of it; NULL where no reading says what it covers
  is_before_first: Whether it lies before everything that was ever read
*/
WITH reading AS MATERIALIZED (
    SELECT
        q.tenant_id, q.connection_id, q.account_id, q.scope, q.last_page_sha256, q.finished_at,
        as_timestamp(q.cursor->>'since') AS since,
        as_timestamp(q.cursor->>'until') AS until
    FROM raw.receipt AS q
    CROSS JOIN ops.clock AS c
    WHERE q.stream = 'okta.event'
        AND q.lists_all
        AND q.outcome IN ('complete', 'partial')
        AND q.finished_at <= c.as_of
        AND as_timestamp(q.cursor->>'since') IS NOT NULL
        AND as_timestamp(q.cursor->>'until') IS NOT NULL
),

known AS (
    SELECT
        u.tenant_id, u.connection_id, u.account_id, u.scope, max(g.finished_at) AS collected_at,
        max(g.last_page_sha256) AS evidence_sha256, min(g.since) AS first_at, max(g.until) AS last_at
    FROM raw.unit_asof AS u
    JOIN reading AS g ON g.tenant_id = u.tenant_id AND g.connection_id = u.connection_id
    WHERE u.stream = 'okta.event'
    GROUP BY u.tenant_id, u.connection_id, u.account_id, u.scope
),

-- Readings that begin before the window differ in nothing here, so that of thousands a few are left.
span AS MATERIALIZED (
    SELECT g.tenant_id, g.connection_id, g.since, max(g.until) AS until
    FROM (
        SELECT
            q.tenant_id, q.connection_id, q.until,
            GREATEST(q.since, k.last_at - p.okta_log_window_days * INTERVAL '1 day' - INTERVAL '1 hour') AS since
        FROM reading AS q
        JOIN known AS k ON k.tenant_id = q.tenant_id AND k.connection_id = q.connection_id
        LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = q.tenant_id
    ) AS g
    GROUP BY g.tenant_id, g.connection_id, g.since
),

hour AS MATERIALIZED (
    SELECT
        k.tenant_id, k.connection_id, k.account_id, k.scope, k.collected_at, k.evidence_sha256, k.first_at,
        date_trunc('hour', k.last_at) - n.number * INTERVAL '1 hour' AS begins_at,
        date_trunc('hour', k.last_at) - (n.number - 1) * INTERVAL '1 hour' AS ends_at
    FROM known AS k
    LEFT JOIN facts.tenant_policy AS p ON p.tenant_id = k.tenant_id
    JOIN generate_series(1, 2160) AS n(number) ON n.number <= p.okta_log_window_days * 24
)

SELECT
    h.tenant_id, h.connection_id, h.account_id, h.scope,
    h.account_id || '/' || substr(CAST(timezone('UTC', h.begins_at) AS VARCHAR), 1, 13) AS resource_id,
    h.begins_at AS observed_at, h.collected_at, h.evidence_sha256,
    h.begins_at,
    bool_or(g.since IS NOT NULL) AS is_read,
    h.begins_at < h.first_at AS is_before_first
FROM hour AS h
LEFT JOIN span AS g
    ON g.tenant_id = h.tenant_id
    AND g.connection_id = h.connection_id
    AND g.since <= h.begins_at
    AND g.until >= h.ends_at
GROUP BY h.tenant_id, h.connection_id, h.account_id, h.scope, h.begins_at, h.collected_at, h.evidence_sha256, h.first_at
UNION ALL
SELECT
    l.tenant_id, l.connection_id, l.account_id, l.scope, l.account_id AS resource_id,
    CAST(NULL AS TIMESTAMPTZ) AS observed_at, l.finished_at AS collected_at, l.last_page_sha256 AS evidence_sha256,
    CAST(NULL AS TIMESTAMPTZ) AS begins_at,
    CAST(NULL AS BOOLEAN) AS is_read,
    CAST(NULL AS BOOLEAN) AS is_before_first
FROM raw.last_receipt_asof AS l
WHERE l.stream = 'okta.event'
    AND l.last_page_sha256 IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM known AS k WHERE k.tenant_id = l.tenant_id AND k.connection_id = l.connection_id
    )
