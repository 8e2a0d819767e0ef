from datetime import UTC, datetime
from typing import Any

import pytest

from kushim_pipeline.collect.http.tape import NOT_KEPT, Tape
from kushim_pipeline.collect.http.wire import Lost
from kushim_pipeline.evidence.receipt import Page

AT = datetime(2026, 11, 1, tzinfo=UTC)
BODIES = {"a": b"[1]", "b": b"[2]", "c": b"{}"}


def page(sha256: str, status: int = 200, operation: str = "GET it", headers: Any = None, **asked: str) -> Page:
    return Page(
        sha256=sha256, size=3, operation=operation, parameters=asked, status=status, received_at=AT,
        headers=headers or {},
    )  # fmt: skip


def tape(*pages: Page) -> Tape:
    return Tape(pages, BODIES.__getitem__, lambda text: text.replace("s3cret", "***"))


def test_answers_to_one_call_come_in_their_order_and_none_twice() -> None:
    played = tape(page("a", 500, path="/x"), page("b", path="/y"), page("c", path="/x"))
    answers = [played.send("GET", "/x", {}) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in answers] == [(500, b"[1]"), (200, b"{}")]
    with pytest.raises(Lost, match=NOT_KEPT):
        played.send("GET", "/x", {})
    assert played.missed == ["/x"]


@pytest.mark.parametrize("target", ["/x?b=2&a=1&e=", "/x?a=1&b=2&e=", "/x?a=1&b=2&e"])
def test_a_call_is_known_by_its_path_and_query_in_any_order(target: str) -> None:
    assert tape(page("a", path="/x", a="1", b="2", e="")).send("GET", target, {}).body == b"[1]"


@pytest.mark.parametrize("target", ["/x", "/x?a=2", "/y?a=1", "/x?a=1&b=2"])
def test_another_call_is_never_answered(target: str) -> None:
    with pytest.raises(Lost):
        tape(page("a", path="/x", a="1")).send("GET", target, {})


def test_a_question_is_known_by_its_body_whatever_the_order_of_its_keys() -> None:
    played = tape(page("a", path="/q", body='{"a":1,"b":2}'))
    with pytest.raises(Lost):
        played.send("POST", "/q", {}, b'{"a":1}')
    assert played.send("POST", "/q", {}, b'{"b":2,"a":1}').body == b"[1]"


def test_what_was_masked_in_a_page_is_found_by_what_was_asked() -> None:
    assert tape(page("a", path="/x", a="***")).send("GET", "/x?a=s3cret", {}).body == b"[1]"


def test_headers_are_those_that_were_kept_and_json_goes_without_saying() -> None:
    played = tape(
        page("a", path="/x", headers={"etag": '"1"'}), page("b", path="/x", headers={"content-type": "text/html"})
    )
    assert played.send("GET", "/x", {}).headers == {"content-type": "application/json", "etag": '"1"'}
    assert played.send("GET", "/x", {}).headers == {"content-type": "text/html"}


def test_what_had_not_changed_is_given_as_what_it_was() -> None:
    assert tape(page("a", 304, path="/x")).send("GET", "/x", {}).status == 200


def test_bytes_that_cannot_be_read_are_remembered() -> None:
    played = tape(page("gone", path="/x"))
    with pytest.raises(KeyError):
        played.send("GET", "/x", {})
    assert isinstance(played.broken, KeyError)
