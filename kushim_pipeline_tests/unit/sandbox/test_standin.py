"""What all stand-ins share, shown with a vendor of the test's own: a list of numbers behind a cursor."""

import gzip
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from kushim_pipeline.sandbox.standin.faults import Fault, Strikes
from kushim_pipeline.sandbox.standin.paging import Made, Page, Shown, each, window
from kushim_pipeline.sandbox.standin.server import Standin, start
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

SIZE = 10


class Numbers:
    """GET /numbers?after=N: pages of the numbers from 0 to 24. POST /numbers says in its body where to begin."""

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.made: list[int] = []
        self.items = Made(25, self._make)

    def _make(self, n: int) -> int:
        self.made.append(n)
        return n

    def caller(self, request: Request) -> str:
        return {"key a": "ann", "key b": "bob"}.get(request.headers.get("authorization", ""), "")

    def budget(self, request: Request) -> Budget | None:
        dear = request.path == "/dear"
        return Budget("dear" if dear else "numbers", self.limit, 60, cost=3 if dear else 1)

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        return {"X-Left": str((budget.limit if budget else 0) - used), "X-Reset": str(int(reset_at)), "X-Odd": "1"}

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        return Reply(429, {"error": "slow down"}, {"Retry-After": str(round(reset_in))})

    def fault(self, status: int, message: str) -> Reply:
        return Reply(status, {"error": message})

    def query(self, request: Request) -> str:
        return f"after={json.loads(request.body)}" if request.body else "&".join(map("=".join, request.query.items()))

    def tag(self, request: Request, body: bytes) -> str:
        return f'"{len(body)}"' if request.path == "/tagged" else ""

    def respond(self, request: Request) -> Reply:
        if request.path == "/long":
            return Reply(200, {"text": "abc" * 1000})
        if request.path == "/bytes":
            return Reply(200, b"\x00\x01", {"Content-Type": "application/octet-stream"})
        if request.path == "/nothing":
            return Reply(204)
        if request.path != "/numbers":
            return Reply(200, {"used": request.used})

        def show(items: Shown, following: int | None) -> tuple[Any, Mapping[str, str]]:
            return {"numbers": items, "next": following, "of": items.total}, {"X-Next": str(following)}

        begin = int(json.loads(request.body) if request.body else request.query.get("after", "0"))
        return Reply(200, page=Page(self.items, begin, SIZE, show))


@pytest.fixture
def begin() -> Iterator[Callable[..., Standin]]:
    """Starts stand-ins; stops them at the end."""
    running: list[Standin] = []

    def begin(*faults: Fault, limit: int = 1000, **told: Any) -> Standin:
        running.append(start(Numbers(limit), faults=faults, **told))
        return running[-1]

    yield begin
    for standin in running:
        standin.stop()


Answer = tuple[int, bytes, dict[str, str]]


def ask(url: str, *, key: str = "key a", body: bytes | None = None, **headers: str) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        return send(connection, url.removeprefix(f"http://{parts.netloc}"), key=key, body=body, **headers)
    finally:
        connection.close()


def send(
    connection: http.client.HTTPConnection, target: str, *, key: str = "key a", body: bytes | None = None, **more: str
) -> Answer:
    headers = {"Authorization": key, **{name.replace("_", "-"): text for name, text in more.items()}}
    connection.request("POST" if body is not None else "GET", target, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), {name.lower(): text for name, text in answer.headers.items()}


def numbers(url: str, **told: Any) -> Any:
    return json.loads(ask(url, **told)[1])


def test_the_ledger_says_who_asked_for_what(begin: Callable[..., Standin]) -> None:
    running = begin(base_path="/v1", aliases={"/other": "/dear"})
    assert ask(f"{running.url}/numbers?after=20")[0] == 200
    assert ask(f"{running.url}/numbers", key="wrong", body=b"10")[0] == 200
    assert ask(f"{running.url}/nothing")[:2] == (204, b"")
    assert ask(running.url.replace("/v1", "/numbers"))[0] == 404
    assert ask(running.url.replace("/v1", "/other"))[0] == 200
    told = [(a.method, a.path, a.query, a.caller, a.status, a.bucket, bool(a.body_sha)) for a in running.ledger]
    assert told == [
        ("GET", "/numbers", "after=20", "ann", 200, "numbers", False),
        ("POST", "/numbers", "after=10", "", 200, "numbers", True),
        ("GET", "/nothing", "", "ann", 204, "numbers", False),
        ("GET", "/numbers", "", "ann", 404, "numbers", False),
        ("GET", "/dear", "", "ann", 200, "dear", False),
    ]
    assert [a.at for a in running.ledger] == sorted(a.at for a in running.ledger)


