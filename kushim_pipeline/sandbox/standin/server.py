"""A stand-in as a real HTTP server on loopback, with a ledger of its own."""

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import orjson

from kushim_pipeline.sandbox.standin.faults import Fault, Strikes
from kushim_pipeline.sandbox.standin.handler import Sent, handler
from kushim_pipeline.sandbox.standin.paging import window
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request, Vendor

SMALL = 1000  # bytes of a body below which no server bothers to compress
_HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>\n"


@dataclass(frozen=True)
class Asked:
    """One request as the stand-in saw it. `caller` is empty for a credential that it does not know; `at` is seconds on
    a monotonic clock; `bucket` the budget that it counted against; `body_sha` the SHA-256 of a body, if it had one."""

    method: str
    path: str
    query: str
    caller: str
    status: int
    at: float
    bucket: str = ""
    body_sha: str = ""


@dataclass
class _Window:
    """What one caller used of one budget, until when."""

    reset_at: float
    used: int = 0


class Standin:
    """A running stand-in. `url` is its base URL; `ledger` what was asked so far, oldest first."""

    def __init__(
        self,
        vendor: Vendor,
        port: int,
        base_path: str,
        faults: Sequence[Fault],
        aliases: Mapping[str, str],
        now: Callable[[], float],
    ) -> None:
        self._vendor = vendor
        self._base_path = base_path.rstrip("/")
        self._aliases = aliases
        self._strikes = Strikes(faults)
        self._now = now
        self._query_of: Callable[[Request], str] | None = getattr(vendor, "query", None)
        self._tag_of: Callable[[Request, bytes], str] | None = getattr(vendor, "tag", None)
        self._lock = threading.Lock()
        self._asked: list[Asked] = []
        self._windows: dict[tuple[str, str], _Window] = {}
        self._open: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._http = _Http(("127.0.0.1", port), handler(self.answer, self._open, self._stopping))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}{self._base_path}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def ledger(self) -> tuple[Asked, ...]:
        with self._lock:
            return tuple(self._asked)

    def set_faults(self, faults: Sequence[Fault]) -> None:
        """From the next request on these faults and no others, their calls counted from the start."""
        self._strikes = Strikes(faults)

    def stop(self) -> None:
        """Stop listening and close every connection. Answers that are held back end at once."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by the other end meanwhile
        self._thread.join(timeout=5)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """The answer to one request, noted in the ledger."""
        full, _, query = target.partition("?")
        below = full == self._base_path or full.startswith(f"{self._base_path}/")
        path = full[len(self._base_path) :] if below else self._aliases.get(full, full)
        request = Request(method, path, dict(parse_qsl(query, keep_blank_values=True)), body, headers, self.url)
        query = self._query_of(request) if self._query_of else query
        fault = self._strikes.at(path, query)
        caller = self._vendor.caller(request)
        budget = self._vendor.budget(request)
        used, reset_at, is_spent = self._spend(caller, budget)
        request = replace(request, used=used, reset_at=reset_at, fault=fault)
        if budget and is_spent:
            fault = None
            reply = self._vendor.limited(request, budget, max(0.0, reset_at - self._now()))
        elif fault and fault.kind == "status":
            reply = self._vendor.fault(fault.status, fault.message)
        elif not below and full not in self._aliases:
            reply = self._vendor.fault(404, "Not Found")
        else:
            reply = self._vendor.respond(request)
        sent = self._sent(request, reply, fault)
        if sent.status == 304:
            used = self._give_back(caller, budget)
        standing = self._vendor.headers(request, budget, used, reset_at)
        asked = Asked(
            method,
            path,
            query,
            caller,
            sent.status,
            time.monotonic(),
            budget.bucket if budget else "",
            hashlib.sha256(body).hexdigest() if body else "",
        )
        with self._lock:
            self._asked.append(asked)
        ordered = _ordered(request, fault) if fault and fault.kind in ("status", "headers") else {}
        return replace(sent, headers=_over(standing, sent.headers, ordered))

    def _spend(self, caller: str, budget: Budget | None) -> tuple[int, float, bool]:
        """Count a request. Out: what is used, when it is reset, whether there was nothing left for this request."""
        if budget is None:
            return 0, 0.0, False
        now = self._now()
        with self._lock:
            found = self._windows.get((caller, budget.bucket))
            if found is None or now >= found.reset_at:
                found = self._windows[caller, budget.bucket] = _Window(now + budget.seconds)
            if found.used + budget.cost > budget.limit:
                found.used = budget.limit  # the answer says that nothing is left: that is then true for cheaper ones
                return budget.limit, found.reset_at, True
            found.used += budget.cost
            return found.used, found.reset_at, False

    def _give_back(self, caller: str, budget: Budget | None) -> int:
        if budget is None:
            return 0
        with self._lock:
            found = self._windows[caller, budget.bucket]
            found.used = max(0, found.used - budget.cost)
            return found.used

    def _sent(self, request: Request, reply: Reply, fault: Fault | None) -> Sent:
        """The answer in bytes. Its headers are those of the reply alone."""
        kind = fault.kind if fault else ""
        if kind == "html":
            return _packed(request, Sent(200, _HTML, {"Content-Type": "text/html; charset=utf-8"}))
        if fault and kind == "body":
            return _packed(request, Sent(200, fault.body, _over({"Content-Type": _JSON}, _ordered(request, fault))))
        body, headers = reply.body, dict(reply.headers)
        if reply.page is not None:
            shown, following = window(reply.page.items, reply.page.start, reply.page.size, fault)
            body, beside = reply.page.show(shown, following)
            headers |= beside
        data = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        if kind == "truncate":
            data = data[: len(data) // 2]
        if self._tag_of and reply.status == 200 and kind not in ("truncate", "break_off", "silent", "slow"):
            tag = self._tag_of(request, data)
            headers = {**headers, "ETag": tag}
            if tag and tag in [text.strip() for text in request.headers.get("if-none-match", "").split(",")]:
                return Sent(304, b"", {"ETag": tag})  # no Link, as GitHub (and RFC 9110, section 15.4.5)
        if data and not isinstance(body, bytes):
            headers = {"Content-Type": _JSON, **headers}
        hold = fault if kind in ("break_off", "silent", "slow") else None
        return _packed(request, Sent(reply.status, data, headers, hold))


def start(
    vendor: Vendor,
    *,
    port: int = 0,
    base_path: str = "",
    faults: Sequence[Fault] = (),
    aliases: Mapping[str, str] | None = None,
    now: Callable[[], float] = time.time,
) -> Standin:
    """Start a stand-in on loopback, in threads of this process until `stop()`.

    In: the vendor; the port, 0 for a free one; what stands before the vendor's paths; what it does wrong; paths outside
    the base path -> the path below it that they mean; the clock of the budgets, in seconds since 1970.
    """
    return Standin(vendor, port, base_path, faults, aliases or {}, now)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


_JSON = "application/json; charset=utf-8"


def _json(body: Any) -> bytes:
    return orjson.dumps(body, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(type(value))


def _ordered(request: Request, fault: Fault) -> dict[str, str]:
    return {name: text.replace("{url}", request.url) for name, text in fault.headers.items()}


def _packed(request: Request, sent: Sent) -> Sent:
    """The answer as the client takes it: compressed if it says so."""
    accepts = "gzip" in request.headers.get("accept-encoding", "")
    if not accepts or len(sent.body) < SMALL or "content-encoding" in {name.casefold() for name in sent.headers}:
        return sent
    headers = {**sent.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(sent, body=gzip.compress(sent.body, 1, mtime=0), headers=headers)


def _over(*layers: Mapping[str, str]) -> dict[str, str]:
    """Headers, the later ones over the earlier ones whatever letters they are written in; empty ones left out."""
    merged = {name.casefold(): (name, text) for layer in layers for name, text in layer.items()}
    return {name: text for name, text in merged.values() if text}
