"""The share of a vendor's budget that Kushim may use: never more, however the vendor counts, kept over runs.

A bucket is what the vendor counts by itself, such as an endpoint of Okta or a method of Slack. Of each of its windows
Kushim uses at most the share (half, unless the connection says otherwise; one call where that would be none), whatever
its threads do, and it stops before the vendor's budget is spent by others: people and other tools live from the same
one. How the vendor counts is not known beforehand, so nothing is built on a guess of it:

- A call counts from its sending until one window's length after its answer, and at least until the end of the window
  that its answer told. So it does not matter when the vendor's windows begin, how its clock differs from ours, what the
  answers round, or that a call was on its way when a window ended; and no border between two windows sees twice the
  share. That costs nothing: the share of each minute is the same. A vendor that counts any sixty seconds, and not from
  minute to minute, sees no more than the share either, as soon as a window was seen from its beginning. Only a window
  that is too long to be waited through, such as GitHub's hour, is taken from reset to reset, as GitHub documents it: to
  let it slide would make a run stop for an hour at a budget that is full again in a minute.
- Before anything was told of a window, one call goes ahead alone: its answer names the limit.
- A vendor that does not say which calls it counts together (Okta counts most of its endpoints as one) is not believed
  to count them apart: buckets of the same limit are one until the vendor's own counts contradict each other.

Counts belong to one connection. Two connections that use one token, or one organisation's budget, know of each other
only by what the vendor's answers say is used; where the vendor says nothing (Slack) each keeps its share for itself.
"""

import json
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kushim_pipeline import durable
from kushim_pipeline.collect.http.bucket import DOUBT, LONGEST, Bucket, Sight
from kushim_pipeline.collect.http.dialect import Budget

SHARE = 0.5
"""Of a budget, unless the connection says otherwise."""


@dataclass(frozen=True)
class Spent:
    """What was used of a bucket. `over`: whole seconds since 1970 at which calls were over -> how many; the rest is as
    in `Bucket`."""

    limit: int
    documented: float
    longest: float
    ends: float
    used: int
    is_known: bool
    over: Mapping[int, int]


class Book(Protocol):
    """Where counts are kept between runs, so that two runs within one window keep the share together."""

    def load(self) -> Mapping[str, Spent]: ...

    def save(self, spent: Mapping[str, Spent]) -> None: ...


class NoBook:
    """Nothing is remembered."""

    def load(self) -> Mapping[str, Spent]:
        return {}

    def save(self, spent: Mapping[str, Spent]) -> None:
        """Forget it."""


