"""The share of a vendor's budget that Kushim may use: one count a bucket, kept over runs.

A bucket is what the vendor counts by itself, such as an endpoint of Okta or a method of Slack. Of each of its windows
Kushim uses at most the share (half, unless the connection says otherwise), whatever its threads do, and it stops before
the vendor's budget is spent by others: people and other tools live from the same one.
"""

import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kushim_pipeline import durable
from kushim_pipeline.collect.http.dialect import Budget

SHARE = 0.5
"""Of a budget, unless the connection says otherwise."""
RESERVE = 0.05
"""Of a budget, never touched: somebody else's calls are on their way, too."""
MARGIN = 1.0
"""Seconds after a window's end: it is not said when in that second it comes."""

Spent = dict[str, tuple[int, float, int]]
"""Bucket -> limit, end of its window (seconds since 1970), calls of ours in it."""


class Book(Protocol):
    """Where counts are kept between runs, so that two runs within one window keep the share together."""

    def load(self) -> Spent: ...

    def save(self, spent: Spent) -> None: ...


class NoBook:
    """Nothing is remembered."""

    def load(self) -> Spent:
        return {}

    def save(self, spent: Spent) -> None:
        """Forget it."""


class FileBook:
    """A connection's counts in a small JSON file. What cannot be read counts as nothing spent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Spent:
        try:
            found = json.loads(self._path.read_bytes())
            return {str(name): (int(row[0]), float(row[1]), int(row[2])) for name, row in found.items()}
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            return {}

    def save(self, spent: Spent) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        durable.replace(self._path, json.dumps(spent, sort_keys=True).encode())


@dataclass
class _Bucket:
    limit: int
    window: float
    ends: float
    used: int = 0
    in_flight: int = 0
    spent_by_all: bool = False
    number: int = 0
    told: bool = False


class Limiter:
    """Counts calls by bucket. Safe to use from several threads."""

    def __init__(
        self,
        defaults: Mapping[str, tuple[int, float]],
        now: Callable[[], float],
        share: float = SHARE,
        book: Book | None = None,
    ) -> None:
        """In: limit and window (seconds) of buckets by prefix of their names, the clock, the share, what was used in
        earlier runs. A bucket that nothing is known of is not limited until the vendor says so."""
        self._defaults = defaults
        self._now = now
        self._share = share
        self._book = book or NoBook()
        self._lock = threading.Lock()
        self._taken: dict[tuple[int, str], int] = {}
        started = now()
        self._buckets = {
            name: _Bucket(limit, max(ends - started, self._fresh(name, started).window), ends, used)
            for name, (limit, ends, used) in self._book.load().items()
            if ends > started
        }

    def take(self, name: str) -> float:
        """Ask to send one call now. Out: 0.0 when it may be sent (it is counted), else the seconds to wait and ask
        again."""
        with self._lock:
            now = self._now()
            bucket = self._buckets.get(name) or self._buckets.setdefault(name, self._fresh(name, now))
            if now >= bucket.ends:
                # Whatever is still on its way may be counted in the window that begins.
                bucket.used, bucket.ends, bucket.spent_by_all = bucket.in_flight, now + bucket.window, False
                bucket.number, bucket.told = bucket.number + 1, False
            if bucket.limit and (bucket.used >= self._allowed(bucket.limit) or bucket.spent_by_all):
                return max(bucket.ends - now, 0.05)
            bucket.used += 1
            bucket.in_flight += 1
            self._taken[threading.get_ident(), name] = bucket.number
            return 0.0

    def done(self, name: str, budget: Budget | None, is_free: bool = False) -> None:
        """Say that a call that this thread took is over, and what its answer said of the budget.

        `is_free`: the vendor does not count it. What its answer says of the budget is believed before that.
        """
        with self._lock:
            now = self._now()
            bucket = self._buckets[name]
            bucket.in_flight -= 1
            taken = self._taken.pop((threading.get_ident(), name), bucket.number)
            if is_free and taken == bucket.number:
                bucket.used = max(0, bucket.used - 1)
            if budget is None or budget.limit <= 0:
                return
            bucket.limit = budget.limit
            # An answer that comes after the next window has begun tells of the end of one that is over: to believe it
            # would end the new one at once. Its call is counted in the new one.
            if budget.reset_in > 0 and taken == bucket.number:
                ends = now + budget.reset_in + MARGIN
                if budget.used is not None:
                    # The vendor's own count knows of earlier runs and of what a query costs. Answers overtake each
                    # other: within one window the highest count holds.
                    used = budget.used + bucket.in_flight
                    bucket.used = max(bucket.used, used) if abs(ends - bucket.ends) < 2 * MARGIN else used
                # The first answer may say that the window ends sooner than was thought. A later one that says so is
                # late: the vendor's next window has been told of already.
                bucket.ends = max(bucket.ends, ends) if bucket.told else ends
                bucket.told = True
                bucket.window = max(bucket.window, budget.reset_in)
                bucket.spent_by_all = budget.remaining <= math.floor(budget.limit * RESERVE) and budget.limit > 1

    def save(self) -> None:
        """Keep the counts for the next run."""
        with self._lock:
            self._book.save(
                {name: (each.limit, each.ends, each.used) for name, each in self._buckets.items() if each.limit}
            )

    def allowance(self, name: str) -> tuple[int, int]:
        """Of a bucket: how many calls a window may have, and its whole limit (0, 0 when none is known)."""
        with self._lock:
            bucket = self._buckets.get(name)
            return (self._allowed(bucket.limit), bucket.limit) if bucket else (0, 0)

    def _allowed(self, limit: int) -> int:
        return max(1, math.floor(limit * self._share))

    def _fresh(self, name: str, now: float) -> _Bucket:
        fitting = [prefix for prefix in self._defaults if name.startswith(prefix)]
        limit, window = self._defaults[max(fitting, key=len)] if fitting else (0, 60.0)
        return _Bucket(limit, window, now + window)
