"""Recorded answers of the real API, served again on loopback at the paths they were recorded at.

`/r7/...` is a world of its own, in which the first request gets recording 7, and every later one what was recorded for
its path in the same session; anything else is a 404.
"""

import gzip
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from kushim_pipeline.sandbox.standin.server import Standin, start
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

RECORDINGS = Path(__file__).parents[5] / "shared" / "recordings" / "okta.jsonl.gz"
# Headers that belong to the connection they were recorded on.
_OF_THE_CONNECTION = {"transfer-encoding", "content-encoding", "content-length", "connection", "keep-alive", "date"}
_HOST = re.compile(r"https://[a-z0-9.-]+\.okta(?:preview)?\.com")

Place = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Recorded:
    """One recorded GET. `origin` is the session that it was recorded in."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    origin: str


def answers() -> list[Recorded]:
    """Every recorded GET; none where the folder is absent."""
    if not RECORDINGS.is_file():
        return []
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        recorded = [json.loads(line) for line in lines]
    return [
        Recorded(line["url"], line["status"], _headers(line["headers"]), line["body"].encode(), line["origin"])
        for line in recorded
        if line["method"] == "GET"
    ]


def place(url: str) -> Place:
    """What a URL asks for, without the size of its pages, which is ours to choose."""
    parts = urlsplit(url)
    return parts.path, tuple(sorted(pair for pair in parse_qsl(parts.query) if pair[0] != "limit"))


class Replay:
    """A vendor that knows recordings only."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._recorded = recorded
        self._by_place = {(each.origin, place(each.url)): each for each in reversed(recorded)}
        self._lock = threading.Lock()
        self.served: dict[int, list[Recorded]] = {}

    def caller(self, request: Request) -> str:
        return "auditor"

    def budget(self, request: Request) -> Budget | None:
        return None

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        return {}

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        raise AssertionError("nothing is limited here")

    def fault(self, status: int, message: str) -> Reply:
        return Reply(status, {"errorCode": "E0000008"})

    def respond(self, request: Request) -> Reply:
        _, world, path = request.path.split("/", 2)
        number = int(world.removeprefix("r"))
        first = self._recorded[number]
        pairs = tuple(sorted(pair for pair in request.query.items() if pair[0] != "limit"))
        with self._lock:
            begun = number in self.served
            answer = self._by_place.get((first.origin, (f"/{path}", pairs))) if begun else first
            if answer is None:
                return self.fault(404, "")
            self.served.setdefault(number, []).append(answer)
        here = f"{request.url}/{world}"
        return Reply(answer.status, answer.body, {name: _HOST.sub(here, text) for name, text in answer.headers.items()})


@contextmanager
def serving(recorded: Sequence[Recorded]) -> Iterator[tuple[Replay, Standin]]:
    """Serve recordings while the block runs."""
    replay = Replay(recorded)
    server = start(replay)
    try:
        yield replay, server
    finally:
        server.stop()


def _headers(recorded: Mapping[str, str | list[str]]) -> dict[str, str]:
    return {
        name: text if isinstance(text, str) else ", ".join(text)
        for name, text in recorded.items()
        if name.lower() not in _OF_THE_CONNECTION
    }
