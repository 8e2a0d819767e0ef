-- Make raw.unit say what is expected now. stage_expected holds every unit of the tenants in stage_tenant; the units of a
-- tenant that is not in stage_tenant (its file has a mistake) stay as they are.

UPDATE raw.unit AS u
SET valid_to = c.registered_at
FROM stage_moment AS c
WHERE u.valid_to IS NULL
    AND u.tenant_id IN (SELECT t.tenant_id FROM stage_tenant AS t)
    AND NOT EXISTS (
        SELECT 1
        FROM stage_expected AS e
        WHERE e.tenant_id = u.tenant_id AND e.connection_id = u.connection_id AND e.stream = u.stream AND e.scope = u.scope
    );

INSERT INTO raw.unit (tenant_id, connection_id, source, account_id, stream, scope, valid_from, valid_to)
SELECT e.tenant_id, e.connection_id, e.source, e.account_id, e.stream, e.scope, c.registered_at, NULL
FROM stage_expected AS e
CROSS JOIN stage_moment AS c
WHERE NOT EXISTS (
    SELECT 1
    FROM raw.unit AS u
    WHERE u.valid_to IS NULL
        AND u.tenant_id = e.tenant_id
        AND u.connection_id = e.connection_id
        AND u.stream = e.stream
        AND u.scope = e.scope
);
