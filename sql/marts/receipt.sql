/*
title: The last collection of every stream that is expected
columns:
  outcome: complete, partial, denied, failed, or not_collected where there is no receipt yet
  records: how many resources there are with it; a collection that read only what changed counts what stands, too
  declared_total: the vendor's own count of the population, where it gives one
  error: what could not be read, in words
  finished_at: when it ended; of answers that were read again, when they came
*/
CREATE OR REPLACE VIEW mart_v1.receipt AS
SELECT
    u.tenant_id,
    u.connection_id,
    u.source,
    u.stream,
    u.scope,
    coalesce(r.outcome, 'not_collected') AS outcome,
    coalesce(r.pages, 0) AS pages,
    coalesce(CASE WHEN r.base_sha256 IS NOT NULL THEN r.population END, r.records, 0) AS records,
    r.declared_total,
    r.error,
    r.started_at,
    CASE WHEN r.replay_of IS NULL THEN r.finished_at ELSE r.proven_at END AS finished_at,
    r.receipt_sha256
FROM raw.unit AS u
LEFT JOIN raw.receipt AS r
    ON r.superseded_at IS NULL
    AND r.tenant_id = u.tenant_id
    AND r.connection_id = u.connection_id
    AND r.stream = u.stream
    AND r.scope = u.scope
WHERE u.valid_to IS NULL AND u.source <> 'kushim';
