"""Every way to write a secret is known, so that masking finds it."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.tenants.secret import mask

SECRETS = st.text(min_size=8, max_size=60)
WAYS = {
    "raw": str,
    "json": lambda s: json.dumps(s)[1:-1],
    "json, not ASCII": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "repr": lambda s: repr(s)[1:-1],
    "repr of bytes": lambda s: repr(s.encode())[2:-1] if s.isascii() and "'" not in s else s,
    "html": html.escape,
    "url": lambda s: quote(s, safe=""),
    "path": quote,
    "form": quote_plus,
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(secret=SECRETS)
def test_every_spelling_is_masked(way: object, secret: str) -> None:
    assert callable(way)
    masked = mask(f"<{way(secret)}>", [secret])
    left = len(masked.replace("***", "")) - 2
    # Of base64, the last character or two depend on what follows; of a secret they tell nothing.
    assert left <= 4
    assert "***" in masked


@given(SECRETS, st.text(alphabet="abc:", max_size=8), st.text(alphabet="xyz", max_size=8))
def test_a_secret_inside_base64_of_more_is_masked(secret: str, before: str, after: str) -> None:
    text = base64.b64encode((before + secret + after).encode()).decode()
    assert "***" in mask(text, [secret])
    assert len(mask(text, [secret]).replace("***", "")) <= (len(before) + len(after)) * 4 // 3 + 6


def test_lower_case_escapes_are_masked_too() -> None:
    assert mask("https://x/?t=a%2fb%3dcdefgh", ["a/b=cdefgh"]) == "https://x/?t=***"


def test_codes_of_a_short_value_are_left() -> None:
    assert mask("YQ== is base64", ["a"]) == "YQ== is b***se64"
