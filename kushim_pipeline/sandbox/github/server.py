"""The stand-in as a real HTTP server on loopback, with a ledger of its own."""

import hashlib
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kushim_pipeline.sandbox.github import shapes
from kushim_pipeline.sandbox.github.faults import Fault, Strikes
from kushim_pipeline.sandbox.github.model import Description, Token
from kushim_pipeline.sandbox.github.paging import links, page_of
from kushim_pipeline.sandbox.github.routes import Reply, respond

HOUR = 3600


@dataclass(frozen=True)
class Asked:
    """One request as the stand-in saw it. `token_owner` is empty for a token that it does not know; `at` is seconds on
    a monotonic clock."""

    method: str
    path: str
    query: str
    token_owner: str
    status: int
    at: float


@dataclass(frozen=True)
class _Sent:
    """An answer ready to be sent. `hold`: the fault that delays or cuts it."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    hold: Fault | None = None


class Server:
    """A running stand-in. `url` is its base URL; `ledger` what was asked so far, oldest first."""

    def __init__(self, description: Description, port: int, base_path: str, faults: Sequence[Fault]) -> None:
        self._description = description
        self._tokens = {token.value: token for token in description.tokens}
        self._base_path = base_path.rstrip("/")
        self._strikes = Strikes(faults)
        self._lock = threading.Lock()
        self._asked: list[Asked] = []
        self._used: Counter[str] = Counter()
        self._reset = int(time.time()) + HOUR
        self.stopping = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}{self._base_path}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def ledger(self) -> tuple[Asked, ...]:
        with self._lock:
            return tuple(self._asked)

    def stop(self) -> None:
        """Stop listening. Answers that are held back end at once."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=5)

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> _Sent:
        """The answer to one request, noted in the ledger."""
        parts = urlsplit(target)
        token = self._token(headers.get("Authorization", ""))
        path = parts.path.removeprefix(self._base_path)
        fault = self._strikes.at(path, parts.query)
        reply = self._reply(method, parts.path, path, dict(parse_qsl(parts.query)), token, fault)
        sent = self._sent(reply, dict(parse_qsl(parts.query)), path, fault)
        rate = self._rate(token)
        if token and rate["X-RateLimit-Remaining"] == "-1":
            message = f"API rate limit exceeded for user ID {shapes.number(token.owner)}."
            rate["X-RateLimit-Remaining"] = "0"
            sent = _Sent(403, _json(shapes.error(403, message, "rest/overview/rate-limits-for-the-rest-api")), {})
        elif sent.status == 200 and headers.get("If-None-Match") == _etag(sent.body):
            sent = _Sent(304, b"", sent.headers)
        with self._lock:
            owner = token.owner if token else ""
            self._asked.append(Asked(method, path, parts.query, owner, sent.status, time.monotonic()))
        headers_sent = {
            "Content-Type": "application/json; charset=utf-8",
            "ETag": _etag(sent.body),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Request-Id": uuid.uuid4().hex[:20].upper(),
            **rate,
            **sent.headers,
        }
        return _Sent(sent.status, sent.body, {name: text for name, text in headers_sent.items() if text}, sent.hold)

    def _token(self, authorization: str) -> Token | None:
        kind, _, value = authorization.partition(" ")
        return self._tokens.get(value.strip()) if kind.casefold() in ("token", "bearer") else None

    def _rate(self, token: Token | None) -> dict[str, str]:
        limit = self._description.rate_limit if token else 60
        with self._lock:
            owner = token.owner if token else ""
            self._used[owner] += 1
            used = self._used[owner]
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(limit - used, -1 if token else 0)),
            "X-RateLimit-Used": str(min(used, limit)),
            "X-RateLimit-Reset": str(self._reset),
            "X-RateLimit-Resource": "core",
        }

    def _reply(
        self, method: str, full: str, path: str, query: Mapping[str, str], token: Token | None, fault: Fault | None
    ) -> Reply:
        if fault and fault.kind == "status":
            return Reply(fault.status, shapes.error(fault.status, fault.message), headers=fault.headers)
        if method != "GET" or (self._base_path and not full.startswith(f"{self._base_path}/")):
            return Reply(404, shapes.error(404, "Not Found"))
        reply = respond(self._description, token, path, query)
        if fault and reply.pages and fault.kind == "empty":
            return Reply(200, [])
        if fault and reply.pages and fault.kind == "cut_pages":
            known = fault.pages * len(page_of(reply.body, {**query, "page": "1"})[0])
            return Reply(200, reply.body[:known], pages=True, by_id=reply.by_id)
        return reply

    def _sent(self, reply: Reply, query: dict[str, str], path: str, fault: Fault | None) -> _Sent:
        kind = fault.kind if fault else ""
        body: Any = reply.body
        headers = dict(reply.headers)
        if reply.pages:
            if kind == "repeat" and int(query.get("page", "1")) > 1:
                shown = {**query, "page": str(int(query["page"]) - 1)}
                body = page_of(reply.body, shown)[0]
                _, number, last = page_of(reply.body, query)
            else:
                body, number, last = page_of(reply.body, query)
            headers["Link"] = links(f"{self.url}{reply.by_id}", query, number, last)
            if kind == "loop":
                headers["Link"] = f'<{self.url}{path}?{"&".join(f"{k}={v}" for k, v in query.items())}>; rel="next"'
        data = _json(body)
        if fault is None:
            return _Sent(reply.status, data, headers)
        if kind == "html":
            return _Sent(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})
        if kind == "body":
            return _Sent(200, fault.body, {k: v.replace("{url}", self.url) for k, v in fault.headers.items()})
        if kind == "truncate":
            return _Sent(reply.status, data[: len(data) // 2], headers)
        if kind == "headers":
            headers |= fault.headers
        return _Sent(reply.status, data, headers, fault if kind in ("break_off", "silent", "slow") else None)


def start(description: Description, *, port: int = 0, base_path: str = "", faults: Sequence[Fault] = ()) -> Server:
    """Start a stand-in on loopback. `port` 0 takes a free one; `base_path` is what GitHub Enterprise Server has before
    its paths (`/api/v3`). It runs in threads of this process until `stop()`."""
    return Server(description, port, base_path, faults)


_HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>\n"


def _json(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _etag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()}"'


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "GitHub.com", ""
        wbufsize = -1  # one packet an answer: header and body apart would wait for each other's acknowledgement
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            sent = server.answer(self.command, self.path, self.headers)  # type: ignore[arg-type] # a Message has .get
            hold = sent.hold
            self.close_connection = self.close_connection or self.command != "GET"  # its body was not read
            if hold and hold.kind == "silent":
                server.stopping.wait(hold.seconds)
                self.close_connection = True
                return
            self.send_response(sent.status)
            for name, value in sent.headers.items():
                self.send_header(name, value)
            if sent.status != 304:
                self.send_header("Content-Length", str(len(sent.body)))
            self.end_headers()
            half = len(sent.body) // 2 if hold else len(sent.body)
            self.wfile.write(sent.body[:half])
            self.wfile.flush()
            if hold and hold.kind == "break_off":
                self.close_connection = True
            elif hold:
                server.stopping.wait(hold.seconds)
                self.wfile.write(sent.body[half:])

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing: the ledger is the log."""

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (ConnectionError, ValueError):
                return

    return Handler
