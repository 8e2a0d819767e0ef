"""The ways in which a secret's value may be written by something that echoes it."""

import base64
import html
import json
from functools import lru_cache
from urllib.parse import quote, quote_plus

_SHORT = 6


@lru_cache(maxsize=4096)
def spellings(value: str) -> frozenset[str]:
    """The value as it is, and as URLs, JSON, HTML, Python, base64 (also inside `user:value`) and hex write it.

    Of base64 and hex, which turn a short value into something that ordinary text may hold, only what is longer than
    five characters.
    """
    data = value.encode("utf-8", "surrogatepass")
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        html.escape(value),
        html.escape(value, quote=False),
    }
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        forms |= {quoted, _lower_escapes(quoted)}
    coded = {data.hex(), data.hex().upper(), *_base64(data)}
    return frozenset(form for form in forms if form) | {form for form in coded if len(form) >= _SHORT}


def _base64(data: bytes) -> set[str]:
    """The part of the base64 of anything that holds `data` which depends on `data` alone, at its three offsets."""
    found = set()
    for offset, begin in enumerate((0, 2, 3)):
        end = (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * offset + data).decode()[begin:end])
    return found


def _lower_escapes(quoted: str) -> str:
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])
