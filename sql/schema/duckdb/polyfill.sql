-- What facts and checks use beyond the portable subset, for DuckDB. ../postgres/polyfill.sql gives the same for Postgres.

-- The elements of a JSON array, one row each; no row for anything that is not an array.
CREATE OR REPLACE MACRO json_items(value) AS TABLE
    SELECT unnest(CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') END) AS item;

-- Readings of text that give NULL, never an error, for what is not of the type.
CREATE OR REPLACE MACRO as_boolean(value) AS
    CASE WHEN lower(value) = 'true' THEN TRUE WHEN lower(value) = 'false' THEN FALSE END;

CREATE OR REPLACE MACRO as_integer(value) AS
    CASE WHEN regexp_full_match(value, '-?[0-9]{1,18}') THEN try_cast(value AS BIGINT) END;

-- RFC 3339 with an offset, not before 2000: Postgres would take the word "now", which is for ever fresh. What is finer
-- than a microsecond is cut off.
CREATE OR REPLACE MACRO as_timestamp(value) AS
    CASE
        WHEN regexp_full_match(
            value,
            '2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]'
            || '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])'
        ) THEN try_cast(value AS TIMESTAMPTZ)
    END;
