"""A gate between Kushim and moto, on loopback: it knows who may act where, and answers what moto cannot be told.

It hands every other request on as it is, and moto's answer back.
"""

import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from kushim_pipeline.sandbox.answers import Fault, after, before
from kushim_pipeline.sandbox.aws_answers import answered
from kushim_pipeline.sandbox.estate import Account
from kushim_pipeline.sandbox.gate_calls import Call, Reply, error, identify

_ISSUED = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_HANDED_ON = ("Content-Type", "x-amzn-ErrorType", "x-amzn-RequestId")


@dataclass(frozen=True)
class Door:
    """An account that can be reached: whose it is, the external id that its role wants, and what the manifest calls its
    resources (`[REGION/]KIND/NAME`) -> their ids."""

    tenant_id: str
    account: Account
    external_id: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Rules:
    """What a gate knows. `keys`: access key id -> tenant; `doors`: account id -> account."""

    keys: Mapping[str, str]
    doors: Mapping[str, Door]
    faults: Sequence[Fault] = ()
    sessions: dict[str, str] = field(default_factory=dict)
    """Access key ids that AssumeRole gave out -> account."""


class Gate:
    """A running gate. `url` is the endpoint for tenant files; `calls` counts what was asked, by account and call.

    `watch` is told of every call before it is answered, in the thread that answers it: it may hold the answer back.
    """

    def __init__(self, moto: str, rules: Rules) -> None:
        self._moto = urlsplit(moto).netloc
        self._rules = rules
        self._lock = threading.Lock()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.watch: Callable[[Call], None] = lambda call: None
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=5)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to one request."""
        call = identify(method, target, headers, body)
        self.watch(call)
        if call.name == "sts:AssumeRole":
            return self._assume(call, method, target, headers, body)
        account_id = self._rules.sessions.get(call.key, "")
        with self._lock:
            self.calls[account_id, call.name] += 1
        if not account_id:
            if call.key not in self._rules.keys:
                return error(
                    call, 403, "InvalidClientTokenId", "The security token included in the request is invalid."
                )
            # A tenant's own keys may assume its roles and nothing else.
            return error(
                call, 403, "AccessDenied", f"User: {self._user(call)} is not authorized to perform: {call.name}"
            )
        reply = before(call, account_id, self._rules.faults)
        if reply is None:
            door, now = self._rules.doors[account_id], datetime.now(UTC)
            reply = answered(call, door.account, door.names, now) or self._ask_moto(method, target, headers, body)
            reply = after(call, door.account, reply, self._rules.faults, now)
        return reply

    def _assume(self, call: Call, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        arn = call.parameter("RoleArn")
        account_id = arn.split(":")[4] if arn.count(":") >= 5 else ""
        door = self._rules.doors.get(account_id)
        with self._lock:
            self.calls[account_id, call.name] += 1
        tenant_id = self._rules.keys.get(call.key)
        if tenant_id is None:
            return error(call, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if (
            door is None
            or tenant_id != door.tenant_id
            or arn != door.account.role_arn
            or call.parameter("ExternalId") != door.external_id
            or any(fault.strikes(call, account_id) for fault in self._rules.faults)
        ):
            words = f"User: {self._user(call)} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            return error(call, 403, "AccessDenied", words)
        reply = self._ask_moto(method, target, headers, body)
        for key in _ISSUED.findall(reply.body):
            self._rules.sessions[key.decode()] = account_id
        return reply

    def _user(self, call: Call) -> str:
        return f"arn:aws:iam::999900009999:user/{self._rules.keys.get(call.key, 'nobody')}"

    def _ask_moto(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        # moto closes every connection after its answer, so each request has one of its own.
        connection = http.client.HTTPConnection(self._moto, timeout=60)
        try:
            sent = {
                name: value for name, value in headers.items() if name.lower() not in ("content-length", "connection")
            }
            connection.request(method, target, body or None, sent)
            answer = connection.getresponse()
            kept = {name: value for name in _HANDED_ON if (value := answer.headers.get(name))}
            return Reply(answer.status, answer.read(), kept)
        finally:
            connection.close()


def _handler(gate: Gate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "AmazonSandbox", ""
        wbufsize = -1  # one packet an answer
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                reply = gate.answer(self.command, self.path, self.headers, body)  # type: ignore[arg-type] # a Message has .get and .items
            except (OSError, http.client.HTTPException) as problem:
                reply = Reply(502, f"moto did not answer: {type(problem).__name__}".encode(), {})
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

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
