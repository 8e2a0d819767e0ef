/*
table: kushim_unit
title: What is expected to be collected, with the last receipt of each
# Every expected unit is a row, so a collection that never ran cannot hide. The rows come from Kushim's own
# book-keeping as it stood at the time judged, and are filed under the tenant's own connection kushim:<tenant>.
streams: [kushim.tenant]
columns:
  unit_connection_id: The connection that the unit belongs to
  stream: The stream to be read
  unit_scope: The region, or global
  planned_at: When a collection that expected the unit last began; NULL when none ever did
  outcome: How the last collection of the unit ended; NULL when there is none
  finished_at: When it ended
  records: How many records it brought
  resources_unread: How many resources it saw and could not read
  declared_total: The source's own count of the population; NULL where the source gives none
  is_reconciled: Whether what was read, with what was seen and could not be read, agrees with that count
  evidence_at: When the last collection ended that brought any evidence (complete or partial)
  age_hours: The age of that evidence, in hours
*/
WITH brought AS (
    SELECT q.tenant_id, q.connection_id, q.stream, q.scope, max(q.finished_at) AS evidence_at
    FROM raw.receipt AS q
    CROSS JOIN ops.clock AS c
    WHERE q.finished_at <= c.as_of AND q.outcome IN ('complete', 'partial') AND q.replay_of IS NULL
    GROUP BY q.tenant_id, q.connection_id, q.stream, q.scope
),

error AS (
    SELECT
        x.tenant_id, x.collection_id,
        count(DISTINCT x.resource_id) AS resources,
        bool_or(x.resource_id IS NULL AND x.operation = 'reconcile') AS differs
    FROM raw.receipt_error AS x
    GROUP BY x.tenant_id, x.collection_id
)

SELECT
    e.tenant_id,
    'kushim:' || e.tenant_id AS connection_id,
    e.tenant_id AS account_id,
    'global' AS scope,
    e.connection_id || '/' || e.stream || '@' || e.scope AS resource_id,
    e.finished_at AS observed_at,
    e.finished_at AS collected_at,
    e.receipt_sha256 AS evidence_sha256,
    e.connection_id AS unit_connection_id,
    e.stream,
    e.scope AS unit_scope,
    e.planned_at,
    e.outcome,
    e.finished_at,
    COALESCE(e.population - COALESCE(x.resources, 0), e.records) AS records,
    CASE WHEN e.outcome IS NOT NULL THEN COALESCE(x.resources, 0) END AS resources_unread,
    e.declared_total,
    CASE
        WHEN e.declared_total IS NOT NULL THEN
            NOT COALESCE(x.differs, FALSE)
            AND e.declared_total BETWEEN COALESCE(e.population - COALESCE(x.resources, 0), e.records)
                AND COALESCE(e.population, e.records + COALESCE(x.resources, 0))
    END AS is_reconciled,
    b.evidence_at,
    extract(epoch FROM (c.as_of - b.evidence_at)) / 3600.0 AS age_hours
FROM raw.last_receipt_asof AS e
CROSS JOIN ops.clock AS c
LEFT JOIN brought AS b
    ON b.tenant_id = e.tenant_id AND b.connection_id = e.connection_id AND b.stream = e.stream AND b.scope = e.scope
LEFT JOIN error AS x ON x.tenant_id = e.tenant_id AND x.collection_id = e.collection_id
WHERE e.source <> 'kushim'
