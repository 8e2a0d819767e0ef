"""Taking a page apart finds the same elements as parsing it, and finds none in what is cut off."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.http.salvage import elements, is_whole

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
layouts = st.sampled_from([None, 0, 2])


@given(st.lists(values, max_size=6), layouts, st.booleans())
def test_elements_are_those_of_the_array(array: list[Any], indent: int | None, ascii_only: bool) -> None:
    data = json.dumps(array, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    parts = elements(data)
    assert parts is not None
    assert [json.loads(part.decode("utf-8", "surrogatepass")) for part in parts] == array


@given(st.lists(values, min_size=1, max_size=4), st.data())
def test_what_is_cut_off_is_not_whole(array: list[Any], data: st.DataObject) -> None:
    whole = json.dumps(array).encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert not is_whole(cut)
    assert elements(cut) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_judged_without_an_error(data: bytes) -> None:
    elements(data)
    is_whole(data)


@pytest.mark.parametrize("data", [b"", b" ", b"7", b'"[]"', b"[] []", b"[]]", b"[}", b'{"a": 1]', b'["a]', b"<html>"])
def test_not_one_whole_array_or_object(data: bytes) -> None:
    assert not is_whole(data)
    assert elements(data) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[]", []),
        (b" [ ] ", []),
        (b'[{"a": "],"}, [1, 2], "x\\"]"]', [b'{"a": "],"}', b"[1, 2]", b'"x\\"]"']),
        (b"[\xff, 1]", [b"\xff", b"1"]),
        (b"[1,]", [b"1", b""]),
    ],
)
def test_by_its_brackets_alone(data: bytes, expected: list[bytes]) -> None:
    assert elements(data) == expected


def test_an_object_is_whole_and_has_no_elements() -> None:
    assert is_whole(b'{"a": NaN}')
    assert elements(b'{"a": 1}') is None


def test_depth_costs_no_recursion() -> None:
    deep = b"[" * 1_000_000
    assert not is_whole(deep)
    assert is_whole(deep + b"]" * 1_000_000)
