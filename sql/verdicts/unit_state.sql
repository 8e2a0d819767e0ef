-- For every expected unit at ops.clock: is its population known, and if not, why. NULL reason = the listing is whole.

INSERT INTO stage_unit_state
SELECT
    r.tenant_id,
    r.connection_id,
    r.source,
    r.account_id,
    r.stream,
    r.scope,
    r.collection_id,
    -- Kushim's own streams are the tenant files themselves: they are read by every landing.
    CASE WHEN r.source = 'kushim' THEN c.as_of ELSE coalesce(r.proven_at, r.finished_at) END AS collected_at,
    coalesce(r.last_page_sha256, r.receipt_sha256) AS evidence_sha256,
    CASE
        WHEN r.source = 'kushim' THEN NULL
        WHEN r.collection_id IS NULL THEN 'not_collected'
        WHEN r.outcome = 'denied' THEN 'denied'
        WHEN r.outcome = 'failed' THEN 'not_collected'
        WHEN r.outcome NOT IN ('complete', 'partial') THEN 'incomplete'
        ELSE e.reason
    END AS reason
FROM raw.last_receipt_asof AS r
CROSS JOIN ops.clock AS c
LEFT JOIN (
    SELECT DISTINCT ON (x.tenant_id, x.collection_id) x.tenant_id, x.collection_id, x.reason
    FROM raw.receipt_error AS x
    LEFT JOIN verdict.reason AS w ON w.reason = x.reason
    WHERE x.resource_id IS NULL
    ORDER BY x.tenant_id, x.collection_id, w.priority
) AS e ON e.tenant_id = r.tenant_id AND e.collection_id = r.collection_id;
