"""A list that is decoded part by part is the list that is decoded whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.http import parts
from kushim_pipeline.collect.http.parts import cut, members
from kushim_pipeline.evidence.json_door import BadJson, decode

TEXTS = st.text(st.sampled_from('ab"\\\\{}[],: é\x01'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**12) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "issues", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
ELEMENTS = st.builds(lambda number, rest: {"id": number, **rest}, st.integers(0, 9), st.dictionaries(TEXTS, VALUES))
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": ")])


def elements(data: bytes, key: str | None) -> tuple[dict[str, Any], list[Any]] | None:
    """The rest and the list as the parts give them; None where they have to be read as a whole."""
    found = cut(data, key)
    try:
        return (found.rest, [element for part, _ in found.parts() for element in part]) if found else None
    except BadJson:
        return None


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 20)


@given(st.lists(ELEMENTS | VALUES, max_size=6), st.dictionaries(TEXTS, VALUES, max_size=3), SEPARATORS, st.booleans())
def test_what_is_cut_is_what_was_there(
    listed: list[Any], rest: dict[str, Any], separators: tuple[str, str], last: bool
) -> None:
    whole = (
        {**rest, "issues": listed} if last else {"issues": listed, **{k: v for k, v in rest.items() if k != "issues"}}
    )
    data = json.dumps(whole, separators=separators, ensure_ascii=False).encode()
    expected = decode(data)
    listed = expected.pop("issues")
    assert elements(data, "issues") in (None, (expected, listed))
    bare = json.dumps(listed, separators=separators).encode()
    assert elements(bare, None) in (None, ({}, listed))


@pytest.mark.parametrize("space", ["", " "])
def test_a_long_list_is_cut(space: str) -> None:
    listed = [{"id": number, "about": ["}", {"id": 0}, "],"]} for number in range(9)]
    data = json.dumps({"total": 9, "issues": listed, "next": "a"}, separators=(f",{space}", f":{space}")).encode()
    found = cut(data, "issues")
    assert found is not None and len(found.borders) > 3
    assert elements(data, "issues") == ({"total": 9, "next": "a"}, listed)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":{"issues":[{"id":1}]},"issues":[2]}',  # a list of that name further in
        b'{"a":{"issues":[{"id":1}]},"issues":[{"id":2}]}',
        b'{"a":"\\"issues\\":[{\\"id\\":1}]"}',  # within a text
        b'{"issues":[{"id":1}],"issues":[{"id":2}]}',  # twice
        b'{"issues":[{"id":1}],"total":1,"total":2}',
        b'{"issues":[{"id":1}],"more":[{"id":2}]}',  # another list behind it
        b'{"issues":[{"id":1},{"id":2,"id":3},{"id":4}]}',  # an element that engines read differently
        b'{"issues":[{"id":1},{"id":2},{"id":3}],"next":',  # cut off
        b'{"issues":[{"id":1},{"id":2},,{"id":3}]}',
        b'{"issues":[{"id":1,"x":[{"id":11111111111111111},{"id":2}]}]}',  # elements within that begin alike
        b'{"issues":[]}',
        b'{"issues":[1,2]}',
        b'["issues":[{"id":1}]]',
        b"",
    ],
)
def test_a_wrong_guess_is_no_list(data: bytes) -> None:
    assert elements(data, "issues") is None


def test_elements_are_known_to_be_shown() -> None:
    found = cut(b'[{"id":"a"},{"id":"bbbbbbbbbbbb"},{"id":"\\u0063"}]', None)
    assert found is not None
    assert list(found.parts()) == [([{"id": "a"}, {"id": "bbbbbbbbbbbb"}], True), ([{"id": "c"}], False)]


@given(st.lists(ELEMENTS, min_size=1, max_size=4))
def test_members_are_what_was_there(values: list[dict[str, Any]]) -> None:
    names = [f"r{number}" for number in range(len(values))]
    data = json.dumps({"data": dict(zip(names, values, strict=True))}, separators=(",", ":"), ensure_ascii=False)
    found = members(data.encode(), "data", names)
    assert found is not None
    assert [found.value(number)[0] for number in range(len(values))] == [
        decode(json.dumps(each).encode()) for each in values
    ]


@pytest.mark.parametrize(
    "data",
    [
        b'{"data":{"r0":{"a":1},"r1":{"b":2}}',  # cut off
        b'{"data":{"r0":{"a":1},"r1":{"b":2}},"errors":[{"a":{}}]}',
        b'{"data":{"r0":{"a":1},"r1":{"b":2}},"more":{"a":{}}}',
        b'{"data":{"r0":{"a":1},"r1":null}}',
        b'{"data":{"r1":{"a":1},"r0":{"b":2}}}',
        b'{"data":{"r0":{"a":1},"r1":{"b":2},"r2":{"c":3}}}',
        b'{"data":{"r0":{"a":1},"x":1,"r1":{"b":2,"b":3}}}',
        b'{"data": {"r0":{"a":1},"r1":{"b":2}}}',
        b"",
    ],
)
def test_what_is_not_seen_to_be_these_members_is_read_whole(data: bytes) -> None:
    assert members(data, "data", ["r0", "r1"]) is None


@pytest.mark.parametrize("poison", [b'{"a":1,"a":2}', b'{"a":"\\u0000"}', b'{"a":1},"x":{}', b'{"a":[}]'])
def test_a_poisonous_member_spoils_itself_alone(poison: bytes) -> None:
    found = members(b'{"data":{"r0":{"a":1},"r1":%b,"r2":{"c":"\\u0063"}}}' % poison, "data", ["r0", "r1", "r2"])
    assert found is not None
    assert (found.value(0), found.value(2)) == (({"a": 1}, True), ({"c": "c"}, False))
    with pytest.raises(BadJson):
        found.value(1)
