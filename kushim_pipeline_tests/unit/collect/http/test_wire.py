"""The wire's caps against a server that does its worst: real sockets on loopback, small caps."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat

import pytest

from kushim_pipeline.collect.http.wire import Limits, Lost, TooLarge, Wire

SMALL = Limits(timeout=0.4, whole=0.8, max_bytes=100_000)
OK = b"HTTP/1.1 200 OK\r\n"
PACKED = b"Content-Encoding: gzip\r\n"


class Server:
    """Answers each request of each connection with the bytes that `script(number)` yields, a pause between each two.
    `asked` are the requests' heads."""

    def __init__(self, script: Callable[[int], Iterator[bytes]], pause: float) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._script = script
        self._pause = pause
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = connection.recv(65_536)
                    if not part:
                        return
                    head += part
                self.asked.append(head)
                for sent in self._script(len(self.asked)):
                    if sent == CLOSE:
                        return
                    connection.sendall(sent)
                    if self._pause and self._stopping.wait(self._pause):
                        return

    def stop(self) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


CLOSE = b"<close>"


@contextmanager
def serving(*sent: bytes, endless: bytes | None = None, pause: float = 0.0) -> Iterator[Server]:
    """A server that answers every request with these bytes, and then with `endless` again and again."""
    server = Server(lambda _: chain(sent, repeat(endless) if endless is not None else ()), pause)
    try:
        yield server
    finally:
        server.stop()


def answer(body: bytes, *headers: bytes, status: bytes = OK) -> bytes:
    return status + b"".join(headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def empty_blocks() -> bytes:
    """A part of a gzip stream that decodes to nothing."""
    packer = zlib.compressobj(wbits=31)
    first = packer.flush(zlib.Z_FULL_FLUSH)
    return packer.flush(zlib.Z_FULL_FLUSH) or first[-5:]


DRIPS = {
    "body": (OK + b"Content-Length: 1000\r\n\r\n", b"x"),
    "body-without-length": (OK + b"\r\n", b"x"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "size-of-a-chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "status": (b"HTTP/1.1 200 ", b"O"),
    "header": (OK + b"X-Long: ", b"x"),
    "headers": (OK, b"X: y\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "nothing-after-decoding": (OK + PACKED + b"\r\n" + gzip.compress(b"x" * 9)[:10], empty_blocks()),
}


@pytest.mark.parametrize("name", DRIPS)
def test_an_answer_that_drips_is_given_up_in_time(name: str) -> None:
    first, drop = DRIPS[name]
    with serving(first, endless=drop, pause=0.02) as server:
        started = time.monotonic()
        with pytest.raises(Lost, match="not whole after 0.8 s") as lost:
            Wire(server.origin, SMALL).send("GET", "/", {})
        assert lost.value.cut
        assert 0.7 <= time.monotonic() - started < 3


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 20"], ids=["nothing", "half-a-status"])
def test_a_server_that_falls_silent_before_the_body(sent: bytes) -> None:
    with serving(sent, endless=b"", pause=5) as server:
        started = time.monotonic()
        with pytest.raises(Lost, match="did not answer within 0.4 s") as lost:
            Wire(server.origin, SMALL).send("GET", "/", {})
        assert not lost.value.cut
        assert time.monotonic() - started < 3


def test_a_body_that_stops() -> None:
    with serving(OK + b"Content-Length: 10\r\n\r\n12345", endless=b"", pause=5) as server:
        with pytest.raises(Lost, match="stopped for 0.4 s") as lost:
            Wire(server.origin, SMALL).send("GET", "/", {})
        assert lost.value.cut


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"Content-Length: 10\r\n\r\n12345",
        OK + b"Transfer-Encoding: chunked\r\n\r\na\r\n12345",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n12345\r\n0\r\n\r\n",
        answer(b"not gzip at all", PACKED),
    ],
    ids=["length", "in-a-chunk", "between-chunks", "no-size", "not-gzip"],
)
def test_a_body_that_breaks_off_is_no_answer(sent: bytes) -> None:
    with serving(sent, CLOSE) as server, pytest.raises(Lost, match="broke off") as lost:
        Wire(server.origin, SMALL).send("GET", "/", {})
    assert lost.value.cut


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH\r\n", b"\r\n\r\n"], ids=["closed", "ssh", "empty"])
def test_what_is_not_http(sent: bytes) -> None:
    with serving(sent, CLOSE) as server, pytest.raises(Lost, match="connection to 127.0.0.1:[0-9]+ failed") as lost:
        Wire(server.origin, SMALL).send("GET", "/", {})
    assert not lost.value.cut


def test_nobody_listens() -> None:
    with serving() as server:
        origin = server.origin
    with pytest.raises(Lost, match="connection to 127.0.0.1:[0-9]+ failed"):
        Wire(origin, SMALL).send("GET", "/", {})


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("size", "fits"), [(100_000, True), (100_001, False)])
def test_the_cap_is_of_decoded_bytes(size: int, fits: bool, packed: bool) -> None:
    body = b"a" * size
    sent = answer(gzip.compress(body), PACKED) if packed else answer(body)
    with serving(sent) as server:
        wire = Wire(server.origin, SMALL)
        if fits:
            assert wire.send("GET", "/", {}).body == body
        else:
            with pytest.raises(TooLarge):
                wire.send("GET", "/", {})


