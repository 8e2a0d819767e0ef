-- Verdicts whose intervals overlap, stand twice, or have no length.
SELECT
    i.tenant_id || ' ' || i.check_id || ' ' || i.connection_id || ' ' || i.resource_id || ': '
    || CASE
        WHEN i.valid_to <= i.valid_from THEN 'an interval has no length, from '
        WHEN i.before_to IS NULL THEN 'two verdicts stand open, the second from '
        ELSE 'two intervals overlap, the second from '
    END || CAST(i.valid_from AS VARCHAR) AS fault
FROM (
    SELECT
        o.tenant_id, o.check_id, o.connection_id, o.resource_id, o.valid_from, o.valid_to,
        lag(o.valid_from) OVER w AS before_from,
        lag(o.valid_to) OVER w AS before_to
    FROM verdict.check_result AS o
    WINDOW w AS (
        PARTITION BY o.tenant_id, o.check_id, o.connection_id, o.resource_id ORDER BY o.valid_from, o.valid_to
    )
) AS i
WHERE i.valid_to <= i.valid_from
    OR (i.before_from IS NOT NULL AND (i.before_to IS NULL OR i.before_to > i.valid_from))
ORDER BY 1
