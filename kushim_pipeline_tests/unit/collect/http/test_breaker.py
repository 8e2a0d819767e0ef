from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.http.breaker import Breaker
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.patience import Patience

PATIENCE = Patience(give_up_after=3, cool_down=30.0)
EVENTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("failed", "answered")), st.floats(0, 40)))


def lets_through(breaker: Breaker, operation: str) -> bool:
    try:
        breaker.check(operation)
    except Unread:
        return False
    return True


@given(EVENTS)
def test_it_opens_after_failures_in_a_row_and_closes_with_an_answer(events: list[tuple[str, str, float]]) -> None:
    now = 0.0
    breaker = Breaker(PATIENCE, lambda: now)
    row: dict[str, int] = {}
    total, opened = 0, -1.0
    for operation, what, seconds in events:
        now += seconds
        if what == "failed":
            breaker.failed(operation)
            row[operation], total = row.get(operation, 0) + 1, total + 1
            opened = now if total >= 6 else -1.0
        else:
            breaker.answered(operation)
            row[operation], total, opened = 0, 0, -1.0
        given_up = row.get(operation, 0) >= 3
        is_open = opened >= 0 and now - opened < 30
        through = lets_through(breaker, operation)
        assert through == (not given_up and not is_open)
        if through and opened >= 0:
            opened = now


def test_one_call_tries_the_door_after_the_cool_down() -> None:
    now = 0.0
    breaker = Breaker(PATIENCE, lambda: now)
    for n in range(6):
        breaker.failed(f"op-{n}")
    assert not lets_through(breaker, "other")
    now = 30.0
    assert [lets_through(breaker, "other") for _ in range(3)] == [True, False, False]
    breaker.answered("other")
    assert lets_through(breaker, "op-1")
