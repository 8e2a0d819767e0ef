"""The one strict JSON decoder at the door, and the canonical form that hashes are taken of.

Engines disagree on loose JSON: for `{"public":true,"public":false}` DuckDB reads true, Python and Postgres false.
What they could read differently is therefore refused here, before it becomes a record (RFC 8259 leaves it undefined;
RFC 7493 "I-JSON" forbids it).
"""

import hashlib
import json
import math
import re
import threading
from typing import Any, Literal

import orjson

MAX_DEPTH = 64
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
MAX_NUMBER_CHARACTERS = 64  # Postgres keeps 1e131071 as 131 KB of digits; no vendor sends a number this long

_DIGITS = bytes(48 if chr(byte) in "0123456789+-.eE" else 32 for byte in range(256))
_STRIDE = 4
_LONG_NUMBER = b"0" * (MAX_NUMBER_CHARACTERS + 1)
_MAYBE_LONG = b"0" * (MAX_NUMBER_CHARACTERS // _STRIDE)
_NUL_OR_COLON = re.compile(rb"\\u00(?:00|3[aA])")
LARGE = 20_000
"""Bytes of a document beyond which it is cheaper not to count its brackets."""


class BadJson(ValueError):
    """The bytes are not JSON that every engine reads alike. The text says what and never repeats the bytes."""


def decode(data: bytes) -> Any:
    """Decode one JSON document strictly.

    In: the bytes of a document in UTF-8. Out: dict, list, str, int, float, bool or None.
    Raises BadJson for broken syntax, duplicate keys, NaN and Infinity, NUL, lone surrogates, nesting deeper than 64 and
    numbers of more than 64 characters.
    """
    return decode_shown(data)[0]


def decode_shown(data: bytes) -> tuple[Any, bool]:
    """Decode one JSON document as `decode` does.

    Out: the document, and whether its bytes surely show all that it holds: then every text stands in them as it stands
    in the canonical form, and what is not found in the one is not in the other.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _decode_slowly(data), False
    form = _form(data, document)
    return (document, form == "same") if form else (_decode_slowly(data), False)


def _decode_slowly(data: bytes) -> Any:
    """Decode piece by piece: says what is wrong, and takes four times as long."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"not UTF-8 at byte {error.start}") from None
    _refuse_depth(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise BadJson(f"not JSON: {error.msg} at character {error.pos}") from None
    _refuse_text(text, document)
    return document


def canonical(document: Any) -> bytes:
    """The one byte form of a JSON value: UTF-8, sorted keys, no spaces. Raises BadJson for what is not JSON."""
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise BadJson(f"cannot be written as JSON: {error}") from None


def content_hash(document: Any) -> str:
    """SHA-256, in hex, of the canonical form."""
    return hashlib.sha256(canonical(document)).hexdigest()


def _form(data: bytes, document: Any) -> Literal["same", "other", ""]:
    """How orjson writes a document that it has read: the same, otherwise, or (empty) the document needs a closer look.

    orjson refuses broken syntax, NaN, infinite numbers and half surrogates, and reads numbers as `_integer` and
    `_float` do. It passes over NUL, keys that stand twice, deep nesting and long numbers. A closer look may be for
    nothing; a form never hides anything.
    """
    above = 0 if len(data) < LARGE and data.count(b"[") + data.count(b"{") <= MAX_DEPTH else _ABOVE
    try:
        again = _nests.dumped(document) if above else orjson.dumps(document)
    except orjson.JSONEncodeError:
        return ""
    if b"\\" in data and _NUL_OR_COLON.search(data):
        return ""
    if len(again) == len(data) + 2 * above and again.startswith(data, above):
        return "same"  # a number that orjson writes is short, and of a key that stands twice it writes one
    # Of a key that stands twice the document has one left, and no colon of the other is written again. All colons stand
    # for themselves here, after keys as in strings: none is escaped.
    if data.count(b":") != again.count(b":"):
        return ""
    # A number that is too long has one of its characters at each of so many places in a row.
    if _MAYBE_LONG in data[::_STRIDE].translate(_DIGITS) and _LONG_NUMBER in data.translate(_DIGITS):
        return ""
    return "other"


class _Nest(threading.local):
    """So many lists, each the only element of the one around it; every thread has its own, made once."""

    def __init__(self, levels: int) -> None:
        self._inner: list[Any] = []
        self._outer = self._inner
        for _ in range(levels - 1):
            self._outer = [self._outer]

    def dumped(self, document: Any) -> bytes:
        """What orjson writes of a document in the innermost list. Raises orjson.JSONEncodeError as it does."""
        self._inner.append(document)
        try:
            return orjson.dumps(self._outer)
        finally:
            self._inner.clear()


def _most_levels() -> int:
    """How many lists orjson writes within each other, the document among them."""
    for levels in range(1, 1000):
        try:
            _Nest(levels).dumped([])
        except orjson.JSONEncodeError:
            return levels
    raise RuntimeError("this orjson writes whatever is nested, however deeply")


# Below so many lists orjson refuses to write what is nested deeper than allowed.
_ABOVE = _most_levels() - MAX_DEPTH
_nests = _Nest(_ABOVE)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadJson(f"the key {key[:40]!r} stands twice in one object")
            seen.add(key)
    return found


def _constant(name: str) -> float:
    raise BadJson(f"{name} is not a JSON number")


def _integer(text: str) -> int | float:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise BadJson(f"a number of {len(text)} characters")
    number = int(text)
    # Beyond 64 bits orjson, DuckDB and Postgres part ways; as a float all three agree.
    return number if -(2**63) <= number < 2**64 else float(number)


def _float(text: str) -> float:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise BadJson(f"a number of {len(text)} characters")
    number = float(text)
    if math.isinf(number):
        raise BadJson("a number beyond the range of a double")
    return number


def _refuse_depth(text: str) -> None:
    """Refuse deep nesting before the parser recurses into it. Brackets inside strings do not count."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise BadJson(f"nested deeper than {MAX_DEPTH}")


def _refuse_text(text: str, document: Any) -> None:
    """NUL and half surrogates can only come from \\u escapes (raw ones fail earlier): look closer only then."""
    if "\\u" not in text:
        return
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise BadJson("a NUL character in a string")
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise BadJson("half of a surrogate pair in a string")
        elif isinstance(value, dict):
            pending.extend(value.keys())
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
