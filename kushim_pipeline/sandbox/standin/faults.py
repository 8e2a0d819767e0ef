"""What a stand-in can be told to do wrong, as plain data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Literal

Kind = Literal[
    "status",  # answers `status` with the vendor's error body and `message`, and with `headers`
    "html",  # answers 200 with a page of HTML
    "body",  # answers 200 with the bytes of `body` and with `headers` ({url}: the base URL), without links of its own
    "truncate",  # sends half the JSON as if it were all
    "break_off",  # sends half the JSON, then closes the connection
    "silent",  # answers nothing until `seconds` are over
    "slow",  # sends half the JSON, and the rest after `seconds`
    "headers",  # sends `headers` with the right answer; an empty value takes a header away
    "loop",  # leads from every page to itself
    "repeat",  # sends from the second page on the page before
    "cut_pages",  # knows `pages` pages of a list and nothing of the rest
    "empty",  # sends an empty list
]


@dataclass(frozen=True)
class Fault:
    """One fault. `path_pattern` (fnmatch) is held against the path below the base path with its query, such as
    `/orgs/acme/members?per_page=100*`; a vendor whose requests say in their body what they want shows that as the
    query. `nth_call` is the matching call that it strikes (1 is the first), `every` each n-th one; neither: all."""

    path_pattern: str
    kind: Kind
    nth_call: int | None = None
    every: int | None = None
    status: int = 500
    message: str = "Server Error"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 5.0
    pages: int = 1

    def strikes(self, call: int) -> bool:
        """Whether it strikes its matching call number `call`."""
        if self.nth_call is not None:
            return call == self.nth_call
        return self.every is None or call % self.every == 0


class Strikes:
    """Which fault strikes a call. Counts the calls that each fault's pattern matches."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._calls: Counter[int] = Counter()
        self._lock = Lock()

    def at(self, path: str, query: str) -> Fault | None:
        """The first fault that strikes this call, if any does."""
        if not self._faults:
            return None
        target = f"{path}?{query}" if query else path
        struck = None
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fnmatchcase(target, fault.path_pattern):
                    self._calls[index] += 1
                    if struck is None and fault.strikes(self._calls[index]):
                        struck = fault
        return struck
