"""What the SQL of facts and checks may not hold: more than one SELECT, clocks, chance, files, and one engine's dialect.

The same text runs on DuckDB and Postgres, is replayed years later, and may come from a user. These rules are a lint for
people, not a sandbox: the warehouse opens its connections without access to files and the network besides.
"""

import re
from collections.abc import Iterator

_PIECE = re.compile(
    r"(?P<string>'(?:[^']|'')*')|(?P<name>\"(?:[^\"]|\"\")*\")|(?P<line>--[^\n]*)|(?P<open>/\*)|(?P<dollar>\$\w*\$)"
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")

_STATEMENTS = (
    "insert|update|delete|merge|create|drop|alter|truncate|grant|revoke|copy|attach|detach|install|load|pragma|set|reset|call"
    "|execute|prepare|deallocate|vacuum|checkpoint|export|import|into|begin|commit|rollback|listen|notify|lock|do|use"
)
_CLOCKS = (
    "now|today|age|clock_timestamp|transaction_timestamp|statement_timestamp|get_current_timestamp|get_current_time"
    "|random|setseed|uuid|gen_random_uuid|nextval|currval"
)
_FILES = r"read_\w+|glob|getenv|dblink\w*|lo_\w+|pg_\w+|query|query_table|parquet_\w+|sniff_csv|duckdb_\w+"

_SCHEMAS = {"facts", "raw", "ops", "catalogue", "verdict", "information_schema", "pg_catalog", "main", "public"}
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), message)
    for pattern, message in (
        (rf"\b({_STATEMENTS})\b", "only a SELECT may stand here, not {0}"),
        (
            r"\b(current_timestamp|current_date|current_time|localtime|localtimestamp)\b",
            "{0} breaks replay: read the time from ops.clock.as_of",
        ),
        (
            rf"\b({_CLOCKS})\s*\(",
            "{0}() gives another answer on replay: time comes from ops.clock.as_of, chance not at all",
        ),
        (rf"\b({_FILES})\s*\(", "{0}() reaches outside the warehouse"),
        (r"\b(qualify)\b", "{0} is DuckDB only: number the rows in a subquery and filter it"),
        (
            r"\b(try_cast)\b",
            "{0} is DuckDB only: as_integer(text), as_boolean(text) and as_timestamp(text) give NULL instead",
        ),
        (r"\b(exclude)\b", "{0} is DuckDB only: name the columns"),
        (r"\b((?:group|order)\s+by\s+all)\b", "{0} is DuckDB only: name the columns"),
        (r"\b((?:anti|semi|asof|positional)\s+join)\b", "{0} is DuckDB only: write EXISTS or NOT EXISTS"),
        (r"\b(pivot|unpivot|summarize|describe)\b", "{0} is DuckDB only"),
        (
            r"\b(list_\w+|array_(?!agg)\w+|struct_\w+|map_\w+|json_extract\w*|json_each|json_tree|unnest)\s*\(",
            "{0}() differs between the engines: use ->, ->> and json_items(json)",
        ),
        (
            r"\b(jsonb\w*)\b",
            "{0} differs between the engines: use ->, ->> and json_items(json)",
        ),
        (
            r"\b(strftime|strptime|epoch|epoch_ms|date_diff|datediff|ifnull|len|regexp_matches|try_strptime|if)\s*\(",
            "{0}() is DuckDB only",
        ),
        (r"(@>|<@|\?\||\?&|#>>?|//|\*\*)", "the operator {0} differs between the engines"),
        (r"(\{)", "structs are DuckDB only"),
        (r"\b(e')", "a string with escapes hides its end: write a plain '…'"),
        (r"(\$)", "dollar quotes and parameters may not stand here"),
    )
)


def strip(sql: str) -> tuple[str, list[str]]:
    """The statement with strings and comments blanked (its lines stay where they are), and the strings' contents.

    Quoted names lose their quotes alone, since "now"() is a call too. A string that opens with an `E` keeps that prefix
    and its first quote, so that a rule can refuse it.
    """
    out: list[str] = []
    literals: list[str] = []
    at = 0
    while (piece := _PIECE.search(sql, at)) is not None:
        out.append(sql[at : piece.start()])
        at = piece.end()
        if piece["open"]:
            at = _end_of_comment(sql, at)
            out.append(_blank(sql[piece.start() : at]))
        elif piece["string"]:
            literals.append(piece["string"][1:-1].replace("''", "'"))
            out.append("'" + _blank(piece["string"][1:-1]) + "'")
        elif piece["dollar"]:
            out.append(piece["dollar"])
        elif piece["name"]:
            out.append(f" {piece['name'][1:-1]} ")
        else:
            out.append(_blank(piece["line"]))
    out.append(sql[at:])
    return "".join(out), literals


def broken_rules(sql: str) -> Iterator[tuple[int, str]]:
    """Each broken rule of a statement as (line within the statement, from 1; what is wrong and what to write)."""
    code, _ = strip(sql)
    if not re.match(r"\s*(select|with)\b", code, re.IGNORECASE):
        yield 1, "the statement must be a SELECT (or WITH … SELECT)"
    if ";" in code:
        yield _line(code, code.index(";")), "one statement only: a ; ends it and nothing may follow"
    for pattern, message in _RULES:
        for match in pattern.finditer(code):
            yield _line(code, match.start(1)), message.format(match[1])


def tables(sql: str) -> set[tuple[str, str]]:
    """The (schema, table) pairs that the statement names, wherever they stand."""
    return {
        (match[1].lower(), match[2].lower())
        for match in re.finditer(r"\b(\w+)\s*\.\s*(\w+)\b(?!\s*\()", strip(sql)[0])
        if match[1].lower() in _SCHEMAS or match[1].lower().startswith(("mart", "duckdb", "pg_"))
    }


def words(sql: str) -> set[str]:
    """Every bare word of the statement, in lower case: columns, tables, functions, keywords."""
    return set(re.findall(r"\w+", strip(sql)[0].lower()))


def _end_of_comment(sql: str, at: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, at)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at if depth == 0 else len(sql)


def _blank(text: str) -> str:
    return "".join("\n" if char == "\n" else " " for char in text)


def _line(code: str, at: int) -> int:
    return code.count("\n", 0, at) + 1