def test_budgets_are_each_callers_own_and_full_again_after_their_window(begin: Callable[..., Standin]) -> None:
    clock = [1000.0]
    running = begin(limit=3, now=lambda: clock[0])
    left = [ask(f"{running.url}/a")[2]["x-left"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    clock[0] = 1015.0
    status, body, headers = ask(f"{running.url}/a")
    assert (status, json.loads(body), headers["retry-after"]) == (429, {"error": "slow down"}, "45")
    assert (headers["x-left"], headers["x-reset"]) == ("0", "1060")
    assert ask(f"{running.url}/a", key="key b")[0] == 200
    assert numbers(f"{running.url}/dear") == {"used": 3}  # another bucket, which this one request empties
    assert ask(f"{running.url}/dear")[0] == 429
    clock[0] = 1060.0
    assert ask(f"{running.url}/a")[2]["x-left"] == "2"


def test_a_budget_that_refused_a_dear_request_has_nothing_left_for_a_cheap_one() -> None:
    vendor = Numbers(limit=4)
    vendor.budget = lambda request: Budget("all", 4, 60, cost=3 if request.path == "/dear" else 1)  # type: ignore[method-assign]
    running = start(vendor)
    try:
        answers = [ask(f"{running.url}{path}") for path in ("/dear", "/dear", "/a")]
    finally:
        running.stop()
    assert [(status, headers["x-left"]) for status, _, headers in answers] == [(200, "1"), (429, "0"), (429, "0")]


def test_what_is_unchanged_costs_nothing(begin: Callable[..., Standin]) -> None:
    running = begin(limit=2)
    tag = ask(f"{running.url}/tagged")[2]["etag"]
    answers = [ask(f"{running.url}/tagged", If_None_Match=tag) for _ in range(3)]
    assert {(status, body, headers["x-left"]) for status, body, headers in answers} == {(304, b"", "1")}
    assert [asked.status for asked in running.ledger] == [200, 304, 304, 304]


def test_one_connection_serves_many_requests_of_every_kind(begin: Callable[..., Standin]) -> None:
    running = begin(Fault("/refused*", "status", status=500))
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=5)
    connection.connect()
    sock = connection.sock
    assert send(connection, "/refused", body=b"0")[0] == 500
    assert send(connection, "/nothing")[0] == 204
    assert send(connection, "/bytes")[:2] == (200, b"\x00\x01")
    connection.request("POST", "/numbers", iter([b"1", b"0"]), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["numbers"][0] == 10
    assert connection.sock is sock
    running.stop()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        send(connection, "/numbers")
    connection.close()


def test_answers_are_compressed_for_who_takes_it(begin: Callable[..., Standin]) -> None:
    running = begin()
    plain = ask(f"{running.url}/long")
    packed = ask(f"{running.url}/long", Accept_Encoding="gzip, deflate")
    assert "content-encoding" not in plain[2]
    assert (packed[2]["content-encoding"], gzip.decompress(packed[1])) == ("gzip", plain[1])
    assert len(packed[1]) < len(plain[1]) / 10


def test_only_the_items_of_a_page_are_made() -> None:
    vendor = Numbers()
    assert window(vendor.items, 10, SIZE, None) == (list(range(10, 20)), 20)
    assert vendor.made == list(range(10, 20))
    doubled = each(vendor.items, lambda n: n * 2)
    assert (doubled[-1], list(doubled[3:5]), len(doubled)) == (48, [6, 8], 25)
    with pytest.raises(IndexError):
        doubled[25]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        (None, [(0, 9, 10, 25), (10, 19, 20, 25), (20, 24, None, 25)]),
        ("loop", [(0, 9, 0, 25), (10, 19, 10, 25), (20, 24, 20, 25)]),
        ("repeat", [(0, 9, 10, 25), (0, 9, 20, 25), (10, 19, None, 25)]),
        ("cut_pages", [(0, 9, None, 10), (None, None, None, 10), (None, None, None, 10)]),
        ("empty", [(None, None, None, 0)] * 3),
    ],
)
def test_faults_of_pages(begin: Callable[..., Standin], kind: Any, seen: Sequence[Any]) -> None:
    running = begin(*[Fault("/numbers*", kind)] if kind else [])
    found = [numbers(f"{running.url}/numbers?after={after}") for after in (0, 10, 20)]
    shown = [(min(f["numbers"], default=None), max(f["numbers"], default=None), f["next"], f["of"]) for f in found]
    assert shown == seen
    assert ask(f"{running.url}/other")[0] == 200  # what is no list has no pages to be wrong about


