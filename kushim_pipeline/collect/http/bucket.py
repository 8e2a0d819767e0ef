"""One budget of a vendor as Kushim sees it: its window, what is used of it, which calls of ours still count."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from kushim_pipeline.collect.http.dialect import Budget

RESERVE = 0.05
"""Of a budget, never touched: somebody else's calls are on their way, too."""
MARGIN = 0.25
"""Seconds after a window's end: clocks do not run quite alike."""
SLIDES = 120.0
"""Seconds: a window that is not longer is kept wherever it may begin, for it can be waited through."""
LONGEST = 7200.0
"""Seconds: no vendor has a longer window, whatever an answer says."""
DOUBT = 3.0
"""Seconds by which a told end of a window may be too late: it is in whole seconds, and rounded up twice."""
_SILENT = 3
"""Answers without a word on limits, after which none is expected."""


@dataclass(frozen=True)
class Sight:
    """The vendor's own count, when it was told, and until when it surely does not begin anew."""

    at: float
    used: int
    sure_until: float


@dataclass
class Bucket:
    """`limit`: 0 where nothing is known; `is_known`: the vendor said it. `documented`: length of a window in seconds,
    `longest` the most that an answer told of one. `ends`: of the present window, told or guessed; `number` counts the
    windows. `used`: the most that the vendor may have counted in it. `over`: when calls were over, those of the present
    window from place `present` on."""

    limit: int
    documented: float
    ends: float
    longest: float = 0.0
    used: int = 0
    number: int = 0
    in_flight: int = 0
    is_known: bool = False
    is_spent: bool = False
    is_told: bool = False
    is_sure: bool = False
    silent: int = 0
    sight: Sight | None = None
    over: list[float] = field(default_factory=list)
    present: int = 0

    @property
    def is_heard(self) -> bool:
        """Whether an answer has told of the present window, or none is going to."""
        return self.is_told or self.silent >= _SILENT

    @property
    def window(self) -> float:
        """The length of its windows. What was told is a part of one; most of the documented length confirms that."""
        return self.longest if 0 < self.longest < self.documented / 2 else max(self.longest, self.documented)

    @property
    def is_young(self) -> bool:
        """Whether only a part of one window was seen, which says little of its length."""
        return bool(self.longest) and not self.is_sure and self.window <= SLIDES

    def at(self, now: float) -> "Bucket":
        """Itself, in the window of this time."""
        if now >= self.ends:
            self._begin(now)
        return self

    def counted(self, now: float, window: float) -> list[float]:
        """When each call that is over, and counts still, will count no more."""
        first = self._first(now, window)
        return [
            max(when + window + MARGIN if window <= SLIDES else 0.0, self.ends if place >= self.present else 0.0)
            for place, when in enumerate(self.over[first:], first)
        ]

    def count(self, now: float, window: float) -> int:
        """How many calls count still, those on their way among them."""
        return self.in_flight + len(self.over) - self._first(now, window)

    def heard(self, budget: Budget | None, now: float, sent: float, sent_in: int) -> None:
        """Take in what an answer says of the budget. In: when its call was sent, and in the window of which number."""
        if budget is not None and budget.limit > 0:
            self.limit, self.is_known = budget.limit, True
        if budget is None or budget.reset_in <= 0:
            self.silent += 1
            return
        left = min(budget.reset_in, LONGEST)
        ends = now + left + MARGIN
        if budget.remaining > 0:  # a spent budget's answer tells when to come back, which may be another matter
            self.is_sure = self.is_sure or (bool(self.longest) and not self.is_told) or left >= self.documented / 2
            self.longest = max(self.longest, left)
        # It was said at some moment between the sending and now: only what ends later in any case is another window.
        if self.is_told and sent + left - DOUBT > self.ends:
            self._begin(now)
            sent_in = self.number
        if sent_in != self.number:
            return  # it tells of the end of a window that is over: to believe it would end the new one at once
        if budget.used is not None:
            # The vendor's own count knows of earlier runs and of what a query costs. Answers overtake each other:
            # within one window the highest count holds.
            used = budget.used + self.in_flight
            self.used = max(self.used, used) if self.is_told else used
        self.ends = max(self.ends, ends) if self.is_told else ends
        self.is_told = True
        self.is_spent = budget.remaining <= math.floor(budget.limit * RESERVE) and budget.limit != 1

    def is_over(self, now: float) -> None:
        """Count a call that is over."""
        self.over.append(max(now, self.over[-1]) if self.over else now)

    def _begin(self, now: float) -> None:
        # Whatever is still on its way may be counted in the window that begins.
        self.used, self.ends, self.number = self.in_flight, now + self.window, self.number + 1
        self.is_spent = self.is_told = False
        self.silent = 0 if self.longest else self.silent
        del self.over[: bisect_right(self.over, now - SLIDES - MARGIN)]
        self.present = len(self.over)

    def _first(self, now: float, window: float) -> int:
        """The oldest call that counts still: it is of the present window, or within one window's length of now."""
        if window > SLIDES:
            return self.present
        return min(self.present, bisect_right(self.over, now - window - MARGIN))
