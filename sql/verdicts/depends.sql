-- A check that stands on another one knows nothing where the other is not PASS. The engine fills in the names in braces.

UPDATE stage_verdict AS s
SET status = 'UNKNOWN', reason = 'depends_on_unknown'
WHERE s.check_id = '{{check_id}}'
    AND s.status <> 'UNKNOWN'
    AND NOT EXISTS (
        SELECT 1
        FROM stage_verdict AS d
        WHERE d.check_id = '{{depends_on}}'
            AND d.tenant_id = s.tenant_id
            AND d.connection_id = s.connection_id
        HAVING count(*) > 0 AND count(*) = count(*) FILTER (WHERE d.status IN ('PASS', 'NOT_APPLICABLE'))
    );
