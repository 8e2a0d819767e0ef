-- Lists of patterns from a tenant's policy, for Postgres. ../duckdb/polyfill_pattern.sql gives the same for DuckDB.

-- A pattern as one of LIKE with the escape !: * is any text, every other character stands for itself.
CREATE OR REPLACE FUNCTION like_pattern(pattern text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT replace(replace(replace(replace(lower(pattern), ''!'', ''!!''), ''%'', ''!%''), ''_'', ''!_''), ''*'', ''%'')
';

-- How a text is named by a JSON list of patterns, upper and lower case being the same: 2 by a pattern of its own, 1 only
-- by the pattern * that stands for all the rest, 0 not at all; NULL without a text or without a list.
CREATE OR REPLACE FUNCTION pattern_rank(value text, patterns json) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT CASE
        WHEN value IS NOT NULL AND json_typeof(patterns) = ''array'' THEN COALESCE(
            (
                SELECT max(CASE WHEN i.item #>> ''{}'' = ''*'' THEN 1 ELSE 2 END)
                FROM json_items(patterns) AS i(item)
                WHERE lower(value) LIKE like_pattern(i.item #>> ''{}'') ESCAPE ''!''
            ),
            0
        )
    END
';
