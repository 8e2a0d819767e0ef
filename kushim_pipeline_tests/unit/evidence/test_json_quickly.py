"""The quick way through the door lets through what the slow one does, and reads the same."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kushim_pipeline.evidence import json_door
from kushim_pipeline.evidence.json_door import LARGE, MAX_DEPTH, BadJson, decode

# Pieces that make trouble: keys in two spellings, quotes and brackets within strings, numbers at every limit.
STRINGS = st.sampled_from(
    ('"a"', '"b"', '"\\u0061"', '""', '"\\""', '"\\\\"', '"\\\\\\""', '"[{:"', '"}]"', '"a:b"',)
    + ('"\\u003a"', '"\\u003A:"')
    + ('"\\u0000"', '"\\\\u0000"', '"ü"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\/"', '"\t"', '"' + "1" * 70 + '"')
)  # fmt: skip
NUMBERS = st.sampled_from(
    ("0", "-0", "-0.0", "1", "1.0", "1E2", "1e400", "1e-400", "01", "18446744073709551615", "18446744073709551616")
    + ("-9223372036854775809", "1" * 64, "1" * 65, "-1." + "0" * 61, "-1." + "0" * 62, "0.1e1", "NaN", "-Infinity")
)
SPACE = st.sampled_from(("", "", " ", "\n\t", "\x0c"))
VALUES = st.recursive(
    STRINGS | NUMBERS | st.sampled_from(("true", "null", "nul", "[]", "{}", "[" * 63 + "]" * 63, "[{}" * 9)),
    lambda inner: (
        st.tuples(SPACE, st.lists(inner, max_size=4)).map(lambda made: f"[{made[0]}{','.join(made[1])}]")
        | st.tuples(SPACE, st.lists(st.tuples(STRINGS, inner), max_size=4), SPACE).map(
            lambda made: f"{{{made[0]}{','.join(f'{key}:{made[2]}{value}' for key, value in made[1])}}}"
        )
    ),
    max_leaves=25,
)


def read(data: bytes, how: object) -> str:
    try:
        return repr(how(data))  # type: ignore[operator] # repr: 1 is not 1.0, 0.0 not -0.0
    except BadJson as error:
        return f"refused: {error}"


@settings(max_examples=300)
@given(VALUES)
@example('{"a":1,"\\u0061":2}')
@example('{"a":{"b":1,"b":1}}')
@example('["x","a:b",{"a":"\\":","b":":\\""}]')
@example('{"a":1,"a":"\\u003a\\u003A"}')
@example('{"a\\u003a":1,"a:":1}')
@example('[ "\\u003a", {"a":1, "b":2, "a":3} ]')
def test_documents_are_read_as_ever(text: str) -> None:
    assert read(text.encode(), decode) == read(text.encode(), json_door._decode_slowly)


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text('"\\u0{}[]:,a1', max_size=40).map(str.encode))
def test_bytes_are_refused_as_ever(data: bytes) -> None:
    assert read(data, decode) == read(data, json_door._decode_slowly)


@pytest.mark.parametrize(
    "beside", ["", '"' + "x" * LARGE + '",', "[],{}," * (LARGE // 6)], ids=["alone", "long", "many"]
)
@pytest.mark.parametrize("inmost", ['"]]}"', "[]", "{}", "[[],{}]", '{"b":{}}'])
@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('[0,{"a" :', "},1]")])
def test_depth_has_the_same_limit(opening: str, closing: str, inmost: str, beside: str) -> None:
    levels = 1 + opening.startswith("[{") + opening.startswith("[0")
    refused = set()
    for times in range((MAX_DEPTH - 5) // levels, (MAX_DEPTH + 3) // levels):
        data = f"[{beside}{opening * times}{inmost}{closing * times}]".encode()
        assert read(data, decode) == (found := read(data, json_door._decode_slowly))
        refused.add(found.startswith("refused"))
    assert refused == {True, False}


@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("number", ["1" * 64, "1" * 65, "-1." + "0" * 61, "-1." + "0" * 62, "1e" + "0" * 63])
def test_a_long_number_is_found_wherever_it_stands(number: str, before: int) -> None:
    data = f'["{"x" * before}", {number}, 12]'.encode()
    assert read(data, decode) == read(data, json_door._decode_slowly)


def test_an_ordinary_page_goes_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_door, "_decode_slowly", lambda data: pytest.fail("read slowly"))
    person = '{"id": "00u1", "name": "Zo\\u00eb \\"Z\\" [a:b]", "at": "09:30:00Z", "teams": [{"n": -1.5e3}]}'
    assert len(decode(f"[{', '.join([person] * 200)}]".encode())) == 200
