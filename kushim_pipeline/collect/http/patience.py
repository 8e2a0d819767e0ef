"""When a call is tried again, and how long it waits first."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from kushim_pipeline.collect.http.call import Answer

_FOR_EVER = 1e12  # seconds: as much as whole_number reads


@dataclass(frozen=True)
class Patience:
    """How much trying a connection is worth. Waits in seconds.

    `longest`: a vendor that asks for more is not asked again in this run, since to come back sooner would break its
    limit. `total`: all waits after faults together; `limited`: all waits that a vendor's limit asked for together.
    After `give_up_after` failed calls of one operation in a row that operation is not called again; after twice as many
    of any operation, with no success between them, nothing is for `cool_down` (the breaker).
    """

    tries: int = 3
    longest: float = 75.0
    total: float = 120.0
    give_up_after: int = 5
    limited_tries: int = 6
    limited: float = 3600.0
    cool_down: float = 30.0


@dataclass(frozen=True)
class Clockwork:
    """What a test replaces: how to wait (seconds), what time it is (seconds since 1970), chance (0 to 1)."""

    wait: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random


def retry_after(answer: Answer, now: float) -> float | None:
    """Seconds that the header Retry-After asks for, which is a number or an HTTP date (RFC 9110); None without one.

    `now` in seconds since 1970 is used where the answer has no Date of its own.
    """
    text = answer.headers.get("retry-after", "").strip()
    if (seconds := whole_number(text)) is not None:
        return float(seconds)
    try:
        is_number = text.isascii() and text.replace(".", "", 1).isdigit()
        return min(float(text), _FOR_EVER) if is_number else _until(answer, text, now)
    except ValueError:
        return None


def server_time(answer: Answer, now: float) -> float:
    """The vendor's own clock in seconds since 1970, or `now` where it sends none."""
    return http_date(answer.headers.get("date")) or now


def backoff(attempt: int, jitter: float) -> float:
    """Seconds before try `attempt` + 1 after a fault of the server: 1, 2, 4 …, half of it by chance (0 to 1)."""
    return float(2 ** (attempt - 1)) * (0.5 + jitter / 2)


def whole_number(text: str) -> int | None:
    """The number that a text is, cut off at twelve digits; None for any other text."""
    return int(text[:12]) if text.isascii() and text.isdigit() else None


def http_date(text: str | None) -> float | None:
    """An HTTP date in seconds since 1970; None for any other text."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _until(answer: Answer, text: str, now: float) -> float | None:
    moment = http_date(text)
    return None if moment is None else max(0.0, moment - server_time(answer, now))
