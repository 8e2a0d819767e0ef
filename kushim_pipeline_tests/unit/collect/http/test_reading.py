"""Items done side by side by a reading's threads: each once, none begun after one failed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.dialect import Dialect
from kushim_pipeline.collect.http.reading import AT_ONCE, Reading
from kushim_pipeline.collect.pace import Pace

THREADS = 3


def _reading(pool: ThreadPoolExecutor, *, sample: bool = False) -> Reading:
    client = Client("https://vendor.example", Dialect("Vendor"), lambda _: {}, pace=Pace(sample=sample))
    return Reading(client, "acme", pool)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as threads:
        yield threads


def test_every_item_is_done_once_by_all_threads(pool: ThreadPoolExecutor) -> None:
    done: list[int] = []
    together = threading.Barrier(THREADS, timeout=10)

    def one(item: int) -> None:
        if item < THREADS:
            together.wait()
        done.append(item)

    _reading(pool).side_by_side(one, range(100))
    assert sorted(done) == list(range(100))


@pytest.mark.parametrize("many", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1])
def test_few_items_are_done_too(pool: ThreadPoolExecutor, many: int) -> None:
    done: list[int] = []
    _reading(pool).side_by_side(done.append, range(many))
    assert sorted(done) == list(range(many))


def test_a_sample_is_the_first_item(pool: ThreadPoolExecutor) -> None:
    done: list[int] = []
    _reading(pool, sample=True).side_by_side(done.append, range(100))
    assert done == [0]


def test_what_one_item_raises_is_raised_and_no_further_item_begins() -> None:
    done: list[int] = []

    def one(item: int) -> None:
        done.append(item)
        if item == 2:
            raise OSError("no space left")

    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="no space left"):
        _reading(pool).side_by_side(one, range(100))
    assert done == [0, 1, 2]


def test_the_others_finish_the_item_that_they_have_when_one_fails(pool: ThreadPoolExecutor) -> None:
    done: list[int] = []
    begun = threading.Barrier(THREADS, timeout=10)

    def one(item: int) -> None:
        begun.wait()
        if item == 0:
            raise OSError("no space left")
        done.append(item)

    with pytest.raises(OSError, match="no space left"):
        _reading(pool).side_by_side(one, range(THREADS))
    pool.shutdown()
    assert sorted(done) == [1, 2]