class FileBook:
    """A connection's counts in a small JSON file. What cannot be read counts as nothing spent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Mapping[str, Spent]:
        try:
            found = json.loads(self._path.read_bytes())
            return {str(name): _spent(*row) for name, row in found.items()}
        except (OSError, ValueError, TypeError, AttributeError, OverflowError):
            return {}

    def save(self, spent: Mapping[str, Spent]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        rows = {
            name: [each.limit, each.documented, each.longest, each.ends, each.used, each.is_known, _rows(each.over)]
            for name, each in spent.items()
        }
        durable.replace(self._path, json.dumps(rows, sort_keys=True).encode())


def _rows(over: Mapping[int, int]) -> list[tuple[int, int]]:
    return sorted(over.items())


def _spent(
    limit: float, documented: float, longest: float, ends: float, used: float, is_known: bool, over: list[list[int]]
) -> Spent:
    seconds = float(documented), float(longest), float(ends)
    if not all(math.isfinite(number) for number in seconds):
        raise ValueError(seconds)
    return Spent(int(limit), *seconds, int(used), bool(is_known), {int(when): int(calls) for when, calls in over})


class Limiter:
    """Counts calls by bucket. Safe to use from several threads."""

    def __init__(
        self,
        defaults: Mapping[str, tuple[int, float]],
        now: Callable[[], float],
        share: float = SHARE,
        book: Book | None = None,
        counts_together: bool = False,
    ) -> None:
        """In: limit and window (seconds) of buckets by prefix of their names, the clock, the share, what was used in
        earlier runs, and whether the vendor may count several buckets as one. A bucket that nothing is known of is not
        limited until the vendor says so."""
        self._defaults = defaults
        self._now = now
        self._share = share
        self._book = book or NoBook()
        self._counts_together = counts_together
        self._apart: set[frozenset[str]] = set()
        self._changed = threading.Condition()
        self._sent: dict[tuple[int, str], tuple[int, float]] = {}
        started = now()
        self._buckets = {
            name: self._remembered(spent, started) for name, spent in self._book.load().items() if spent.limit > 0
        }

    def take(self, name: str) -> float:
        """Ask to send one call now. Out: 0.0 when it may be sent (it is counted), else the seconds to wait and ask
        again. Blocks while only the answer to another thread's call can tell."""
        with self._changed:
            while (wait := self._wait(name)) is None:
                self._changed.wait()
            if wait > 0:
                return wait
            bucket = self._buckets[name]
            bucket.in_flight += 1
            bucket.used += 1
            self._sent[threading.get_ident(), name] = bucket.number, self._now()
            return 0.0

    def done(self, name: str, budget: Budget | None, is_free: bool = False) -> None:
        """Say that a call that this thread took is over, and what its answer said of the budget.

        `is_free`: the vendor does not count it. What its answer says of the budget is believed before that.
        """
        with self._changed:
            now = self._now()
            bucket = self._buckets[name]
            bucket.in_flight -= 1
            number, sent = self._sent.pop((threading.get_ident(), name), (bucket.number, now))
            if is_free and number == bucket.number:
                bucket.used = max(0, bucket.used - 1)
            bucket.heard(budget, now, sent, number)
            if not is_free:
                bucket.is_over(now)
            if self._counts_together and budget is not None and budget.used is not None and budget.remaining > 0:
                self._compare(name, budget, budget.used, sent, now)
            self._changed.notify_all()

    def save(self) -> None:
        """Keep the counts for the next run."""
        with self._changed:
            now = self._now()
            spent = {}
            for name, each in self._buckets.items():
                if each.limit:
                    over = Counter(math.ceil(when) for when in each.over)
                    over[math.ceil(now)] += each.in_flight
                    spent[name] = Spent(
                        each.limit, each.documented, each.longest, each.ends, each.used, each.is_known, over
                    )
            self._book.save(spent)

    def allowance(self, name: str) -> tuple[int, int]:
        """Of a bucket: how many calls a window may have, and its whole limit (0, 0 when none is known)."""
        with self._changed:
            bucket = self._buckets.get(name)
            return (self._allowed(bucket.limit), bucket.limit) if bucket else (0, 0)

    def _allowed(self, limit: int) -> int:
        return max(1, math.floor(limit * self._share))

    def _wait(self, name: str) -> float | None:
        """Seconds until a call may be sent; None when that depends on an answer that is still to come."""
        now = self._now()
        bucket = self._buckets.get(name) or self._buckets.setdefault(name, self._fresh(name, now))
        if not bucket.at(now).is_heard and any(
            each.in_flight and (each is bucket or not each.at(now).is_heard)
            for each in (self._buckets[other] for other in self._together(name))
        ):
            return None
        judges = [name]
        if not bucket.is_known:
            # It may be any of those that are known.
            judges += [other for other in self._together(name) if self._buckets[other].is_known]
        waits = [self._room(judge, name, now) for judge in judges if self._buckets[judge].limit]
        return None if None in waits else max((wait for wait in waits if wait is not None), default=0.0)

    def _room(self, judge: str, name: str, now: float) -> float | None:
        """Seconds until the budget of bucket `judge` has room for a call of `name`; None: an answer has to tell."""
        bucket = self._buckets[judge].at(now)
        allowed = self._allowed(bucket.limit)
        # What others use of a budget keeps back only the calls that surely count in it.
        if judge == name and (bucket.is_spent or bucket.used >= allowed):
            return max(bucket.ends - now, 0.05)
        members = [self._buckets[each].at(now) for each in {*self._together(judge), name}]
        if not bucket.is_known:
            # It is none of those that are known, or they judge it, too.
            members = [each for each in members if not each.is_known]
        window = max(each.window for each in members if each.is_known or each is bucket)
        if bucket.is_young and allowed > 1:
            allowed -= 1  # for the call that finds out how long the next window is
        excess = sum(each.count(now, window) for each in members) - allowed
        if excess < 0:
            return 0.0
        ends = sorted(end for each in members for end in each.counted(now, window))
        return max(ends[excess] - now, 0.05) if excess < len(ends) else None

    def _together(self, name: str) -> list[str]:
        """The buckets that the vendor may count as one with this one, itself among them."""
        bucket = self._buckets[name]
        if not self._counts_together:
            return [name]
        return [
            other
            for other, each in self._buckets.items()
            if not (bucket.is_known and each.is_known)
            or (bucket.limit == each.limit and frozenset((name, other)) not in self._apart)
        ]

    def _compare(self, name: str, budget: Budget, used: int, sent: float, now: float) -> None:
        """Tell buckets apart: a count that is lower than one that was told before, within one window, is another's."""
        for other in self._together(name):
            sight = self._buckets[other].sight
            if other != name and sight and sight.at <= sent and now < sight.sure_until and used < sight.used:
                self._apart.add(frozenset((name, other)))
        bucket = self._buckets[name]
        if bucket.sight is None or now >= bucket.sight.sure_until or used >= bucket.sight.used:
            bucket.sight = Sight(now, used, sent + budget.reset_in - DOUBT)

    def _fresh(self, name: str, now: float) -> Bucket:
        fitting = [prefix for prefix in self._defaults if name.startswith(prefix)]
        limit, window = self._defaults[max(fitting, key=len)] if fitting else (0, 60.0)
        return Bucket(limit, window, now + window)

    def _remembered(self, spent: Spent, now: float) -> Bucket:
        # A clock that was set back since must not make anybody wait for longer than a window.
        documented, longest = min(spent.documented, LONGEST), min(spent.longest, LONGEST)
        over = [float(min(when, math.ceil(now))) for when, calls in sorted(spent.over.items()) for _ in range(calls)]
        ends = min(spent.ends, now + LONGEST)
        return Bucket(spent.limit, documented, ends, longest, spent.used, is_known=spent.is_known, over=over)
