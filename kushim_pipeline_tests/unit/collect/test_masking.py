"""What is masked in a text before it is kept or shown, and what is let pass without a closer look."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kushim_pipeline.collect import run
from kushim_pipeline.collect.run import masking

PIECES = st.sampled_from(
    ("token", "Token", "api", "_", "-", "key", "apikey", "SECRET", "signature", "Authorization", "=", ":", " ", "\n")
    + ('"', "'", "Bearer ", "an ", "x", "AKIAABCDEFGHIJKLMNOP", "ghp_", "abcdefghij12", "xoxb-", "github_pat_", "{")
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
@example("token tokens token=x")
@example('"signature"\t: x')
def test_whatever_the_expression_finds_is_looked_at(text: str) -> None:
    masked = masking([])(text)
    assert masked == run._LEAKS.sub(lambda found: (found.group(1) or "") + "***", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /?api_key=abc&x=1", "GET /?api_key=***&x=1"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("commit { signature { isValid } }", "commit { signature { isValid } }"),
        ("an API token: of an administrator", "an API token: of an administrator"),
        ("tokens, then token = abc", "tokens, then token = ***"),
    ],
)
def test_what_stands_after_a_name_is_masked(text: str, shown: str) -> None:
    assert masking([])(text) == shown
