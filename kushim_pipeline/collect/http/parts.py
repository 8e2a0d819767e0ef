"""A long list, or large members, in an answer, cut into parts that are decoded one after the other.

What a page of megabytes becomes does not fit into a processor's cache: decoded whole, it is read and freed at half the
speed. Where to cut is guessed: between two elements that begin alike. The guess proves itself. If each part is a JSON
array, and the answer with the list left out is JSON with a list at that place, then the answer is what these are put
together, for JSON can be read in one way only. If not, the answer has to be read as a whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kushim_pipeline.evidence.json_door import BadJson, decode, decode_shown

PART = 32_768
"""Bytes of a part, at least: far below a processor's second cache when decoded, far above what a part costs."""
_MARK = 8_101_977_653
"""Stands for the list's elements while the rest of the answer is read."""


@dataclass(frozen=True)
class Cut:
    """An answer's object without its list (empty where the answer is the list), and where the list's parts stand."""

    rest: dict[str, Any]
    data: bytes
    borders: tuple[tuple[int, int], ...]

    def parts(self) -> Iterator[tuple[list[Any], bool]]:
        """The list's elements, some at a time, and whether the bytes show all that these hold. Raises BadJson where the
        guess was wrong, or an element is not sound: what was yielded before is then worth nothing."""
        for begin, end in self.borders:
            yield decode_shown(b"[%b]" % self.data[begin:end])


def cut(data: bytes, key: str | None) -> Cut | None:
    """Cut an answer's list. In: the key that the list stands under, None where it is the answer itself. Out: None where
    no list of objects is found."""
    begin = _begin(data, key)
    end = data.rfind(b"}]") + 1
    opening = data[begin : data.find(b":", begin) + 1]
    if not begin or opening[:1] != b"{" or end <= begin:
        return None
    try:
        around = decode(b"%b%d%b" % (data[:begin], _MARK, data[end:]))
    except BadJson:
        return None
    rest: dict[str, Any] = {}
    if key is not None:
        rest = around if isinstance(around, dict) else {}
        around = rest.pop(key, None)
    if around != [_MARK]:
        return None
    between = b"}, " if data.find(b"}, " + opening, begin, end) > 0 else b"},"
    return Cut(rest, data, tuple(_borders(data, begin, end, between, opening)))


@dataclass(frozen=True)
class Members:
    """The members of an object in an answer, undecoded but for the last."""

    texts: tuple[bytes, ...]
    last: tuple[Any, bool]

    def value(self, number: int) -> tuple[Any, bool]:
        """A member's value, and whether the bytes show all that it holds. Raises BadJson where it is not sound."""
        return self.last if number == len(self.texts) - 1 else _only(self.texts[number])


def members(data: bytes, key: str, names: Sequence[str]) -> Members | None:
    """Cut an answer that is `{"<key>":{…}}` and nothing else, where the inner object's members are objects under these
    names in this order. Out: None where it is not seen to be that."""
    head = b'{"%b":{' % key.encode()
    if not data.startswith(b'%b"%b":{' % (head, names[0].encode())) or not data.endswith(b"}}"):
        return None
    begins = [len(head)]
    for name in names[1:]:
        begins.append(data.find(b',"%b":{' % name.encode(), begins[-1]) + 1)
    if not all(begins):
        return None
    ends = [*(begin - 1 for begin in begins[1:]), len(data) - 2]
    texts = tuple(data[begin:end] for begin, end in zip(begins, ends, strict=True))
    try:
        return Members(texts, _only(texts[-1]))  # an answer that was cut off does not end soundly
    except BadJson:
        return None


def _only(member: bytes) -> tuple[Any, bool]:
    document, shown = decode_shown(b"{%b}" % member)
    if len(document) != 1:
        raise BadJson("not one member")
    return next(iter(document.values())), shown


def _begin(data: bytes, key: str | None) -> int:
    """Where the list's first element stands; 0 where that is not seen. A quote within a text has a backslash before it,
    so what looks like the key is a key."""
    for space in b"", b" ":
        name = b"[" if key is None else b'"%b":%b[' % (key.encode(), space)
        begin = data.find(name, 0, len(data) if key else 1)
        if begin >= 0:
            return begin + len(name)
    return 0


def _borders(data: bytes, begin: int, end: int, between: bytes, opening: bytes) -> Iterator[tuple[int, int]]:
    while (border := data.find(between + opening, begin + PART, end)) >= 0:
        yield begin, border + 1
        begin = border + len(between)
    yield begin, end
