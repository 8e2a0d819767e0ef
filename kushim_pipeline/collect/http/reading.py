"""What the streams of one connection share while they are read: the client, the threads, answers that several need.

An answer that several streams need is asked for once and kept in the receipt of each: every receipt stands alone.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Asked, Keep, Known, Unread, known_to
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.evidence.receipt import Reason

T = TypeVar("T")

AT_ONCE = 8
"""As many as any source has threads."""


class Once(Generic[T]):
    """A read that happens at most once, whichever stream or thread wants it first."""

    def __init__(self, read: Callable[[Keep], T]) -> None:
        """In: the read; it reports the bytes it gets to the Keep that it is handed, and may raise Unread."""
        self._read = read
        self._lock = threading.Lock()
        self._value: T | None = None
        self._trouble: Unread | None = None
        self._tape: list[Callable[[Keep], object]] | None = None

    def get(self, keep: Keep) -> T:
        """The value. Its bytes are reported to `keep`. Raises the Unread that the read raised."""
        with self._lock:
            if self._tape is None:
                self._first(keep)
            else:
                for kept in self._tape:
                    kept(keep)
        if self._trouble is not None:
            raise Unread(self._trouble.reason, self._trouble.operation, self._trouble.message)
        return self._value  # type: ignore[return-value] # read() returned it

    def _first(self, keep: Keep) -> None:
        noting = _Noting(keep)
        try:
            self._value = self._read(noting)
        except Unread as trouble:
            self._trouble = trouble
        self._tape = noting.tape


class _Noting:
    """Keeps in a receipt, and notes what was kept for those of others. It knows what the receipt's unit knows."""

    def __init__(self, keep: Keep) -> None:
        self.tape: list[Callable[[Keep], object]] = []
        self._keep = keep

    def __call__(self, body: bytes, **asked: Any) -> str:
        digest = self._keep(body, **asked)
        self.tape.append(lambda other: other(body, **asked))
        return digest

    def known(self, asked: Asked) -> Known | None:
        return known_to(self._keep, asked)


@dataclass
class Reading:
    """One run over a connection. `account`: the organisation, site or workspace; `memo` holds what streams share, by
    the name that its module gives it."""

    client: Client
    account: str
    pool: Executor
    memo: dict[str, Once[Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sample(self) -> bool:
        """Whether one resource of each fan-out is enough: it is only tried what can be read."""
        return self.client.pace.sample

    def once(self, name: str, read: Callable[[Keep], T]) -> Once[T]:
        """The shared read of this name."""
        with self._lock:
            return self.memo.setdefault(name, Once(read))

    def side_by_side(self, one: Callable[[T], None], items: Sequence[T]) -> None:
        """Do `one` for every item with the pool's threads; for the first, where a sample is enough. What it raises is
        raised here, and no further item is begun. Only a stream that fans out may call this: it waits for the threads.
        """
        wanted = items[:1] if self.sample else items
        waiting = iter(wanted)  # a thread takes the next, for a task an item costs as much as a small answer

        def work() -> None:
            try:
                for item in waiting:
                    one(item)
            finally:
                _exhaust(waiting)

        tasks = [self.pool.submit(work) for _ in wanted[:AT_ONCE]]
        try:
            for task in tasks:
                task.result()
        finally:
            _exhaust(waiting)


def _exhaust(waiting: Iterator[object]) -> None:
    for _ in waiting:
        pass


def report(c: Collection, trouble: Unread, resource_id: str | None = None) -> None:
    """Write trouble into a receipt: of one resource, or (None) of the whole listing."""
    if resource_id is None:
        c.problem(trouble.reason, trouble.operation, trouble.message)
    else:
        c.unreadable(resource_id, trouble.reason, trouble.operation, trouble.message)


@contextmanager
def noted(c: Collection, operation: str, resource_id: str) -> Iterator[None]:
    """What fails inside is noted for one resource alone, and its neighbours stand."""
    try:
        yield
    except Unread as trouble:
        report(c, trouble, resource_id)
    except OSError:
        raise  # the evidence store cannot be written: no resource's matter
    except Exception as error:  # noqa: BLE001 # a fault of ours in one resource leaves the others standing
        report(c, unexpected(operation, error), resource_id)


def unexpected(operation: str, error: Exception) -> Unread:
    """A fault of ours, in the words of a receipt."""
    return Unread(Reason.NOT_COLLECTED, operation, f"{type(error).__name__}: {error}")
