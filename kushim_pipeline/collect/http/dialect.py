"""What differs between vendors that speak JSON over HTTP, as plain data and functions: one Dialect each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kushim_pipeline.collect.http.call import Answer, Call, Unread


@dataclass(frozen=True)
class Budget:
    """What an answer says of the vendor's limit: how many calls a window has (0: not said), how many are left, and in
    how many seconds the window ends (0: not said). `used`: what the credential itself has used of it, where the vendor
    counts that."""

    limit: int
    remaining: int
    reset_in: float
    used: int | None = None


def one_bucket(_: Call) -> str:
    """All calls count against one budget."""
    return "all"


def _no_budget(_: Answer, __: float) -> Budget | None:
    return None


def _no_words(_: Answer) -> str:
    return ""


def _no_refusal(_: Answer, __: Call) -> Unread | None:
    return None


def too_many(answer: Answer) -> bool:
    """A limit is told by 429 alone."""
    return answer.status == 429


@dataclass(frozen=True)
class Dialect:
    """How one vendor is spoken to.

    `vendor`: its name in messages. `bucket`: which of its budgets a call counts against. `budget`: what an answer says
    of that budget (with the time in seconds since 1970). `defaults`: limit and window in seconds of a bucket before the
    vendor has said anything, by the longest prefix of its name ("" for all others). `counts_together`: the vendor may
    count several buckets as one, and does not say which. `is_limited`: whether an answer is a limit and no denial.
    `unsaid_limit`: seconds to wait after a limit that names none. `said`: the vendor's own words in an error.
    `refusal`: what an answer means where the vendor differs from the common reading of its status, None where it does
    not. `asks_by_etag`: a GET that was answered before is asked for on condition that it changed, and "not changed" is
    not counted by the vendor.
    """

    vendor: str
    bucket: Callable[[Call], str] = one_bucket
    budget: Callable[[Answer, float], Budget | None] = _no_budget
    defaults: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    counts_together: bool = False
    is_limited: Callable[[Answer], bool] = too_many
    unsaid_limit: float = 30.0
    said: Callable[[Answer], str] = _no_words
    refusal: Callable[[Answer, Call], Unread | None] = _no_refusal
    asks_by_etag: bool = False
