"""The share of a vendor's budget: whatever threads, answers and clocks do, no window has more calls than allowed."""

import heapq
import math
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kushim_pipeline.collect.github.client import GITHUB
from kushim_pipeline.collect.http.dialect import Budget
from kushim_pipeline.collect.http.limiter import FileBook, Limiter

MINUTE = 60.0
STEPS = st.lists(st.tuples(st.sampled_from(("take", "take", "done", "wait")), st.floats(0, 40)), max_size=120)


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time


def call(limiter: Limiter, name: str, budget: Budget | None = None) -> float:
    """One call that is answered at once. Out: 0.0, or the seconds to wait."""
    wait = limiter.take(name)
    if wait == 0.0:
        limiter.done(name, budget)
    return wait


def settled(limiter: Limiter, *names: str) -> Limiter:
    """The limiter after so many answers without a word that it expects none."""
    for name in names:
        for _ in range(3):
            assert call(limiter, name) == 0.0
    return limiter


@dataclass
class Vendor:
    """A vendor by its own ledger. `kind`: windows aligned to its clock, begun by a first call, or sliding; `bucket`: of
    an endpoint; `skew`: of its clock against ours; `tells`: what its headers say, in whole seconds, rounded `down` or
    `up`, or nothing."""

    kind: str
    limit: Callable[[str], int]
    window: float
    bucket: Callable[[str], str] = lambda name: name
    skew: float = 0.0
    tells: str = "down"
    times: dict[str, list[float]] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    used: Counter[tuple[str, float]] = field(default_factory=Counter)

    def asked(self, name: str, now: float) -> Callable[[float], Budget | None]:
        """Count a call that arrives now (our clock). Out: what its answer says when it is read at another time."""
        bucket, here = self.bucket(name), now + self.skew
        self.times.setdefault(bucket, []).append(here)
        if self.kind == "first call":
            if here >= self.ends.get(bucket, 0.0):
                self.ends[bucket] = here + self.window
            end = self.ends[bucket]
        else:
            end = (here // self.window + 1) * self.window
        self.used[bucket, end] += 1
        limit, used = self.limit(bucket), self.used[bucket, end]
        reset, date = (math.ceil(end) if self.tells == "up" else math.floor(end)), math.floor(here)
        told = Budget(limit, max(0, limit - used), max(0.0, reset - date) + 1.0, used)
        return lambda read_at: told if self.tells else None

    def most(self) -> dict[str, int]:
        """The most calls of each bucket in one of its windows, or, sliding, in any window's length."""
        if self.kind != "sliding":
            found: Counter[str] = Counter()
            for (bucket, _), used in self.used.items():
                found[bucket] = max(found[bucket], used)
            return dict(found)
        return {
            bucket: max(sum(1 for each in times if first <= each < first + self.window) for first in times)
            for bucket, times in self.times.items()
        }


class Turnstile(threading.Condition):
    """A condition that tells instead of blocking: the simulation below has no threads."""

    def wait(self, timeout: float | None = None) -> bool:
        raise Blocked


class Blocked(Exception):
    pass


def simulate(limiter: Limiter, clock: Clock, vendor: Vendor, work: list[str], chance: random.Random) -> int:
    """Six threads do the work. Calls take up to 3 s to arrive, and as long to come back; every tenth answer is lost
    or is a fault, and its call is made again. Out: how many calls were made."""
    idents = iter(range(1, 10**9))
    events: list[tuple[float, int, Callable[[], None]]] = []
    todo, calls, free = list(reversed(work)), 0, 6

    def at(when: float, what: Callable[[], None]) -> None:
        heapq.heappush(events, (when, next(idents), what))

    def go(name: str, ident: int) -> None:
        nonlocal calls
        threading.get_ident = lambda: ident
        try:
            wait = limiter.take(name)
        except Blocked:
            wait = 0.2
        if wait > 0:
            assert wait <= 62.5 + vendor.window
            at(clock.time + wait, lambda: go(name, ident))
            return
        calls += 1
        number = calls

        def arrive() -> None:
            said = vendor.asked(name, clock.time)
            at(clock.time + chance.choice((0.05, 0.05, 3.0)) * chance.random(), lambda: back(said))

        def back(said: Callable[[float], Budget | None]) -> None:
            nonlocal free
            threading.get_ident = lambda: ident
            failed = number % 10 == 0
            # Which vendor slides shows at the first end of a window, and the answer that shows it is not lost.
            limiter.done(name, None if failed and vendor.kind != "sliding" else said(clock.time))
            if failed:
                todo.append(name)
            free += 1
            start()

        at(clock.time + chance.choice((0.05, 0.05, 3.0)) * chance.random(), arrive)

    def start() -> None:
        nonlocal free
        while free and todo:
            free -= 1
            name, ident = todo.pop(), next(idents)
            at(clock.time, partial(go, name, ident))

    start()
    while events:
        when, _, what = heapq.heappop(events)
        clock.time = max(clock.time, when)
        what()
    assert not todo
    return calls


@pytest.fixture
def unthreaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threading, "Condition", Turnstile)
    monkeypatch.setattr(threading, "get_ident", threading.get_ident)
    yield


