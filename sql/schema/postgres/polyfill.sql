-- What facts and checks use beyond the portable subset, for Postgres 15 or later. ../duckdb/polyfill.sql gives the same
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

-- RFC 3339 with an offset, not before 2000: Postgres would take the word "now", which is for ever fresh. A day that its
-- month does not have would be an error, so it is asked for before the cast.
CREATE OR REPLACE FUNCTION as_timestamp(value text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS '
    SELECT CASE
        WHEN value ~ (''^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]''
            || ''([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$'')
        THEN CASE
            WHEN substr(value, 9, 2) <= ''28''
                OR CAST(substr(value, 9, 2) AS integer) <= extract(
                    day FROM make_date(CAST(substr(value, 1, 4) AS integer), CAST(substr(value, 6, 2) AS integer), 1)
                    + INTERVAL ''1 month'' - INTERVAL ''1 day''
                )
            -- What is finer than a microsecond is cut off, not rounded.
            THEN CAST(regexp_replace(value, ''([.][0-9]{6})[0-9]+'', ''\1'') AS timestamptz)
        END
    END
';
