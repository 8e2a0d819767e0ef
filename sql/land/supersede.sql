-- A unit's newest receipt supersedes the one before it, so that the last one as of any time is found without sorting.

UPDATE raw.receipt AS r
SET superseded_at = n.finished_at
FROM raw.receipt AS n
WHERE r.superseded_at IS NULL
    AND n.superseded_at IS NULL
    AND n.tenant_id = r.tenant_id
    AND n.connection_id = r.connection_id
    AND n.stream = r.stream
    AND n.scope = r.scope
    AND n.ledger_sequence > r.ledger_sequence;