def test_faults_of_answers(begin: Callable[..., Standin]) -> None:
    running = begin(
        Fault("/a", "status", status=503, message="resting", headers={"Retry-After": "9", "x-odd": ""}),
        Fault("/b", "html"),
        Fault("/c", "body", body=b'{"a":1,"a":2}', headers={"X-Next": "{url}/d"}),
        Fault("/d", "truncate"),
        Fault("/e", "headers", headers={"x-left": "none", "X-Odd": ""}),
    )
    status, body, headers = ask(f"{running.url}/a")
    assert (status, json.loads(body), headers["retry-after"]) == (503, {"error": "resting"}, "9")
    assert "x-odd" not in headers
    status, body, headers = ask(f"{running.url}/b")
    assert (status, body[:9], headers["content-type"][:9]) == (200, b"<!DOCTYPE", "text/html")
    status, body, headers = ask(f"{running.url}/c")
    assert (status, body, headers["x-next"]) == (200, b'{"a":1,"a":2}', f"{running.url}/d")
    status, body, headers = ask(f"{running.url}/d")
    assert (status, body) == (200, b'{"use')
    status, body, headers = ask(f"{running.url}/e")
    assert (json.loads(body), headers["x-left"]) == ({"used": 5}, "none")
    assert "x-odd" not in headers


def test_faults_of_connections(begin: Callable[..., Standin]) -> None:
    running = begin(
        Fault("/cut", "break_off"), Fault("/mute", "silent", seconds=0.05), Fault("/slow", "slow", seconds=0.05)
    )
    with pytest.raises(http.client.IncompleteRead):
        ask(f"{running.url}/cut")
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        ask(f"{running.url}/mute")
    begun = time.monotonic()
    assert numbers(f"{running.url}/slow") == {"used": 3}
    assert time.monotonic() - begun >= 0.05


def test_an_answer_that_is_held_back_ends_when_the_stand_in_stops() -> None:
    running = start(Numbers(), faults=[Fault("*", "silent", seconds=60)])
    ended: list[bool] = []

    def wait() -> None:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            ask(f"{running.url}/a")
        ended.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not running.ledger:
        time.sleep(0.005)
    running.stop()
    waiting.join(timeout=5)
    assert ended == [True]


def test_faults_strike_the_calls_they_name() -> None:
    strikes = Strikes(
        [Fault("/a*", "html", 2), Fault("/a?x=1", "empty"), Fault("/b", "status"), Fault("/d", "loop", every=2)]
    )
    targets = [("/a", "x=1"), ("/a", ""), ("/a", ""), ("/b", ""), ("/c", ""), *[("/d", "")] * 4]
    struck = [strikes.at(*target) for target in targets]
    kinds = [fault.kind if fault else None for fault in struck]
    assert kinds == ["empty", "html", None, "status", None, None, "loop", None, "loop"]


def test_faults_come_and_go_while_it_runs(begin: Callable[..., Standin]) -> None:
    running = begin(Fault("/numbers?after=10", "status", status=500))
    assert ask(f"{running.url}/numbers?after=10")[0] == 500
    assert ask(f"{running.url}/numbers", body=b"10")[0] == 500  # what the body asks for
    running.set_faults(())
    assert ask(f"{running.url}/numbers?after=10")[0] == 200
    running.set_faults([Fault("*", "html", 1)])
    assert [ask(f"{running.url}/a")[2].get("content-type", "")[:4] for _ in range(2)] == ["text", "appl"]
