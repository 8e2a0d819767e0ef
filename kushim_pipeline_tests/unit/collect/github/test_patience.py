"""How long a limiting answer asks to wait, and what is a limit at all."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.github.client import GITHUB, is_limited, said
from kushim_pipeline.collect.http.call import Answer
from kushim_pipeline.collect.http.client import demanded_wait
from kushim_pipeline.collect.http.patience import backoff

UNSAID_LIMIT = 60.0
NOW = 1_790_000_000.0


def answer(status: int, message: str = "", **headers: str) -> Answer:
    body = f'{{"message": "{message}"}}'.encode() if message else b""
    return Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


@pytest.mark.parametrize(
    ("given_answer", "limited"),
    [
        (answer(429), True),
        (answer(403, "API rate limit exceeded for user ID 7."), True),
        (answer(403, "API Rate Limit Exceeded for 92.104.200.119"), True),
        (answer(403, "You have exceeded a secondary rate limit. Please wait."), True),
        (answer(403, "Please wait a few minutes before you try again."), True),
        (answer(403, "Forbidden", retry_after="5"), True),
        (answer(403, "", x_ratelimit_remaining="0"), True),
        (answer(403, "Must have admin rights to Repository.", x_ratelimit_remaining="0"), False),
        (answer(403, "Resource not accessible by integration"), False),
        (answer(200, "API rate limit exceeded"), False),
        (answer(404), False),
        (answer(503, "", retry_after="5"), False),
    ],
)
def test_what_is_a_limit(given_answer: Answer, limited: bool) -> None:
    assert is_limited(given_answer) is limited


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "17"}, 17.0),
        ({"retry_after": " 17 "}, 17.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": formatdate(NOW + 40, usegmt=True)}, 40.0),
        ({"retry_after": formatdate(NOW - 40, usegmt=True)}, 0.0),
        ({"retry_after": formatdate(NOW + 40, usegmt=True), "date": formatdate(NOW + 30, usegmt=True)}, 10.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) + 90)}, 91.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) - 90)}, 1.0),
        (
            {
                "x_ratelimit_remaining": "0",
                "x_ratelimit_reset": str(int(NOW) + 90),
                "date": formatdate(NOW + 30, usegmt=True),
            },
            61.0,
        ),
        ({"x_ratelimit_remaining": "12", "x_ratelimit_reset": str(int(NOW) + 90)}, UNSAID_LIMIT),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "soon"}, UNSAID_LIMIT),
        ({"retry_after": "soon"}, UNSAID_LIMIT),
        ({"retry_after": "-5"}, UNSAID_LIMIT),
        ({"retry_after": "\u00b2"}, UNSAID_LIMIT),
        ({}, UNSAID_LIMIT),
    ],
)
def test_what_a_limit_demands(headers: dict[str, str], expected: float) -> None:
    assert demanded_wait(GITHUB, answer(429, **headers), NOW) == expected


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_header_raises_and_no_wait_is_negative(after: str, reset: str, date: str) -> None:
    headers = {"retry_after": after, "x_ratelimit_reset": reset, "x_ratelimit_remaining": "0", "date": date}
    assert demanded_wait(GITHUB, answer(429, **headers), NOW) >= 0


@given(st.integers(1, 8), st.floats(0, 1))
def test_backoff_grows_and_keeps_its_bounds(attempt: int, chance: float) -> None:
    assert 2 ** (attempt - 1) / 2 <= backoff(attempt, chance) <= 2 ** (attempt - 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"message": "Not Found"}', "Not Found"),
        (b'{"message": 7}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"", ""),
        (b"[" * 50_000, ""),
        (b'{"message": "' + b"x" * 500 + b'"}', "x" * 200),
        (b'{"message": "' + b"x" * 200_000 + b'"}', ""),
    ],
)
def test_the_vendors_own_words(body: bytes, expected: str) -> None:
    assert said(Answer(404, {}, body)) == expected
