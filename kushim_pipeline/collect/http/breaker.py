"""The breaker of one tenant's connection: a vendor that only fails is left alone for a while."""

import threading
from collections import Counter
from collections.abc import Callable

from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.evidence.receipt import Reason


class Breaker:
    """Counts failures in a row, of each operation and of all. Safe to use from several threads."""

    def __init__(self, patience: Patience, now: Callable[[], float]) -> None:
        self._patience = patience
        self._now = now
        self._lock = threading.Lock()
        self._of_operation: Counter[str] = Counter()
        self._of_all = 0
        self._opened_at: float | None = None

    def check(self, operation: str) -> None:
        """Raise Unread for a call that would be in vain. After the cool-down one call is let through to see."""
        with self._lock:
            if self._of_operation[operation] >= self._patience.give_up_after:
                raise Unread(
                    Reason.NOT_COLLECTED,
                    operation,
                    f"not asked: this call failed {self._patience.give_up_after} times in a row",
                )
            if self._opened_at is None:
                return
            if self._now() - self._opened_at < self._patience.cool_down:
                raise Unread(
                    Reason.NOT_COLLECTED,
                    operation,
                    f"not asked: the last {self._of_all} calls of this connection failed, so it is left alone for "
                    f"{self._patience.cool_down:g} s",
                )
            self._opened_at = self._now()

    def failed(self, operation: str) -> None:
        """A call failed, all tries included."""
        with self._lock:
            self._of_operation[operation] += 1
            self._of_all += 1
            if self._of_all >= 2 * self._patience.give_up_after:
                self._opened_at = self._now()

    def answered(self, operation: str) -> None:
        """The vendor answered, whatever it said."""
        with self._lock:
            self._of_operation[operation] = 0
            self._of_all = 0
            self._opened_at = None
