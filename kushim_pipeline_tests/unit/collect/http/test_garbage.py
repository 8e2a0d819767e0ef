"""Python's collector of cyclic garbage is held back while pages are read, and only then."""

import gc

import pytest

from kushim_pipeline.collect.http.garbage import NEW_OBJECTS, seldom_collected


def test_it_looks_seldom_until_the_last_reading_is_over() -> None:
    usual = gc.get_threshold()
    with seldom_collected():
        with pytest.raises(OSError), seldom_collected():
            assert gc.get_threshold() == (NEW_OBJECTS, *usual[1:])
            raise OSError
        assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_threshold() == usual


@pytest.mark.parametrize("first", [0, NEW_OBJECTS + 1], ids=["never", "more-seldom"])
def test_who_has_it_look_more_seldom_keeps_that(first: int) -> None:
    usual = gc.get_threshold()
    gc.set_threshold(first, *usual[1:])
    try:
        with seldom_collected():
            assert gc.get_threshold()[0] == first
    finally:
        gc.set_threshold(*usual)
