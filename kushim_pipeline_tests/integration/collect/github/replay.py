"""Recorded answers of the real API, served again on loopback at the paths they were recorded at."""

import gzip
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

RECORDINGS = Path(__file__).parents[5] / "shared" / "recordings"
# Headers that belong to the connection they were recorded on.
_OF_THE_CONNECTION = {"transfer-encoding", "content-encoding", "content-length", "connection", "keep-alive"}

Place = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Recorded:
    """One recorded GET. `origin` is the session that it was recorded in."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    origin: str


def recordings(name: str) -> list[dict[str, Any]]:
    """The lines of a file of recordings; empty where the folder is absent."""
    path = RECORDINGS / name
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def answers() -> list[Recorded]:
    """Every recorded GET of github.jsonl.gz."""
    return [
        Recorded(line["url"], line["status"], line["headers"], line["body"].encode(), line["origin"])
        for line in recordings("github.jsonl.gz")
        if line["method"] == "GET"
    ]


def place(url: str) -> Place:
    """What a URL asks for, without the size of its pages, which is ours to choose."""
    parts = urlsplit(url)
    return parts.path, tuple(sorted(pair for pair in parse_qsl(parts.query) if pair[0] != "per_page"))


class Replay:
    """Serves recordings. `/r7/...` is a world of its own in which the first request gets recording 7, and every later
    one what was recorded for its path in the same session; anything else is a 404."""

    def __init__(self, recorded: list[Recorded]) -> None:
        self._recorded = recorded
        self._by_place: dict[tuple[str, Place], Recorded] = {}
        for each in recorded:
            self._by_place.setdefault((each.origin, place(each.url)), each)
        self._begun: set[int] = set()
        self._lock = threading.Lock()
        self.served: dict[int, list[Recorded]] = {}
        self.url = ""

    def find(self, target: str) -> tuple[str, Recorded | None]:
        """The world's path and the recording for a request."""
        found = re.fullmatch(r"/r(\d+)(/.*)", target)
        if not found:
            return "", None
        number = int(found[1])
        first = self._recorded[number]
        with self._lock:
            if number in self._begun:
                answer = self._by_place.get((first.origin, place(found[2])))
            else:
                self._begun.add(number)
                answer = first
            if answer:
                self.served.setdefault(number, []).append(answer)
        return f"/r{number}", answer


@contextmanager
def serving(recorded: list[Recorded]) -> Iterator[Replay]:
    """Serve recordings while the block runs."""
    replay = Replay(recorded)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            world, answer = replay.find(self.path)
            body = answer.body if answer else b'{"message":"Not Found"}'
            self.send_response_only(answer.status if answer else 404)
            for name, value in (answer.headers if answer else {}).items():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value.replace("https://api.github.com", replay.url + world))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    replay.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
