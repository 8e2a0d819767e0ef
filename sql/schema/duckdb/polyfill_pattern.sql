-- Lists of patterns from a tenant's policy, for DuckDB. ../postgres/polyfill_pattern.sql gives the same for Postgres.

-- A pattern as one of LIKE with the escape !: * is any text, every other character stands for itself.
CREATE OR REPLACE MACRO like_pattern(pattern) AS
    replace(replace(replace(replace(lower(pattern), '!', '!!'), '%', '!%'), '_', '!_'), '*', '%');

-- How a text is named by a JSON list of patterns, upper and lower case being the same: 2 by a pattern of its own, 1 only
-- by the pattern * that stands for all the rest, 0 not at all; NULL without a text or without a list.
CREATE OR REPLACE MACRO pattern_rank(value, patterns) AS
    CASE
        WHEN value IS NOT NULL AND json_is_array(patterns) THEN COALESCE(
            (
                SELECT max(CASE WHEN json_text(i.item) = '*' THEN 1 ELSE 2 END)
                FROM json_items(patterns) AS i(item)
                WHERE lower(value) LIKE like_pattern(json_text(i.item)) ESCAPE '!'
            ),
            0
        )
    END;