ENDPOINTS = ("/org", "/users", "/users/{id}/factors", "/apps", "/apps/{id}/users", "/groups", "/logs", "/zones")
LIMITS = {"/users": 20, "/apps": 12, "/logs": 8}
GROUPINGS: dict[str, Callable[[str], str]] = {
    "each": lambda name: name,
    "most as one": lambda name: name if name in LIMITS else "others",
    "by kind": lambda name: "/" + name.split("/")[1],
    "all": lambda name: "all",
}


def limit(place: str) -> int:
    return LIMITS.get(place, 20)


@pytest.mark.usefixtures("unthreaded")
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["aligned", "first call", "sliding"])
@pytest.mark.parametrize(
    ("window", "tells", "skew"),
    [(60.0, "down", 0.0), (60.0, "up", -86_400.5), (2.0, "down", 3.3), (1.0, "up", 0.0), (60.0, "", 0.7)],
    ids=["minute", "minute-skewed", "two-seconds", "second", "silent"],
)
def test_no_vendors_ledger_has_more_than_the_share(
    kind: str, share: float, window: float, tells: str, skew: float
) -> None:
    for grouping, (name, bucket) in enumerate(GROUPINGS.items()):
        if not tells and name != "each":
            continue  # a vendor that says nothing has documented buckets
        clock, chance = Clock(), random.Random(f"{share}{kind}{window}{grouping}")
        clock.time += 60 * chance.random()
        vendor = Vendor(kind, limit, window, bucket, skew, tells)
        documented = {"": (20, 60.0), **{place: (most, 60.0) for place, most in LIMITS.items()}}
        defaults = {"": (600, 60.0)} if tells else documented
        limiter = Limiter(defaults, clock.now, share, counts_together=bool(tells))
        work = [chance.choice(ENDPOINTS) for _ in range(60)]
        made = simulate(limiter, clock, vendor, work, chance)
        assert made >= 60
        assert sum(len(times) for times in vendor.times.values()) == made
        allowed = {place: max(1, math.floor(limit(place) * share)) for place in vendor.times}
        # Before a window has been seen from its beginning, its length is not known: the call or two that find it out
        # may be too many for a vendor that tells of whole minutes and counts any sixty seconds.
        more = 2 if kind == "sliding" and tells and (name != "each" or share < 0.25) else 0
        over = {place: used for place, used in vendor.most().items() if used > allowed[place] + more}
        assert over == {}, name


