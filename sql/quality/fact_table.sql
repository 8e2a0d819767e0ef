-- One fact table, counted: a column for each way in which its rows may be wrong. Filled in for every table and put
-- together by UNION ALL, so that one statement looks at all of them.

SELECT
    '{{table}}' AS subject,
    count(*) AS looked_at,
    count(*) FILTER (WHERE coalesce(f.tenant_id, '') = '') AS no_tenant,
    count(*) FILTER (WHERE coalesce(f.connection_id, '') = '') AS no_connection,
    count(*) FILTER (WHERE coalesce(f.account_id, '') = '') AS no_account,
    count(*) FILTER (WHERE coalesce(f.scope, '') = '') AS no_scope,
    count(*) FILTER (WHERE coalesce(f.resource_id, '') = '') AS no_resource,
    count(*) FILTER (WHERE {{vendor}} AND f.collected_at IS NULL) AS no_collected_at,
    count(*) FILTER (WHERE {{vendor}} AND coalesce(f.evidence_sha256, '') = '') AS no_evidence,
    coalesce((
        SELECT sum(k.shared)
        FROM (
            SELECT count(*) AS shared
            FROM facts.{{table}} AS g
            GROUP BY g.tenant_id, g.connection_id, g.resource_id
            HAVING count(*) > 1
        ) AS k
    ), 0) AS repeated_key,
    count(*) FILTER (WHERE f.tenant_id IS NOT NULL AND f.connection_id IS NOT NULL AND u.tenant_id IS NULL) AS stranger,
    count(*) FILTER (
        WHERE f.collected_at > c.as_of OR f.collected_at < CAST('2020-01-01 00:00:00+00' AS TIMESTAMPTZ)
    ) AS impossible_time,
    abs(
        count(*) FILTER (WHERE f.unreadable IS NOT NULL)
        - (SELECT count(*) FROM facts.quarantine AS q WHERE q.fact_table = '{{table}}')
    ) AS unlisted_quarantine,
    count(*) FILTER (WHERE f.observed_at > c.as_of + INTERVAL '2 days') AS observed_in_future
FROM facts.{{table}} AS f
CROSS JOIN ops.clock AS c
LEFT JOIN (SELECT DISTINCT e.tenant_id, e.connection_id FROM raw.unit_asof AS e) AS u
    ON u.tenant_id = f.tenant_id AND u.connection_id = f.connection_id
