-- Indexes for Postgres; DuckDB needs none. Those of readers begin with tenant_id, as their walls do.

CREATE UNIQUE INDEX IF NOT EXISTS unit_open ON raw.unit (tenant_id, connection_id, stream, scope)
    WHERE valid_to IS NULL;
CREATE INDEX IF NOT EXISTS plan_tenant ON raw.plan (tenant_id, connection_id, planned_at);
CREATE INDEX IF NOT EXISTS receipt_unit ON raw.receipt (tenant_id, connection_id, stream, scope, finished_at);
CREATE INDEX IF NOT EXISTS receipt_last ON raw.receipt (tenant_id, connection_id, stream, scope)
    WHERE superseded_at IS NULL;
CREATE INDEX IF NOT EXISTS receipt_recent ON raw.receipt USING brin (recorded_at);
CREATE INDEX IF NOT EXISTS receipt_error_collection ON raw.receipt_error (tenant_id, collection_id);
CREATE UNIQUE INDEX IF NOT EXISTS ledger_position_tenant ON raw.ledger_position (tenant_id);
CREATE UNIQUE INDEX IF NOT EXISTS record_open ON raw.record (tenant_id, connection_id, stream, scope, resource_id)
    WHERE valid_to IS NULL;
CREATE INDEX IF NOT EXISTS record_history ON raw.record (tenant_id, stream, resource_id, valid_from);
-- A fact table reads the records of its streams, of all tenants at once.
CREATE INDEX IF NOT EXISTS record_stream ON raw.record (stream);

-- One verdict at a time for a resource and check: the index is the proof.
CREATE UNIQUE INDEX IF NOT EXISTS check_result_open
    ON verdict.check_result (tenant_id, check_id, connection_id, resource_id) INCLUDE (status) WHERE valid_to IS NULL;
CREATE INDEX IF NOT EXISTS check_result_failure ON verdict.check_result (tenant_id, check_id, connection_id)
    WHERE valid_to IS NULL AND status = 'FAIL';
CREATE INDEX IF NOT EXISTS check_result_history ON verdict.check_result (tenant_id, check_id, valid_from);
CREATE INDEX IF NOT EXISTS freshness_tenant ON verdict.freshness (tenant_id, connection_id, check_id);
CREATE INDEX IF NOT EXISTS check_status_tenant ON verdict.check_status (tenant_id, check_id);
CREATE INDEX IF NOT EXISTS daily_change_tenant ON verdict.daily_change (tenant_id, day);
CREATE INDEX IF NOT EXISTS tenant_name ON verdict.tenant (tenant_id);
CREATE INDEX IF NOT EXISTS tenant_framework_tenant ON verdict.tenant_framework (tenant_id);
CREATE INDEX IF NOT EXISTS quarantine_tenant ON facts.quarantine (tenant_id);
