#!/bin/bash
# Run once by the postgres image, on an empty volume: two databases and the logins that Kushim and Dagster use.
# The other roles are made by `kushim warehouse migrate` (sql/schema/postgres/before/roles.sql says what each is for).
set -euo pipefail
psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d postgres \
    -v dagster="$(cat /run/secrets/dagster_pg_password)" \
    -v migrate="$(cat /run/secrets/migrate_pg_password)" \
    -v service="$(cat /run/secrets/service_pg_password)" <<'SQL'
CREATE ROLE dagster LOGIN PASSWORD :'dagster';
CREATE DATABASE dagster OWNER dagster;
-- Makes roles and changes the schema; only the one-shot service `migrate` uses it.
CREATE ROLE kushim_migrate LOGIN CREATEROLE PASSWORD :'migrate';
CREATE DATABASE kushim OWNER kushim_migrate;
-- Owns nothing, and may do what these three roles may do.
CREATE ROLE kushim_service LOGIN PASSWORD :'service';
REVOKE CONNECT ON DATABASE dagster, kushim FROM PUBLIC;
GRANT CONNECT ON DATABASE kushim TO kushim_service;
CREATE ROLE kushim_loader NOLOGIN;
CREATE ROLE kushim_app NOLOGIN;
CREATE ROLE kushim_reader NOLOGIN;
GRANT kushim_loader, kushim_app, kushim_reader TO kushim_service;
GRANT kushim_loader, kushim_app, kushim_reader TO kushim_migrate WITH ADMIN OPTION;
SQL
