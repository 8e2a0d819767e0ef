-- For Postgres; ../duckdb/polyfill_filled.sql gives the same for DuckDB.

-- Whether the value is a JSON array with at least one element; false for anything else, and for no value at all.
CREATE OR REPLACE FUNCTION json_is_filled(value json) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT CASE WHEN json_typeof(value) = ''array'' THEN json_array_length(value) > 0 ELSE FALSE END';