@settings(max_examples=100)
@given(st.integers(1, 30), st.sampled_from((0.1, 0.5, 1.0)), STEPS)
def test_no_minute_has_more_calls_than_the_share(limit: int, share: float, steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    limiter = Limiter({"": (limit, MINUTE)}, clock.now, share)
    allowed = max(1, int(limit * share))
    sent: list[float] = []
    for what, seconds in steps:
        if what == "wait":
            clock.time += seconds
        elif what == "take" and (wait := call(limiter, "x")) == 0.0:
            sent.append(clock.time)
        elif what == "take":
            assert sum(each > clock.time - MINUTE - 1 for each in sent) >= allowed, "it waits only for its share"
            assert wait <= MINUTE + 1
    assert all(sum(first <= each < first + MINUTE for each in sent) <= allowed for first in sent)


def test_threads_share_one_count() -> None:
    limiter = settled(Limiter({"": (100, MINUTE)}, Clock().now, 0.5), "x")
    taken: list[float] = []

    def take() -> None:
        for _ in range(30):
            taken.append(call(limiter, "x"))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(0.0) == 47


def test_one_call_goes_ahead_of_the_others() -> None:
    limiter = Limiter({"": (600, MINUTE)}, Clock().now, 0.5)
    assert limiter.take("x") == 0.0
    waits: list[float] = []
    others = [threading.Thread(target=lambda: waits.append(limiter.take("x"))) for _ in range(5)]
    for thread in others:
        thread.start()
    assert waits == []
    limiter.done("x", Budget(4, 3, 30.0, 1))
    for thread in others:
        thread.join(timeout=10)
    assert sorted(waits)[:2] == [0.0, pytest.approx(30, abs=1)]
    assert waits.count(0.0) == 1, "the answer said four, of which two are ours"


def test_the_vendors_word_replaces_the_default_and_others_use_stops_us() -> None:
    clock = Clock()
    limiter = Limiter({"": (1000, MINUTE)}, clock.now)
    assert call(limiter, "x", Budget(10, 9, 30.0)) == 0.0
    assert limiter.allowance("x") == (5, 10)
    assert call(limiter, "x", Budget(10, 0, 30.0)) == 0.0
    assert limiter.take("x") == pytest.approx(30, abs=1), "others have spent what there was"
    clock.time += 31
    assert limiter.take("x") == 0.0


def test_a_limit_that_names_no_number_keeps_the_number_that_is_known() -> None:
    clock = Clock()
    limiter = Limiter({"": (100, 1.0)}, clock.now)
    assert call(limiter, "x", Budget(0, 0, 20.0)) == 0.0
    assert limiter.allowance("x") == (50, 100)
    assert limiter.take("x") == pytest.approx(20, abs=1)
    clock.time += 21
    assert [call(limiter, "x") for _ in range(60)].count(0.0) == 50, "the documented window is a second still"
    clock.time += 1.5
    assert call(limiter, "x") == 0.0


def test_an_hour_is_taken_from_reset_to_reset() -> None:
    clock = Clock()
    limiter = Limiter({"": (5000, 3600.0)}, clock.now, 0.5)
    told = 0
    for _ in range(3):
        told += 1
        assert call(limiter, "x", Budget(6, 6 - told, 200.0, told)) == 0.0
    assert limiter.take("x") == pytest.approx(200, abs=1)
    clock.time += 201
    assert [call(limiter, "x", Budget(6, 5 - n, 3600.0, n + 1)) for n in range(3)] == [0.0] * 3
    assert limiter.take("x") == pytest.approx(3600, abs=1)


def test_a_slow_answer_tells_of_no_other_window() -> None:
    clock = Clock()
    limiter = Limiter({"": (5000, 3600.0)}, clock.now, 0.5)
    assert call(limiter, "x", Budget(4, 3, 600.0, 1)) == 0.0
    assert limiter.take("x") == 0.0
    clock.time += 30
    limiter.done("x", Budget(4, 2, 600.0, 2))
    assert limiter.take("x") > 560, "it was said when the call came in, and 600 s were left then"


@pytest.mark.parametrize("used", [9, 12])
def test_what_others_use_of_the_same_budget_counts(used: int) -> None:
    clock = Clock()
    limiter = Limiter({"": (600, MINUTE)}, clock.now, 0.5)
    assert call(limiter, "x", Budget(20, 20 - used, 30.0, used)) == 0.0
    assert (limiter.take("x") == 0.0) == (used < 10)


def test_buckets_of_one_limit_are_one_until_the_counts_contradict() -> None:
    clock = Clock()
    limiter = Limiter({"": (600, MINUTE)}, clock.now, 0.5, counts_together=True)
    assert call(limiter, "/a", Budget(8, 7, 50.0, 1)) == 0.0
    clock.time += 1
    assert call(limiter, "/b", Budget(8, 6, 49.0, 2)) == 0.0
    assert call(limiter, "/b", Budget(8, 5, 49.0, 3)) == 0.0
    clock.time += 1
    assert call(limiter, "/c", Budget(8, 7, 48.0, 1)) == 0.0, "a lower count in the same minute: another budget"
    assert call(limiter, "/c", Budget(8, 6, 48.0, 2)) == 0.0
    assert call(limiter, "/c", Budget(8, 5, 48.0, 3)) == 0.0
    assert limiter.take("/a") > 0, "the calls of either may be in its own budget"
    assert call(limiter, "/b", Budget(8, 4, 48.0, 4)) == 0.0
    assert limiter.take("/b") > 0, "with /a it has had its four"
    assert call(limiter, "/d", Budget(100, 99, 48.0, 1)) > 0, "it may be any of them"


def test_githubs_audit_log_is_counted_with_the_rest_where_the_server_does_so() -> None:
    """GitHub Enterprise Server and proxies before GitHub need not give the audit log a budget of its own."""
    clock = Clock()
    limiter = Limiter(GITHUB.defaults, clock.now, 0.1, counts_together=GITHUB.counts_together)
    for used in (1, 2, 3):
        assert call(limiter, "core", Budget(40, 40 - used, 3600.0, used)) == 0.0
    assert call(limiter, "audit_log", Budget(40, 36, 3600.0, 4)) == 0.0
    assert limiter.take("core") > 0
    assert limiter.take("audit_log") > 0


def test_a_bucket_of_the_longest_prefix() -> None:
    limiter = Limiter({"": (100, MINUTE), "/users": (10, MINUTE)}, Clock().now)
    for name in ("/users/1", "/apps"):
        call(limiter, name)
    assert (limiter.allowance("/users/1"), limiter.allowance("/apps")) == ((5, 10), (50, 100))


def test_what_nothing_is_known_of_is_not_limited() -> None:
    limiter = settled(Limiter({}, Clock().now), "x")
    assert [limiter.take("x") for _ in range(500)] == [0.0] * 500


@pytest.mark.parametrize("first", range(6))
def test_two_runs_in_one_window_keep_the_share_together(tmp_path: Path, first: int) -> None:
    clock, book = Clock(), FileBook(tmp_path / "limits" / "x.json")
    one = Limiter({"": (10, MINUTE)}, clock.now, book=book)
    for _ in range(first):
        assert call(one, "x") == 0.0
        clock.time += 8
    one.save()
    two = Limiter({"": (10, MINUTE)}, clock.now, book=book)
    assert [call(two, "x") for _ in range(10)].count(0.0) == 5 - first
    two.save()
    clock.time += MINUTE + 2 - (8 * first)
    three = Limiter({"": (10, MINUTE)}, clock.now, book=book)
    assert [call(three, "x") for _ in range(10)].count(0.0) == (1 if first else 5), (
        "one call of the first run is a minute old"
    )
    clock.time += MINUTE + 2
    assert call(Limiter({"": (10, MINUTE)}, clock.now, book=book), "x") == 0.0


def test_a_call_on_its_way_at_the_end_of_a_run_is_counted(tmp_path: Path) -> None:
    clock, book = Clock(), FileBook(tmp_path / "x.json")
    one = Limiter({"": (2, MINUTE)}, clock.now, book=book)
    assert one.take("x") == 0.0
    one.save()
    assert Limiter({"": (2, MINUTE)}, clock.now, book=book).take("x") > 0


@pytest.mark.parametrize("set_back", [3600.0, 10 * 365 * 86_400.0])
def test_a_clock_that_was_set_back_since_makes_nobody_wait_for_years(tmp_path: Path, set_back: float) -> None:
    clock, book = Clock(), FileBook(tmp_path / "x.json")
    clock.time += set_back
    one = Limiter({"": (2, MINUTE)}, clock.now, book=book)
    assert call(one, "x") == 0.0
    one.save()
    clock.time -= set_back
    assert Limiter({"": (2, MINUTE)}, clock.now, book=book).take("x") <= 7200


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"x": 1}',
        '{"x": [1]}',
        '{"x": [10, 1000060.0, 4]}',
        '{"x": ["a", 60, 0, 1, 2, true, []]}',
        '{"x": [10, 60, 0, NaN, 2, true, []]}',
        '{"x": [10, 60, 0, 1e400, 2, true, []]}',
        '{"x": [10, 60, 0, 1, 2, true, [[1]]]}',
        '{"x": [10, 60, 0, 1, 2, true, 5]}',
    ],
)
def test_a_damaged_book_counts_as_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    assert FileBook(path).load() == {}


def test_a_late_answer_does_not_end_the_window_that_began_meanwhile() -> None:
    clock = Clock()
    limiter = Limiter({"": (4, 3600.0)}, clock.now)
    assert call(limiter, "x", Budget(4, 3, 600.0, 1)) == 0.0
    assert limiter.take("x") == 0.0
    clock.time += 601
    other = threading.Thread(target=lambda: call(limiter, "x", Budget(4, 3, 3600.0, 1)))
    other.start()
    other.join(0.2)
    limiter.done("x", Budget(4, 2, 1.0, 2))
    other.join()
    clock.time += 3
    assert limiter.take("x") > 0.0
    clock.time += 3600
    assert limiter.take("x") == 0.0
