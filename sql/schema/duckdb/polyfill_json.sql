-- JSON beyond json_items, for DuckDB. ../postgres/polyfill_json.sql gives the same for Postgres.

-- Whether the value is a JSON array; NULL where there is no value at all.
CREATE OR REPLACE MACRO json_is_array(value) AS json_type(value) = 'ARRAY';

-- The elements of an array, or the value itself as the only one: policy documents write a list of one as its item.
CREATE OR REPLACE MACRO json_list(value) AS TABLE
    SELECT
        unnest(
            CASE
                WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]')
                WHEN json_type(value) <> 'NULL' THEN [value]
            END
        ) AS item;

-- The members of an object, whatever their names hold; no row for anything else.
CREATE OR REPLACE MACRO json_members(value) AS TABLE
    SELECT m.key, coalesce(m.item, CAST('null' AS JSON)) AS item
    FROM (
        SELECT unnest(map_keys(o.members)) AS key, unnest(map_values(o.members)) AS item
        FROM (
            SELECT from_json(CASE WHEN json_type(value) = 'OBJECT' THEN value END, '"MAP(VARCHAR, JSON)"') AS members
        ) AS o
    ) AS m;

-- The text of a scalar element (a string without its quotes), where -> has already been taken.
CREATE OR REPLACE MACRO json_text(value) AS value ->> '$';

-- Whether a text is the value, or an element of it where it is an array; upper and lower case are the same. Never NULL.
CREATE OR REPLACE MACRO json_holds(value, wanted) AS
    coalesce(
        CASE json_type(value)
            WHEN 'ARRAY' THEN list_contains(
                list_transform(from_json(value, '["VARCHAR"]'), lambda element: lower(element)), lower(wanted)
            )
            WHEN 'OBJECT' THEN FALSE
            ELSE lower(value ->> '$') = lower(wanted)
        END,
        FALSE
    );
