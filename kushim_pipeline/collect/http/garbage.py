"""How often Python looks for cyclic garbage while pages are read.

A page is tens of thousands of new dictionaries, none of them in a cycle, gone a moment later. Python's collector would
look through all of them, every few hundred: a tenth of what a collection costs.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 100_000
"""So many are made before the collector looks: more than a page is, and few enough to hold in memory twice."""

_lock = threading.Lock()
_readings = 0
_usual = gc.get_threshold()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """While this lasts, in any thread, the collector looks through new objects seldom; then as before."""
    global _readings, _usual
    with _lock:
        if not _readings:
            _usual = gc.get_threshold()
            if 0 < _usual[0] < NEW_OBJECTS:
                gc.set_threshold(NEW_OBJECTS, *_usual[1:])
        _readings += 1
    try:
        yield
    finally:
        with _lock:
            _readings -= 1
            if not _readings:
                gc.set_threshold(*_usual)
