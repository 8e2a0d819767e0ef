-- The stage of one registration of expected units.

DROP TABLE IF EXISTS stage_expected;
DROP TABLE IF EXISTS stage_tenant;
DROP TABLE IF EXISTS stage_moment;

CREATE TEMPORARY TABLE stage_expected (
    tenant_id VARCHAR, connection_id VARCHAR, source VARCHAR, account_id VARCHAR, stream VARCHAR, scope VARCHAR
);
CREATE TEMPORARY TABLE stage_tenant (tenant_id VARCHAR);
CREATE TEMPORARY TABLE stage_moment (registered_at TIMESTAMPTZ);
