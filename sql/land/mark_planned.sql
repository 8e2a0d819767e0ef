-- When a collection that expected the unit last began: a unit without a receipt since then was cut off (KSM-001).

UPDATE raw.unit AS u
SET planned_at = p.planned_at
FROM (
    SELECT tenant_id, connection_id, stream, scope, max(planned_at) AS planned_at
    FROM stage_planned
    GROUP BY tenant_id, connection_id, stream, scope
) AS p
WHERE u.valid_to IS NULL
    AND u.tenant_id = p.tenant_id
    AND u.connection_id = p.connection_id
    AND u.stream = p.stream
    AND u.scope = p.scope
    AND (u.planned_at IS NULL OR u.planned_at < p.planned_at);
