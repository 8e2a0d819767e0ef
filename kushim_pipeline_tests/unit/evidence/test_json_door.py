import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.evidence.json_door import MAX_DEPTH, BadJson, canonical, content_hash, decode

# JSON as every engine reads it alike: no NUL, no half surrogates, numbers of 64 bits.
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_was_written_is_read_back(document: object) -> None:
    assert decode(canonical(document)) == document


@given(JSON)
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(document: object) -> None:
    shuffled = json.loads(json.dumps(document), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert content_hash(shuffled) == content_hash(json.loads(json.dumps(document)))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except BadJson:
        pass


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"public": true, "public": false}', "twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "range"),
        (b'{"a": "x\\u0000y"}', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'["\\udfff\\ud800"]', "surrogate"),
        (b"[" * 65 + b"]" * 65, "deeper"),
        (b"[" * 1_000_000, "deeper"),
        (b'{"a": 1' + b"0" * 64 + b"}", "number"),
        (b'{"a": 0.' + b"1" * 64 + b"}", "number"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"<html></html>", "not JSON"),
        (b'{"a": [1, 2', "not JSON"),
        (b"", "not JSON"),
    ],
)
def test_what_engines_read_differently_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadJson, match=said):
        decode(data)


def test_what_is_only_close_to_the_limits_is_read() -> None:
    assert decode(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert decode(b'"' + b"[{" * 100 + b'"') == "[{" * 100
    assert decode(b'"\\\\\\"[[' + b"[" * 70 + b'"') == '\\"[[' + "[" * 70
    assert decode(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    assert decode(b'"\\\\u0000"') == "\\u0000"


def test_a_number_beyond_64_bits_is_the_same_for_every_engine() -> None:
    assert decode(b"[18446744073709551616]") == [18446744073709551616.0]
    assert decode(canonical(decode(b"[18446744073709551616]"))) == [18446744073709551616.0]


def test_the_refusal_does_not_repeat_the_bytes() -> None:
    with pytest.raises(BadJson) as refused:
        decode(b'{"token": "hunter2-secret", "token": "x"')
    assert "hunter2" not in str(refused.value)
