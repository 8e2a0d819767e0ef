-- What facts and checks use beyond the portable subset, for Postgres 16 or later. ../duckdb/polyfill.sql gives the same
-- for DuckDB.

-- The elements of a JSON array, one row each; no row for anything that is not an array.
CREATE OR REPLACE FUNCTION json_items(value json) RETURNS TABLE (item json)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT e.item
    FROM json_array_elements(CASE WHEN json_typeof(value) = ''array'' THEN value ELSE ''[]'' END) AS e(item)
';

-- Readings of text that give NULL, never an error, for what is not of the type.
CREATE OR REPLACE FUNCTION as_boolean(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT CASE lower(value) WHEN ''true'' THEN TRUE WHEN ''false'' THEN FALSE END';

CREATE OR REPLACE FUNCTION as_integer(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT CASE WHEN value ~ ''^-?[0-9]{1,18}$'' THEN CAST(value AS bigint) END';

-- RFC 3339 with an offset, not before 2000: Postgres would take the word "now", which is for ever fresh.
CREATE OR REPLACE FUNCTION as_timestamp(value text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS '
    SELECT CASE
        WHEN value ~ ''^2[0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$''
            AND pg_input_is_valid(value, ''timestamptz'')
        THEN CAST(value AS timestamptz)
    END
';
