"""The share of a vendor's budget: whatever threads, answers and clocks do, no window has more calls than allowed."""

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kushim_pipeline.collect.http.dialect import Budget
from kushim_pipeline.collect.http.limiter import FileBook, Limiter

WINDOW = 60.0
STEPS = st.lists(st.tuples(st.sampled_from(("take", "take", "done", "wait")), st.floats(0, 40)), max_size=120)


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time


@settings(max_examples=200)
@given(st.integers(1, 30), st.sampled_from((0.1, 0.5, 1.0)), STEPS)
def test_no_window_of_ours_has_more_calls_than_the_share(
    limit: int, share: float, steps: list[tuple[str, float]]
) -> None:
    clock = Clock()
    limiter = Limiter({"": (limit, WINDOW)}, clock.now, share)
    allowed, ends, sent, flying = max(1, int(limit * share)), clock.now() + WINDOW, 0, 0
    for what, seconds in steps:
        if what == "wait":
            clock.time += seconds
        elif what == "done" and flying:
            limiter.done("x", None)
            flying -= 1
        elif what == "take":
            if clock.now() >= ends or (sent, flying) == (0, 0):
                sent, ends = flying, clock.now() + WINDOW
            wait = limiter.take("x")
            assert (wait == 0.0) == (sent < allowed)
            assert wait <= WINDOW
            if wait == 0.0:
                sent, flying = sent + 1, flying + 1


def test_threads_share_one_count() -> None:
    limiter = Limiter({"": (100, WINDOW)}, Clock().now, 0.5)
    taken: list[float] = []

    def take() -> None:
        for _ in range(30):
            taken.append(limiter.take("x"))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(0.0) == 50


def test_the_vendors_word_replaces_the_default_and_others_use_stops_us() -> None:
    clock = Clock()
    limiter = Limiter({"": (1000, WINDOW)}, clock.now)
    assert limiter.take("x") == 0.0
    limiter.done("x", Budget(10, 9, 30.0))
    assert limiter.allowance("x") == (5, 10)
    assert limiter.take("x") == 0.0
    limiter.done("x", Budget(10, 0, 30.0))
    assert limiter.take("x") > 0.0, "others have spent what there was"
    clock.time += 32
    assert limiter.take("x") == 0.0


def test_a_bucket_of_the_longest_prefix() -> None:
    limiter = Limiter({"": (100, WINDOW), "/users": (10, WINDOW)}, Clock().now)
    for name in ("/users/1", "/apps"):
        limiter.take(name)
    assert (limiter.allowance("/users/1"), limiter.allowance("/apps")) == ((5, 10), (50, 100))


def test_what_nothing_is_known_of_is_not_limited() -> None:
    limiter = Limiter({}, Clock().now)
    assert [limiter.take("x") for _ in range(500)] == [0.0] * 500


@pytest.mark.parametrize("first", range(6))
def test_two_runs_in_one_window_keep_the_share_together(tmp_path: Path, first: int) -> None:
    clock, book = Clock(), FileBook(tmp_path / "limits" / "x.json")
    one = Limiter({"": (10, WINDOW)}, clock.now, book=book)
    for _ in range(first):
        assert one.take("x") == 0.0
        one.done("x", None)
    one.save()
    clock.time += 10
    two = Limiter({"": (10, WINDOW)}, clock.now, book=book)
    assert [two.take("x") for _ in range(10)].count(0.0) == 5 - first
    clock.time += WINDOW
    assert Limiter({"": (10, WINDOW)}, clock.now, book=book).take("x") == 0.0


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', '{"x": ["a", 1, 2]}', '{"x": [1]}'])
def test_a_damaged_book_counts_as_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    assert FileBook(path).load() == {}


def test_a_late_answer_does_not_end_the_window_that_began_meanwhile() -> None:
    clock = Clock()
    limiter = Limiter({"": (4, WINDOW)}, clock.now)
    assert limiter.take("x") == 0.0
    clock.time += WINDOW
    other = threading.Thread(target=limiter.take, args=("x",))
    other.start()
    other.join()
    limiter.done("x", Budget(4, 2, 1.0))
    clock.time += 3
    assert limiter.take("x") > 0.0
    clock.time += WINDOW
    assert limiter.take("x") == 0.0
