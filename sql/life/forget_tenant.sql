-- The statements that delete a tenant: one for every table that names one, whatever facts there are. `?` is the tenant.
-- What stays: raw.ledger_position (how far a ledger was landed: two numbers, without which it would be read again), keys
-- and grants (the vault and access control forget by themselves), and whatever names no tenant.
SELECT 'DELETE FROM "' || c.table_schema || '"."' || c.table_name || '" WHERE tenant_id = ?' AS statement
FROM information_schema.columns AS c
INNER JOIN information_schema.tables AS t
    ON t.table_catalog = c.table_catalog AND t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.column_name = 'tenant_id'
    AND t.table_type = 'BASE TABLE'
    AND c.table_schema NOT IN ('ops', 'vault', 'access', 'pg_catalog', 'information_schema')
    AND NOT (c.table_schema = 'raw' AND c.table_name = 'ledger_position')
ORDER BY 1
