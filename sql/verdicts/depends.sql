-- A check that stands on another one knows nothing where the other is not PASS. The engine fills in the names in braces.
-- Where the other gave no verdict at all it is not PASS either.

UPDATE stage_verdict AS s
SET status = 'UNKNOWN', reason = 'depends_on_unknown'
WHERE s.check_id = '{{check_id}}'
    AND s.status <> 'UNKNOWN'
    AND NOT EXISTS (
        SELECT 1
        FROM (
            SELECT d.tenant_id, d.connection_id
            FROM stage_verdict AS d
            WHERE d.check_id = '{{depends_on}}'
            GROUP BY d.tenant_id, d.connection_id
            HAVING count(*) = count(*) FILTER (WHERE d.status IN ('PASS', 'NOT_APPLICABLE'))
        ) AS k
        WHERE k.tenant_id = s.tenant_id AND k.connection_id = s.connection_id
    );
