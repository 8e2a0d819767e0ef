-- The stage of one landing: what the collections brought, before it becomes versions.

DROP TABLE IF EXISTS stage_unit;
DROP TABLE IF EXISTS stage_record;
DROP TABLE IF EXISTS stage_unread;
DROP TABLE IF EXISTS stage_gone;

CREATE TEMPORARY TABLE stage_unit (
    tenant_id VARCHAR, connection_id VARCHAR, source VARCHAR, account_id VARCHAR, stream VARCHAR, scope VARCHAR,
    collected_at TIMESTAMPTZ, is_delta BOOLEAN
);
CREATE TEMPORARY TABLE stage_record (
    tenant_id VARCHAR, connection_id VARCHAR, stream VARCHAR, scope VARCHAR, resource_id VARCHAR, content_hash VARCHAR,
    body JSON, evidence_sha256 VARCHAR, observed_at TIMESTAMPTZ
);
CREATE TEMPORARY TABLE stage_unread (
    tenant_id VARCHAR, connection_id VARCHAR, stream VARCHAR, scope VARCHAR, resource_id VARCHAR
);
CREATE TEMPORARY TABLE stage_gone (
    tenant_id VARCHAR, connection_id VARCHAR, stream VARCHAR, scope VARCHAR, resource_id VARCHAR
);
