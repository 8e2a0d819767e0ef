-- For DuckDB; ../postgres/polyfill_filled.sql gives the same for Postgres.

-- Whether the value is a JSON array with at least one element; false for anything else, and for no value at all.
CREATE OR REPLACE MACRO json_is_filled(value) AS COALESCE(json_array_length(value) > 0, FALSE);
