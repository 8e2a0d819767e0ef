"""What a statement of the catalogue may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.catalogue.sql_rules import broken_rules, strip, tables, words


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  -- a word\n WITH a AS (SELECT 1) SELECT * FROM a",
        "SELECT 'now() ; DROP TABLE x', \"a b\" FROM facts.a -- delete; $1 {",
        "SELECT 1 /* outer /* DELETE */ still; now() */ AS a",
        "SELECT 'it''s; DROP' AS a",
        "SELECT extract(epoch FROM (c.as_of - r.at)) FROM ops.clock AS c",
        "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM facts.a",
        "SELECT array_agg(x ORDER BY x), count(*) FILTER (WHERE a) FROM facts.a",
        "SELECT DISTINCT ON (a) a, map_public_ip, replace(b, 'x', 'y') FROM facts.a",
        "SELECT (body->'a'->>'b') FROM raw.record_asof AS r, LATERAL json_items(r.body->'x') AS i(item)",
    ],
)
def test_plain_selects_are_let_through(sql: str) -> None:
    assert list(broken_rules(sql)) == []


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE facts.a SET b = 1", "must be a SELECT"),
        ("VALUES (1)", "must be a SELECT"),
        ("SELECT 1; SELECT 2", "one statement only"),
        ("WITH x AS (DELETE FROM facts.a RETURNING *) SELECT * FROM x", "not DELETE"),
        ("SELECT * INTO b FROM facts.a", "not INTO"),
        ("SELECT 1 /* */ ; DROP TABLE a", "not DROP"),
        ("SELECT now()", "now()"),
        ("SELECT NOW ( )", "NOW()"),
        ('SELECT "now"()', "now()"),
        ("SELECT current_timestamp", "ops.clock.as_of"),
        ("SELECT age(at) FROM facts.a", "age()"),
        ("SELECT random()", "random()"),
        ("SELECT * FROM read_csv('/etc/passwd')", "reaches outside"),
        ("SELECT getenv('HOME')", "reaches outside"),
        ("SELECT pg_read_file('x')", "reaches outside"),
        ("SELECT a FROM facts.a QUALIFY row_number() OVER () = 1", "QUALIFY"),
        ("SELECT TRY_CAST(a AS INTEGER)", "as_integer"),
        ("SELECT * EXCLUDE (a) FROM facts.a", "EXCLUDE"),
        ("SELECT a, count(*) FROM facts.a GROUP BY ALL", "GROUP BY ALL"),
        ("SELECT a FROM facts.a ANTI JOIN facts.b USING (a)", "NOT EXISTS"),
        ("SELECT list_contains(a, 1) FROM facts.a", "differs between the engines"),
        ("SELECT unnest(a) FROM facts.a", "differs between the engines"),
        ("SELECT a::jsonb @> '{}' FROM facts.a", "jsonb"),
        ("SELECT a @> b FROM facts.a", "@>"),
        ("SELECT {'a': 1}", "structs"),
        ("SELECT $1", "parameters"),
        ("SELECT $$; DROP TABLE a$$", "dollar"),
        ("SELECT E'\\'; DROP TABLE a; --'", "escapes"),
        ("SELECT strftime(a, '%Y') FROM facts.a", "DuckDB only"),
    ],
)
def test_what_breaks_replay_or_an_engine_is_refused(sql: str, words: str) -> None:
    assert any(words in message for _, message in broken_rules(sql)), list(broken_rules(sql))


def test_the_line_of_a_broken_rule_counts_through_comments_and_strings() -> None:
    sql = "SELECT 'two\nlines' AS a, /* and\none more */\n  now() AS b"
    assert [line for line, _ in broken_rules(sql)] == [4]


@given(st.lists(st.sampled_from(["'", "''", '"', "--", "/*", "*/", "\n", "$$", "a", " ", ";", "e'"]), max_size=30))
def test_stripping_moves_no_line_and_no_column(parts: list[str]) -> None:
    sql = "".join(parts)
    code, _ = strip(sql)
    assert len(code) == len(sql)
    assert [at for at, char in enumerate(code) if char == "\n"] == [at for at, char in enumerate(sql) if char == "\n"]


@given(st.text(alphabet="ab'; -/*\n", max_size=20))
def test_a_quoted_text_never_reaches_the_rules(text: str) -> None:
    quoted = text.replace("'", "''")
    code, literals = strip(f"SELECT '{quoted}' AS a")
    assert literals == [text]
    assert ";" not in code
    assert not list(broken_rules(f"SELECT '{quoted}' AS a"))


def test_tables_are_found_wherever_they_are_read() -> None:
    sql = """
        WITH a AS (SELECT * FROM facts.one AS r, raw.two AS s)
        SELECT a.x, r.body, (SELECT max(q) FROM "facts"."three") FROM a JOIN ops.clock AS c ON c.as_of > a.at
        LEFT JOIN LATERAL json_items(a.x) AS i(item) ON TRUE -- FROM facts.four
    """
    assert tables(sql) == {("facts", "one"), ("raw", "two"), ("facts", "three"), ("ops", "clock")}


def test_words_are_those_of_the_code() -> None:
    assert words("SELECT A_key, 'b_key' -- c_key") == {"select", "a_key"}