def test_a_gzip_bomb_costs_no_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    million = bytes(2**20)
    bomb = b"".join(packer.compress(million) for _ in range(200)) + packer.flush()
    assert len(bomb) < 300_000
    with serving(answer(bomb, PACKED)) as server:
        import tracemalloc

        wire = Wire(server.origin, SMALL)
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                wire.send("GET", "/", {})
            assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("packed", "shown"),
    [
        (gzip.compress(b"a" * 99) + gzip.compress(b"b") + gzip.compress(b""), b"a" * 99 + b"b"),
        (gzip.compress(b"ab") + b"no gzip" * 9, b"ab"),
        (gzip.compress(b""), b""),
        (gzip.compress(b"abc", mtime=0)[:-12], b""),
    ],
    ids=["members", "something-behind", "nothing", "no-end"],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_gzip_is_unpacked_as_it_comes(packed: bytes, shown: bytes, size: int) -> None:
    chunks = [packed[begin : begin + size] for begin in range(0, len(packed), size)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    with serving(OK + PACKED + b"Transfer-Encoding: chunked\r\n\r\n" + body) as server:
        assert Wire(server.origin, SMALL).send("GET", "/", {}).body == shown


def test_a_bomb_in_a_bomb_is_opened_once() -> None:
    inner = gzip.compress(bytes(2**20))
    with serving(answer(gzip.compress(inner), PACKED)) as server:
        assert Wire(server.origin, SMALL).send("GET", "/", {}).body == inner


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with serving(answer(b"in")) as elsewhere:
        location = b"Location: %s/stolen\r\n" % elsewhere.origin.encode()
        with serving(answer(b"moved", location, status=b"HTTP/1.1 %d Moved\r\n" % status)) as server:
            got = Wire(server.origin, SMALL).send("GET", "/a", {"Authorization": "Bearer secret"})
            assert (got.status, got.body) == (status, b"moved")
            assert got.headers["location"].endswith("/stolen")
            assert len(server.asked) == 1
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "head",
    [
        b"X-%d: y\r\n" * 1 % 1 + b"".join(b"X-%d: y\r\n" % n for n in range(5000)),
        b"X-Long: " + b"x" * 200_000 + b"\r\n",
    ],
    ids=["many", "long"],
)
def test_a_bomb_of_headers_is_no_answer(head: bytes) -> None:
    with serving(OK + head + b"Content-Length: 2\r\n\r\n{}", CLOSE) as server, pytest.raises(Lost):
        Wire(server.origin, SMALL).send("GET", "/", {})


@pytest.mark.parametrize("name", [b"Link", b"LINK"])
def test_header_names_are_small_and_no_link_is_lost(name: bytes) -> None:
    links = b"Link: <next>\r\n", name + b": <self>\r\n"
    with serving(answer(b"{}", *links, b"X-Odd: \xff\r\n")) as server:
        headers = Wire(server.origin, SMALL).send("GET", "/", {}).headers
    assert headers["link"] == "<next>, <self>"
    assert headers["x-odd"] == "\xff"


def test_a_connection_is_used_again_and_each_answer_has_its_own_time() -> None:
    with serving(OK + b"Content-Length: 2\r\n\r\n", b"{", b"}", pause=0.2) as server:
        wire = Wire(server.origin, SMALL)
        for _ in range(3):
            assert wire.send("GET", "/", {}).body == b"{}"
        wire.close()
        assert (len(server.asked), server.connections) == (3, 1)


def test_what_broke_off_is_not_read_on_by_the_next_request() -> None:
    scripts = {1: [OK + b"Content-Length: 9\r\n\r\n{", CLOSE], 2: [answer(b"{}")]}
    server = Server(lambda number: iter(scripts[number]), 0.0)
    try:
        wire = Wire(server.origin, SMALL)
        with pytest.raises(Lost):
            wire.send("GET", "/", {})
        assert wire.send("GET", "/", {}).body == b"{}"
        assert server.connections == 2
    finally:
        server.stop()


@pytest.mark.parametrize("token", ["a\r\nX-Injected: 1", "snow\u2603"])
def test_a_token_that_http_does_not_allow_is_named_by_no_message(token: str) -> None:
    with serving(answer(b"{}")) as server:
        with pytest.raises(Lost, match="characters that HTTP does not allow") as lost:
            Wire(server.origin, SMALL).send("GET", "/?q=secret", {"Authorization": f"Bearer {token}"})
        assert token not in str(lost.value) and "secret" not in str(lost.value)
        assert not any(b"X-Injected" in head for head in server.asked)


def test_the_operators_proxy_is_asked_for_whole_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"{}")) as proxy:
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        wire = Wire("http://vendor.invalid", SMALL)
        assert [wire.send("GET", target, {}).body for target in ("/a?b=c", "/d")] == [b"{}"] * 2
        wire.close()
    assert [head.split(b"\r\n")[0] for head in proxy.asked] == [
        b"GET http://vendor.invalid/a?b=c HTTP/1.1",
        b"GET http://vendor.invalid/d HTTP/1.1",
    ]


def test_a_wire_that_was_closed_opens_again() -> None:
    with serving(answer(b"{}")) as server:
        wire = Wire(server.origin, SMALL)
        for _ in range(2):
            assert wire.send("GET", "/", {}).body == b"{}"
            wire.close()
        assert server.connections == 2
