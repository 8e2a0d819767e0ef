"""The polyfills give the same answer on both engines, for sense and for nonsense."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.postgres import PostgresServer

Both = tuple[Warehouse, Warehouse]
TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12)
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(-(10**15), 10**15), TEXT)
JSON = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
MOMENT = st.from_regex(
    r"2[0-9]{3}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{1,9})?(Z|[+-][01][0-9]:?[0-6][0-9])",
    fullmatch=True,
)
RANGE = st.from_regex(r"[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}/[0-9]{1,2}", fullmatch=True)
RANGE6 = st.from_regex(r"([0-9a-f]{0,4}:){1,7}[0-9a-f]{0,4}/[0-9]{1,3}", fullmatch=True)
MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Both]:
    folder: Path = tmp_path_factory.mktemp("polyfills")
    with (
        postgres.fresh_database() as url,
        open_writer(f"duckdb:///{folder / 'w.duckdb'}") as duck,
        open_writer(url) as post,
    ):
        yield duck, post


def agree(both: Both, sql: str, *parameters: Any) -> None:
    """Both engines give these rows alike."""
    duck, post = (warehouse.query(sql, parameters).rows for warehouse in both)
    assert [tuple(map(_plain, row)) for row in duck] == [tuple(map(_plain, row)) for row in post]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return value.timestamp() if hasattr(value, "timestamp") else value


@MANY
@given(text=st.one_of(TEXT, MOMENT, st.sampled_from(["true", "FALSE", "now", "infinity", "-12", "1e3", "007"])))
@example(text="2026-02-29T00:00:00Z")
@example(text="2024-02-29T00:00:00Z")
@example(text="2026-04-31T00:00:00Z")
@example(text="2026-01-01T24:00:00Z")
@example(text="2026-12-31T23:59:60Z")
@example(text="2026-01-01T00:00:00.9999999Z")
@example(text="2026-01-01T00:00:00+14:59")
@example(text="2026-01-01T00:00:00-15:00")
@example(text="2026-01-01 00:00:00+0530")
@example(text="2026-01-01T00:00:00Z\n")
@example(text="12\n")
def test_readings_of_text(both: Both, text: str) -> None:
    for reading in ("as_boolean", "as_integer", "as_timestamp"):
        agree(both, f"SELECT {reading}(CAST(? AS VARCHAR))", text)


@MANY
@given(value=JSON)
def test_json(both: Both, value: Any) -> None:
    body = json.dumps({"x": value})
    inner = "(CAST(? AS JSON)->'x')"
    agree(both, f"SELECT json_is_filled({inner}), json_is_array({inner})", body, body)
    for table in ("json_items", "json_list"):
        agree(both, f"SELECT i.item FROM {table}({inner}) AS i(item)", body)
    # By value: the engines sort names of other scripts differently.
    members = f"SELECT m.item FROM json_members({inner}) AS m(key, item) ORDER BY md5(m.key)"
    agree(both, members, body)


@MANY
@given(value=JSON, wanted=st.one_of(st.sampled_from(["a", "A", "1", "true"]), TEXT))
def test_what_a_value_holds(both: Both, value: Any, wanted: str) -> None:
    agree(both, "SELECT json_holds(CAST(? AS JSON)->'x', ?)", json.dumps({"x": value}), wanted)


@MANY
@given(cidr=st.one_of(RANGE, RANGE6, TEXT))
@example(cidr="0.0.0.0/0")
@example(cidr="10.0.0.0/7")
@example(cidr="::/0")
@example(cidr="fc00::/6")
@example(cidr="2001:db8::/32")
def test_how_much_of_the_internet_a_range_admits(both: Both, cidr: str) -> None:
    agree(both, "SELECT ip_public_addresses(CAST(? AS VARCHAR))", cidr)


@MANY
@given(
    value=TEXT, patterns=st.one_of(st.lists(st.one_of(TEXT, st.sampled_from(["*", "a*", "%", "_!"])), max_size=4), TEXT)
)
def test_ranks_of_patterns(both: Both, value: str, patterns: Any) -> None:
    agree(both, "SELECT pattern_rank(CAST(? AS VARCHAR), CAST(? AS JSON))", value, json.dumps(patterns))
