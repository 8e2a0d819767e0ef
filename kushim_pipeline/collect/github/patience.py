"""When a call is tried again, and how long it waits first.

Source: GitHub REST, "Rate limits for the REST API" and "Best practices": after a 403 or 429 wait for `retry-after`,
else (at `x-ratelimit-remaining: 0`) until `x-ratelimit-reset`, else at least a minute; never sooner.
"""

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from kushim_pipeline.collect.github.problem import Answer

UNSAID_LIMIT = 60.0  # seconds, where GitHub limits and does not say for how long


@dataclass(frozen=True)
class Patience:
    """How much trying a connection is worth. Waits in seconds; `total` is for all its calls together.

    A vendor that asks for more than `longest` is not asked again in this run: to come back sooner would break its
    limit. After `give_up_after` failed calls of one operation in a row, the operation is not called again.
    """

    tries: int = 3
    longest: float = 60.0
    total: float = 120.0
    give_up_after: int = 5


def is_limited(answer: Answer) -> bool:
    """Whether the answer is a rate limit, and not a denial: GitHub uses 403 for both."""
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    if "retry-after" in answer.headers:
        return True
    message = vendor_message(answer).casefold()
    # The texts by which PyGithub tells limits too (Requester.isRateLimitError).
    return (
        message.startswith(("api rate limit exceeded", "you have exceeded a secondary rate limit"))
        or message.endswith("please retry your request again later.")
        or message.endswith("please wait a few minutes before you try again.")
        or (not message and answer.headers.get("x-ratelimit-remaining") == "0")
    )


def demanded_wait(answer: Answer, now: float) -> float:
    """Seconds that a limiting answer asks to wait. `now` in seconds since 1970, used where the answer has no Date."""
    server_now = _date(answer.headers.get("date")) or now
    after = answer.headers.get("retry-after", "").strip()
    if (seconds := whole_number(after)) is not None:
        return float(seconds)
    moment = _date(after)
    if moment is not None:
        return max(0.0, moment - server_now)
    reset = seconds_to_reset(answer, now)
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return reset
    return UNSAID_LIMIT


def seconds_to_reset(answer: Answer, now: float) -> float | None:
    """Seconds until the hourly budget is full again, by the vendor's own clock if it sends one; None if not said."""
    reset = whole_number(answer.headers.get("x-ratelimit-reset", ""))
    if reset is None:
        return None
    # One second more: it is not said when in that second the reset comes.
    return max(0.0, reset - (_date(answer.headers.get("date")) or now)) + 1.0


def backoff(attempt: int, jitter: float) -> float:
    """Seconds before try `attempt` + 1 after a fault of the server: 1, 2, 4 …, half of it by chance (0 to 1)."""
    return float(2 ** (attempt - 1)) * (0.5 + jitter / 2)


def whole_number(text: str) -> int | None:
    """The number that a text is, cut off at twelve digits; None for any other text."""
    return int(text[:12]) if text.isascii() and text.isdigit() else None


def vendor_message(answer: Answer) -> str:
    """GitHub's own words in an error body, at most 200 characters; empty where there are none."""
    if len(answer.body) > CAP_ERROR_BODY:
        return ""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    return message[:200] if isinstance(message, str) else ""


CAP_ERROR_BODY = 100_000  # bytes of an error body that are looked into for a message


def _date(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
