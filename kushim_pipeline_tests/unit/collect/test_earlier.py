"""Which answers of earlier collections a vendor is asked about, and which are asked for outright."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.before import Head, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.earlier import RECEIPTS, Earlier
from kushim_pipeline.collect.http.call import Known, known_to
from kushim_pipeline.collect.http.limiter import Limiter
from kushim_pipeline.collect.http.reading import Once
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt

UNIT = Unit("acme", "github:acme", "github", "acme", "github.member")
LIST = "GET /orgs/{org}/members"
REPO = "GET /repos/{owner}/{repo}/topics"
Pages = Sequence[tuple[str, bytes, Mapping[str, Any]]]


class Company:
    """Collections of one unit, each built on the one before."""

    def __init__(self, root: Path) -> None:
        self.store = FileStore(root)
        self.receipt: str | None = None

    def open(self) -> Collection:
        head = Head(self.receipt)
        return Collection(
            UNIT,
            self.store,
            code_version="1",
            mask=lambda text: text.replace("hunter2", "***"),
            head=head,
            before=lambda: load_before(self.store, "acme", head),
        )

    def collect(self, pages: Pages, *unread: tuple[str, Reason, str], delta: bool = False) -> None:
        """Keep pages: (path, body, whatever differs from a plain 200 with an ETag of its body)."""
        collection = self.open()
        if delta:
            collection.build_on_before()
        for path, body, more in pages:
            given = {"operation": LIST, "parameters": {"path": path}, "status": 200, **more}
            collection.keep(body, **{"headers": {"etag": tag(body)}, **given})
        for name, reason, operation in unread:
            collection.unreadable(name, reason, operation, "it said no")
        collection.record("a", {}, evidence="0" * 64, mark="1")
        self.receipt = write_receipt(self.store, collection.finish())

    def known(self, path: str, **query: str) -> Known | None:
        return known_to(self.open().keep, {"path": path, **query})


def tag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()[:8]}"'


def page(path: str, body: bytes, **more: Any) -> tuple[str, bytes, Mapping[str, Any]]:
    return path, body, more


@pytest.fixture
def unit(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_an_answer_is_found_by_its_path_and_its_whole_query(unit: Company) -> None:
    query = {"path": "/a", "page": "2", "per_page": "100"}
    unit.collect([page("/a", b"[1]"), page("/a", b"[2]", parameters=query)])
    first, second = unit.known("/a"), unit.known("/a", per_page="100", page="2")
    assert first is not None and second is not None
    assert (first.etag, first.body()) == (tag(b"[1]"), b"[1]")
    assert (second.etag, second.body()) == (tag(b"[2]"), b"[2]")
    assert unit.known("/a", page="2") is None
    assert unit.known("/b") is None


def test_of_two_answers_to_one_call_the_newer_is_known(unit: Company) -> None:
    unit.collect([page("/a", b"[1]"), page("/a", b"[2]")])
    found = unit.known("/a")
    assert found is not None and found.etag == tag(b"[2]")


@pytest.mark.parametrize(
    "more",
    [
        {"status": 404},
        {"status": 206},
        {"headers": {}},
        {"headers": {"etag": ""}},
        {"headers": {"etag": "unquoted"}},
        {"headers": {"etag": '"two", "tags"'}},
        {"headers": {"etag": '"a\r\nX-Injected: 1"'}},
        {"headers": {"etag": '"hunter2"'}},
        {"parameters": {"path": "/a", "after": "hunter2"}},
        {"parameters": {"path": "/a", "body": '{"query":"{viewer}"}'}},
    ],
    ids=lambda more: next(iter(more)) + "-" + "".join(filter(str.isalnum, str(next(iter(more.values())))))[:12],
)
def test_what_cannot_be_asked_about(unit: Company, more: dict[str, Any]) -> None:
    unit.collect([page("/a", b"[1]", **more)])
    after = {"after": "hunter2"} if "after" in str(more) else {}
    assert unit.known("/a", **after) is None
    assert unit.known("/a", **{name: "***" for name in after}) is None


@pytest.mark.parametrize("damage", ["gone", "changed", "no json"])
def test_bytes_that_are_no_answer_any_more(unit: Company, damage: str) -> None:
    body = b'{"cut off": ' if damage == "no json" else b'{"whole": 1}'
    unit.collect([page("/a", body)])
    (path,) = unit.store.root.rglob(f"{hashlib.sha256(body).hexdigest()[2:]}*")
    if damage == "gone":
        path.unlink()
    elif damage == "changed":
        path.write_bytes(b"damaged")
    found = unit.known("/a")
    assert found is not None and found.body() is None


@pytest.mark.parametrize(
    ("unread", "known"),
    [
        (("acme/one", Reason.INCOMPLETE, REPO), False),
        (("acme/one", Reason.QUARANTINED, REPO), False),
        (("one", Reason.NOT_COLLECTED, REPO), False),
        (("acme/one", Reason.DENIED, REPO), True),
        (("acme/one", Reason.INCOMPLETE, LIST), True),
        (("acme/on", Reason.INCOMPLETE, REPO), True),
    ],
    ids=lambda value: str(value).replace("/", "-") if isinstance(value, bool) else "-".join(map(str, value[:2])),
)
def test_what_could_not_be_read_is_asked_for_outright(unit: Company, unread: Any, known: bool) -> None:
    unit.collect([page("/api/v3/repos/acme%2Fone/topics", b"{}", operation=REPO)], unread)
    assert (unit.known("/api/v3/repos/acme%2Fone/topics") is not None) is known


def test_a_delta_knows_what_those_before_it_were_answered(unit: Company) -> None:
    unit.collect([page("/old", b"[1]"), page("/both", b"[1]")])
    unit.collect([page("/both", b"[2]")], delta=True)
    for _ in range(RECEIPTS - 2):
        unit.collect([], delta=True)
    old, both = unit.known("/old"), unit.known("/both")
    assert old is not None and both is not None
    assert (old.etag, both.etag) == (tag(b"[1]"), tag(b"[2]"))
    unit.collect([], delta=True)
    assert unit.known("/old") is None, "one more is too far back"
    assert unit.known("/both") is not None


def test_nothing_is_known_without_a_receipt_that_can_be_read(unit: Company) -> None:
    assert unit.known("/a") is None
    unit.collect([page("/a", b"[1]")])
    assert Earlier(unit.store, "other", unit.receipt).known({"path": "/a"}) is None
    (path,) = unit.store.root.rglob(f"{str(unit.receipt)[2:]}*")
    path.write_bytes(b"damaged")
    assert unit.known("/a") is None


def test_an_answer_that_streams_share_is_known_to_the_one_that_asks(unit: Company) -> None:
    unit.collect([page("/a", b"[1]")])
    seen: list[Known | None] = []
    Once(lambda keep: seen.append(known_to(keep, {"path": "/a"}))).get(unit.open().keep)
    Once(lambda keep: seen.append(known_to(keep, {"path": "/a"}))).get(lambda body, **_: "")
    assert [found and found.etag for found in seen] == [tag(b"[1]"), None]


def test_what_a_vendor_does_not_count_is_given_back() -> None:
    limiter = Limiter({"": (10, 60.0)}, lambda: 0.0)
    for _ in range(20):
        assert limiter.take("core") == 0.0
        limiter.done("core", None, True)
    for _ in range(5):
        assert limiter.take("core") == 0.0
        limiter.done("core", None)
    assert limiter.take("core") > 0.0
