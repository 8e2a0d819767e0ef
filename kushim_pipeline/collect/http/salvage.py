"""Take a page apart by its brackets alone, so that one bad record does not cost its neighbours."""

import json
import re

# Strings, brackets and commas are all that matters for where a value ends. ASCII bytes never occur inside a UTF-8
# sequence, so this works on bytes that are not even UTF-8. A string that does not end matches its quote alone.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{},]', re.DOTALL)
_KEY = re.compile(rb'\s*("(?:[^"\\]|\\.)*+")\s*:', re.DOTALL)
_CLOSING = {b"[": b"]", b"{": b"}"}


def is_whole(data: bytes) -> bool:
    """Whether the bytes are one value whose brackets and strings all close: broken JSON, but not cut-off JSON."""
    return _parts(data) is not None


def elements(data: bytes) -> list[bytes] | None:
    """The bytes of each element of a top-level array, or None where the bytes are not one whole array."""
    return _parts(data) if data.lstrip()[:1] == b"[" else None


def members(data: bytes) -> dict[str, bytes] | None:
    """The bytes of each member's value of a top-level object, or None where the bytes are not one whole object whose
    keys are all readable and different."""
    parts = _parts(data) if data.lstrip()[:1] == b"{" else None
    if parts is None:
        return None
    found: dict[str, bytes] = {}
    for part in parts:
        key = _KEY.match(part)
        try:
            name = json.loads(key[1]) if key else None
        except ValueError:
            name = None
        if key is None or not isinstance(name, str) or name in found:
            return None
        found[name] = part[key.end() :].strip()
    return found


def _parts(data: bytes) -> list[bytes] | None:
    stripped = data.strip()
    if stripped[:1] not in (b"[", b"{"):
        return None
    found: list[bytes] = []
    open_brackets: list[bytes] = []
    start = 1
    for token in _TOKEN.finditer(stripped):
        text = token[0]
        if text in (b"[", b"{"):
            open_brackets.append(_CLOSING[text])
        elif text in (b"]", b"}"):
            if not open_brackets or open_brackets.pop() != text:
                return None
            if not open_brackets:
                if token.end() != len(stripped):
                    return None
                last = stripped[start : token.start()].strip()
                return [*found, last] if last or found else found
        elif text == b"," and len(open_brackets) == 1:
            found.append(stripped[start : token.start()].strip())
            start = token.end()
        elif text == b'"':
            return None
    return None
