"""HTTP/1.1 with keep-alive, and the faults that a connection shows: silence, slowness, breaking off."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import cast

from kushim_pipeline.sandbox.standin.faults import Fault

WITHOUT_BODY = (204, 304)


@dataclass(frozen=True)
class Sent:
    """An answer ready to be sent. `hold`: the fault that delays or cuts it."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    hold: Fault | None = None


Answer = Callable[[str, str, Mapping[str, str], bytes], Sent]
_REASONS = {status.value: status.phrase for status in HTTPStatus}


def handler(answer: Answer, connections: set[socket.socket], stopping: Event) -> type[BaseHTTPRequestHandler]:
    """What handles a connection. In: what answers (method, target, headers in small letters, body); the set that it is
    to keep the open connections in; what is set when answers are no longer to be held back."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer: header and body apart would wait for each other's acknowledgement
        disable_nagle_algorithm = True
        connection: socket.socket

        def reply(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            sent = answer(self.command, self.path, headers, self._body(headers))
            hold = sent.hold
            if hold and hold.kind == "silent":
                stopping.wait(hold.seconds)
                self.close_connection = True
                return
            head = [f"HTTP/1.1 {sent.status} {_REASONS.get(sent.status, '')}", f"Date: {self.date_time_string()}"]
            head += [f"{name}: {text}" for name, text in sent.headers.items()]
            body = b"" if sent.status in WITHOUT_BODY else sent.body
            if sent.status not in WITHOUT_BODY:
                head.append(f"Content-Length: {len(body)}")
            if self.close_connection:
                head.append("Connection: close")
            self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1"))
            half = len(body) // 2 if hold else len(body)
            if self.command != "HEAD":
                self.wfile.write(body[:half])
            self.wfile.flush()
            if hold and hold.kind == "break_off":
                self.close_connection = True
            elif hold:
                stopping.wait(hold.seconds)
                self.wfile.write(body[half:])

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = reply

        def _body(self, headers: Mapping[str, str]) -> bytes:
            if headers.get("transfer-encoding", "").casefold() != "chunked":
                return self.rfile.read(int(headers.get("content-length") or 0))
            parts = []
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                continue  # trailers, which say nothing here
            return b"".join(parts)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing: the ledger is the log."""

        def setup(self) -> None:
            super().setup()
            connections.add(cast(socket.socket, self.request))

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def finish(self) -> None:
            connections.discard(cast(socket.socket, self.request))
            try:
                super().finish()
            except (ConnectionError, ValueError):
                return

    return Handler
