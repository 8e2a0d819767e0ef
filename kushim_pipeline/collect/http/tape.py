"""The answers that a receipt kept, played back: what stands in for the vendor when a unit is read again."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from kushim_pipeline.collect.http.call import Answer
from kushim_pipeline.collect.http.wire import Lost
from kushim_pipeline.evidence.receipt import Page

NOT_KEPT = "no answer to this call was kept"
_NOT_MODIFIED = 304
_FAILURES = 400


class Tape:
    """Answers by what was asked, in the order in which they came. Safe to use from several threads.

    A call that the receipt does not hold has no answer: nothing is invented, and none is given twice.
    """

    def __init__(self, pages: Iterable[Page], load: Callable[[str], bytes], mask: Callable[[str], str]) -> None:
        """In: the receipt's pages, what loads the bytes of a digest, and what takes secrets out of a text, as was done
        to the parameters of pages."""
        self._all = tuple(pages)
        self._load = load
        self._mask = mask
        self._lock = threading.Lock()
        self._pages: dict[bytes, deque[Page]] = defaultdict(deque)
        for page in self._all:
            self._pages[_key(page.parameters)].append(page)
        self.missed: list[str] = []
        self.broken: Exception | None = None

    def take(
        self, asked: Mapping[str, Any], operation: str | None = None, *, tries: bool = False
    ) -> tuple[Page, bytes] | None:
        """The next answer to a call, with its bytes; None where there is none (any more). Raises what loading does.

        `tries`: who asks does not try again, so a failure is passed over where another answer followed.
        """
        masked = {name: self._mask(value) if isinstance(value, str) else value for name, value in asked.items()}
        with self._lock:
            waiting = self._pages.get(_key(masked), deque())
            mine = [page for page in waiting if operation in (None, page.operation)]
            if not mine:
                self.missed.append(operation or str(asked.get("path")))
                return None
            page = mine[0]
            while tries and page.status >= _FAILURES and page is not mine[-1]:
                waiting.remove(page)
                page = mine[mine.index(page) + 1]
            waiting.remove(page)
        return page, self.bytes_of(page)

    def of(self, operation: str) -> list[Page]:
        """All pages of an operation, in the order in which they came."""
        return [page for page in self._all if page.operation == operation]

    def bytes_of(self, page: Page) -> bytes:
        """A page's bytes. What keeps them from being read is remembered: it is no fault of the vendor's."""
        try:
            return self._load(page.sha256)
        except Exception as error:
            self.broken = error
            raise

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """As `Wire.send`. Raises Lost for a call that the receipt does not hold."""
        parts = urlsplit(target)
        asked = {"path": parts.path, **dict(sorted(parse_qsl(parts.query, keep_blank_values=True)))}
        if body is not None:
            asked["body"] = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS).decode()
        found = self.take(asked)
        if found is None:
            raise Lost(NOT_KEPT)
        page, data = found
        # What a 304 says is kept as the bytes that still hold: whoever reads again has nothing to compare them with.
        status = 200 if page.status == _NOT_MODIFIED and data else page.status
        return Answer(status, {"content-type": "application/json", **page.headers}, data)

    def close(self) -> None:
        """Nothing is held open."""


def _key(asked: Mapping[str, Any]) -> bytes:
    return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
