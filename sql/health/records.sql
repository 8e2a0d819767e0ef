-- Records of which two versions overlap, stand open at once, or have no length.
SELECT
    i.tenant_id || ' ' || i.connection_id || ' ' || i.stream || ' ' || i.scope || ' ' || i.resource_id || ': '
    || CASE
        WHEN i.valid_to <= i.valid_from THEN 'a version has no length, from '
        WHEN i.before_to IS NULL THEN 'two versions stand open, the second from '
        ELSE 'two versions overlap, the second from '
    END || CAST(i.valid_from AS VARCHAR) AS fault
FROM (
    SELECT
        r.tenant_id, r.connection_id, r.stream, r.scope, r.resource_id, r.valid_from, r.valid_to,
        lag(r.valid_from) OVER w AS before_from,
        lag(r.valid_to) OVER w AS before_to
    FROM raw.record AS r
    WINDOW w AS (
        PARTITION BY r.tenant_id, r.connection_id, r.stream, r.scope, r.resource_id ORDER BY r.valid_from, r.valid_to
    )
) AS i
WHERE i.valid_to <= i.valid_from
    OR (i.before_from IS NOT NULL AND (i.before_to IS NULL OR i.before_to > i.valid_from))
ORDER BY 1
