-- JSON beyond json_items, for Postgres. ../duckdb/polyfill_json.sql gives the same for DuckDB.

-- Whether the value is a JSON array; NULL where there is no value at all.
CREATE OR REPLACE FUNCTION json_is_array(value json) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT json_typeof(value) = ''array''';

-- The elements of an array, or the value itself as the only one: policy documents write a list of one as its item.
CREATE OR REPLACE FUNCTION json_list(value json) RETURNS TABLE (item json)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT e.item
    FROM json_array_elements(
        CASE json_typeof(value)
            WHEN ''array'' THEN value
            WHEN ''null'' THEN ''[]''
            ELSE CASE WHEN value IS NULL THEN ''[]'' ELSE json_build_array(value) END
        END
    ) AS e(item)
';

-- The members of an object, whatever their names hold; no row for anything else.
CREATE OR REPLACE FUNCTION json_members(value json) RETURNS TABLE (key text, item json)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT m.key, m.value
    FROM json_each(CASE WHEN json_typeof($1) = ''object'' THEN $1 ELSE ''{}'' END) AS m(key, value)
';

-- The text of a scalar element (a string without its quotes), where -> has already been taken.
CREATE OR REPLACE FUNCTION json_text(value json) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT value #>> ''{}''';

-- Whether a text is the value, or an element of it where it is an array; upper and lower case are the same. Never NULL.
CREATE OR REPLACE FUNCTION json_holds(value json, wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT wanted IS NOT NULL AND EXISTS (
        SELECT 1 FROM json_list(value) AS e(item)
        WHERE json_typeof(e.item) <> ''null'' AND lower(e.item #>> ''{}'') = lower(wanted)
            AND json_typeof(value) <> ''object''
    )
';
