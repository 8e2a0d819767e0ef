"""Pages of lists, cut where a page is shown: nothing but its own items is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from kushim_pipeline.sandbox.standin.faults import Fault


class Shown(list[Any]):
    """The items of one page. `total`: how many items the whole list has, as far as the stand-in admits."""

    def __init__(self, items: Sequence[Any], total: int) -> None:
        super().__init__(items)
        self.total = total


@dataclass(frozen=True)
class Page:
    """A page of a list: `size` of its items from `start` on.

    `show` writes it as the vendor does. In: the items of the page, the start of the next page (None: there is none).
    Out: the JSON body, and headers that go with it.
    """

    items: Sequence[Any]
    start: int
    size: int
    show: Callable[[Shown, int | None], tuple[Any, Mapping[str, str]]]


class Made(Sequence[Any]):
    """A list whose items are made when somebody looks at them. In: how many there are, and item number n (from 0)."""

    def __init__(self, count: int, make: Callable[[int], Any]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._make(n) for n in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._make(index % self._count)


def each(items: Sequence[Any], make: Callable[[Any], Any]) -> Made:
    """What `make` makes of the items, each when somebody looks at it."""
    return Made(len(items), lambda n: make(items[n]))


def window(items: Sequence[Any], start: int, size: int, fault: Fault | None) -> tuple[Shown, int | None]:
    """What a page shows, and the start of the next one, with what a fault does to pages."""
    kind = fault.kind if fault else ""
    total = 0 if kind == "empty" else len(items)
    if fault and kind == "cut_pages":
        total = min(total, fault.pages * size)
    following = start + size if start + size < total else None
    if kind == "loop":
        following = start
    begin = max(0, start - size) if kind == "repeat" else start
    return Shown(items[begin : max(begin, min(begin + size, total))], total), following
