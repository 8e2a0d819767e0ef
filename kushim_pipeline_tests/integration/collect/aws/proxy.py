"""A real HTTP server between boto3 and moto: counts calls, remembers what it gave out, breaks what a test names."""

import hashlib
import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from kushim_pipeline.collect.aws.permissions import BEHIND, permission
from kushim_pipeline.sandbox import rest_calls
from kushim_pipeline.sandbox.aws_answers import MOTO_HAS
from kushim_pipeline.sandbox.aws_answers import answered as answered_by_the_sandbox
from kushim_pipeline.sandbox.estate import Account, Region
from kushim_pipeline.sandbox.gate_calls import identify

_S3 = {
    "acl": "GetBucketAcl",
    "encryption": "GetBucketEncryption",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "object-lock": "GetObjectLockConfiguration",
    "policy": "GetBucketPolicy",
    "policyStatus": "GetBucketPolicyStatus",
    "publicAccessBlock": "GetPublicAccessBlock",
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
}
# The name that requests are signed for -> boto3's name of the service.
_NAMES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")


@dataclass(frozen=True)
class Request:
    """A request as it came from boto3."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The API's operation name, from what each protocol puts it in."""
        target = self.headers.get("x-amz-target")
        if target:
            return target.rsplit(".", 1)[-1]
        form = parse_qs(self.body.decode("utf-8", "replace"))
        if "Action" in form:
            return form["Action"][0]
        parts = urlsplit(self.path)
        if self.service in rest_calls.SERVICES:
            return rest_calls.operation_of(self.service, self.method, parts.path) or "unknown"
        if parts.path.startswith("/v20180820/"):
            return "GetAccountPublicAccessBlock"
        if parts.path == "/":
            return "ListBuckets"
        return next((_S3[key] for key in parse_qs(parts.query, keep_blank_values=True) if key in _S3), "unknown")

    @property
    def service(self) -> str:
        """The name of the service that the request is signed for."""
        found = _SCOPE.search(self.headers.get("authorization", ""))
        return found[3] if found else ""

    @property
    def region(self) -> str:
        """The region that the request is signed for."""
        found = _SCOPE.search(self.headers.get("authorization", ""))
        return found[2] if found else ""


@dataclass(frozen=True)
class Response:
    """An answer, of moto or of a fault."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    """Send only so many bytes, though Content-Length promises all."""


Fault = Callable[[Request, Callable[[], Response]], Response]
"""Gets the request, and a function that asks moto; gives what boto3 is to see."""


@dataclass
class Proxy:
    """What the test sees of the server."""

    url: str
    calls: list[tuple[str, str]] = field(default_factory=list)
    """(operation, region) of every request."""
    bodies: set[str] = field(default_factory=set)
    """SHA-256 of every body that was handed out."""
    requests: list[Request] = field(default_factory=list)
    faults: list[tuple[str, str | None, Fault]] = field(default_factory=list)

    def fail(self, operation: str, fault: Fault, *, region: str | None = None) -> None:
        """From now on this operation (in this region) answers as `fault` says."""
        self.faults.append((operation, region, fault))

    def actions(self) -> set[str]:
        """The IAM actions that the calls needed."""
        found: set[str] = set()
        for request in self.requests:
            service = _NAMES.get(request.service, request.service)
            account = request.operation == "GetAccountPublicAccessBlock"
            action = (
                permission("s3control", "GetPublicAccessBlock") if account else permission(service, request.operation)
            )
            found |= {action} | BEHIND.get(action, set())
        return found

    def count(self) -> Counter[str]:
        """Calls by operation."""
        return Counter(operation for operation, _ in self.calls)


def answered(status: int, body: str, **headers: str) -> Fault:
    """A fault that always answers this."""
    return lambda request, upstream: Response(status, body.encode(), headers)


def error(status: int, code: str, message: str = "injected") -> Fault:
    """A fault that answers an AWS error in the protocol of the request."""

    def fault(request: Request, upstream: Callable[[], Response]) -> Response:
        if "x-amz-target" in request.headers or request.service in rest_calls.SERVICES - {"cloudfront"}:
            body = f'{{"__type":"{code}","message":"{message}"}}'
            return Response(status, body.encode(), {"x-amzn-errortype": code})
        if request.service == "s3":
            return Response(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())
        if "/ec2/" in request.headers.get("authorization", ""):
            inner = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            return Response(status, f"<Response>{inner}<RequestID>r</RequestID></Response>".encode())
        inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return Response(status, f"<ErrorResponse>{inner}<RequestId>r</RequestId></ErrorResponse>".encode())

    return fault


def changed(change: Callable[[bytes], bytes]) -> Fault:
    """A fault that alters what moto answers."""

    def fault(request: Request, upstream: Callable[[], Response]) -> Response:
        answer = upstream()
        return Response(answer.status, change(answer.body), answer.headers)

    return fault


BARE = Account(account_id="123456789012", regions={"us-east-1": Region(), "eu-west-1": Region()})


def serve(upstream: str, estate: Account = BARE) -> tuple[Proxy, Callable[[], None]]:
    """Start a proxy on a free loopback port. Out: the proxy, and a function that stops it.

    What moto does not answer, the sandbox does, for `estate`.
    """
    host = urlsplit(upstream).netloc
    local = threading.local()
    lock = threading.Lock()

    def forward(request: Request) -> Response:
        headers = {"Authorization": request.headers.get("authorization", "")}
        if target := request.headers.get("x-amz-target"):
            headers["X-Amz-Target"] = target
        call = identify(request.method, request.path, headers, request.body)
        reply = None if call.name in MOTO_HAS else answered_by_the_sandbox(call, estate, {}, datetime.now(UTC))
        if reply is not None:
            return Response(reply.status, reply.body, dict(reply.headers))
        # Keeps its connection to moto: a new one each call would be most of the time.
        for _ in range(2):
            if getattr(local, "connection", None) is None:
                local.connection = http.client.HTTPConnection(host, timeout=30)
            try:
                local.connection.request(request.method, request.path, request.body, request.headers)
                answer = local.connection.getresponse()
                body = answer.read()
                skip = {"connection", "content-length", "date", "server", "transfer-encoding"}
                kept = {k: v for k, v in answer.getheaders() if k.lower() not in skip}
                return Response(answer.status, body, kept)
            except (http.client.HTTPException, ConnectionError):
                local.connection = None
        raise ConnectionError("moto does not answer")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            operation, region = request.operation, request.region
            with lock:
                proxy.calls.append((operation, region))
                proxy.requests.append(request)
                faults = [f for name, place, f in proxy.faults if name == operation and place in (None, region)]
            answer = faults[-1](request, lambda: forward(request)) if faults else forward(request)
            with lock:
                proxy.bodies.add(hashlib.sha256(answer.body).hexdigest())
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut_at])
            if answer.cut_at is not None:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any  # noqa: N815 # the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return proxy, stop
