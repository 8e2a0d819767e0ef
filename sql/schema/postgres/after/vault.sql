-- The vault: encrypted secrets and wrapped data keys. Nothing here can be read without the key-encryption key, which the
-- database does not have (docs/secrets.md). Run by kushim_owner; walls.sql, which runs after this, puts the tables behind
-- row-level security and grants them to kushim_loader and, a tenant at a time, to kushim_app. kushim_pipeline/vault/table.py
-- makes the same tables in SQLite for the embedded warehouse.
CREATE SCHEMA IF NOT EXISTS vault;

-- A data key of a tenant for one purpose (secrets, evidence); the highest version seals, older ones open what they sealed.
CREATE TABLE IF NOT EXISTS vault.data_key (
    tenant_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    version INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,           -- the key-encryption key, by its id
    wrapped BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, purpose, version),
    UNIQUE (tenant_id, key_id)          -- not across tenants: an index tells who searches it whether it found
);

-- A version of a secret; only the newest has bytes. Version numbers are never used twice, also after a deletion.
CREATE TABLE IF NOT EXISTS vault.secret (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    key_id TEXT NOT NULL,               -- the data key, by its id
    sealed BYTEA,
    set_at TIMESTAMPTZ NOT NULL,
    destroyed_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, name, version)
);

-- The tenants whose keys were destroyed; renewed_at: somebody said that the tenant may have new ones.
CREATE TABLE IF NOT EXISTS vault.shredded (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    shredded_at TIMESTAMPTZ NOT NULL,
    renewed_at TIMESTAMPTZ
);

-- Destroyed bytes are dead rows until a vacuum takes them: let it come after every one.
ALTER TABLE vault.data_key SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE vault.secret SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
