"""A second reading asks by ETag, and takes for unchanged only what GitHub proves to be."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.tape import Tape
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Description, User
from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.integration.collect.github.company import ACME, LOGIN, TOKENS, Found, collect
from kushim_pipeline_tests.integration.collect.github.conftest import Start

PEOPLE = ["github.organization", "github.member", "github.outside_collaborator"]
MEMBER, LIST = "github.member", f"/orgs/{LOGIN}/members"
SECOND = "/organizations/*/members?page=2&per_page=100"
OTHER = {"ETag": 'W/"another"'}


def people(count: int, **more: object) -> Description:
    """The organisation with so many members."""
    members = tuple(User(f"person-{n:03}", owner=n < 2) for n in range(count))
    return Description((replace(ACME, members=members, **more),), TOKENS)  # type: ignore[arg-type]


def asked(server: Server, since: int = 0) -> Counter[int]:
    """How often GitHub's REST answered with each status, where it had something to say."""
    return Counter(each.status for each in server.ledger[since:] if each.path != "/graphql" and each.status != 404)


def logins(found: Found) -> set[str]:
    return set(found.records(MEMBER))


def names(count: int) -> set[str]:
    return {f"person-{n:03}" for n in range(count)}


def statuses(found: Found) -> list[int]:
    return [page.status for page in found.receipts[MEMBER].pages]


def test_what_did_not_change_is_not_sent_again(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor()
    first = collect(server.url, root)
    calls = len(server.ledger)
    again = collect(server.url, root, before=first)
    assert asked(server)[200] and set(asked(server, calls)) == {304}
    assert len(server.ledger) <= 2 * calls
    assert again.contents() == first.contents() == healthy.contents()
    third = collect(server.url, root, before=again)
    assert third.contents() == first.contents(), "a 304 can be asked about again"
    assert set(asked(server, calls)) == {304}


def test_every_receipt_stands_alone(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=PEOPLE)
    again = collect(server.url, root, only=PEOPLE, before=first)
    for stream in PEOPLE:
        was, now = first.receipts[stream], again.receipts[stream]
        assert {page.status for page in now.pages} == {304}
        assert [page.status for page in was.pages] == [200] * len(now.pages)
        assert again.records(stream) == first.records(stream)
        for earlier, page in zip(was.pages, now.pages, strict=True):
            assert (page.sha256, page.size, page.headers["etag"], page.headers.get("link")) == (
                earlier.sha256,
                earlier.size,
                earlier.headers["etag"],
                earlier.headers.get("link"),
            )
            assert page.received_at >= was.finished_at
            played = Tape([page], lambda digest: again.store.get("t", digest), str)
            query = "&".join(f"{name}={text}" for name, text in page.parameters.items() if name != "path")
            answer = played.send("GET", f"{page.parameters['path']}?{query}", {})
            assert (answer.status, answer.body) == (200, first.store.get("t", earlier.sha256))


def test_a_304_costs_no_budget(vendor: Start, root: Path) -> None:
    """Half of sixteen calls may be taken: with those of the first reading a second one would come to an end."""
    server = vendor(description=replace(people(230), rate_limit=16))
    first = collect(server.url, root, only=PEOPLE)
    assert asked(server)[200] > 4
    for _ in range(3):
        first = collect(server.url, root, only=PEOPLE, before=first)
        assert {first.outcome(stream) for stream in PEOPLE} == {Outcome.COMPLETE}
    assert asked(server)[304] == 15


def test_a_shared_answer_is_asked_for_by_etag_too(vendor: Start, root: Path) -> None:
    server = vendor()
    streams = ["github.repository", "github.branch_protection"]
    first = collect(server.url, root, only=streams)
    calls = len(server.ledger)
    again = collect(server.url, root, only=streams, before=first)
    assert [each.path for each in server.ledger[calls:]].count(f"/orgs/{LOGIN}/repos") == 1
    for stream in streams:
        assert {page.status for page in again.receipts[stream].pages} <= {304, 404}


def test_what_changed_is_read(vendor: Start, root: Path) -> None:
    first = collect(vendor(description=people(230)).url, root, only=PEOPLE)
    left = replace(people(230).organizations[0], members=people(230).organizations[0].members[:-1])
    again = collect(vendor(description=Description((left,), TOKENS)).url, root, only=PEOPLE, before=first)
    assert (statuses(again), logins(again)) == ([304, 304, 200], names(229))
    assert again.receipts[MEMBER].contents_sha256 != first.receipts[MEMBER].contents_sha256


def test_bytes_that_are_gone_are_asked_for_anew(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=PEOPLE)
    lost = first.receipts[MEMBER].pages[1].sha256
    (path,) = root.rglob(f"{lost[2:]}*")
    path.unlink()
    calls = len(server.ledger)
    again = collect(server.url, root, only=PEOPLE, before=first)
    assert again.contents() == first.contents()
    assert asked(server, calls)[200] == 1
    assert statuses(again) == [304, 200, 304]
    assert again.store.get("t", lost), "and are there again"


def test_bytes_that_were_changed_are_asked_for_anew(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=PEOPLE)
    (path,) = root.rglob(f"{first.receipts[MEMBER].pages[0].sha256[2:]}*")
    path.write_bytes(b"damaged")
    again = collect(server.url, root, only=PEOPLE, before=first)
    assert (again.contents(), statuses(again)) == (first.contents(), [200, 304, 304])


def test_without_a_reading_before_nothing_is_asked_by_etag(vendor: Start, root: Path) -> None:
    server = vendor()
    collect(server.url, root, only=PEOPLE)
    collect(server.url, root, only=PEOPLE)
    assert set(asked(server)) == {200}


@pytest.mark.parametrize("call", [1, None], ids=["once", "always"])
def test_a_304_that_nobody_asked_for_is_no_answer(vendor: Start, root: Path, call: int | None) -> None:
    found = collect(vendor(Fault(f"{LIST}*", "status", status=304, nth_call=call)).url, root, only=[MEMBER])
    if call:
        assert (found.outcome(MEMBER), logins(found)) == (Outcome.COMPLETE, names(230))
    else:
        assert (found.outcome(MEMBER), found.reasons(MEMBER)) == (Outcome.FAILED, {Reason.NOT_COLLECTED})
    assert 304 not in statuses(found)


@pytest.mark.parametrize("headers", [OTHER, {"ETag": '"W/another"'}], ids=["weak", "strong"])
def test_a_304_for_another_etag_is_not_taken(vendor: Start, root: Path, headers: dict[str, str]) -> None:
    first = collect(vendor(description=people(230)).url, root, only=[MEMBER])
    lies = Fault(f"{LIST}*", "status", nth_call=1, status=304, headers=headers)
    again = collect(vendor(lies, description=people(235)).url, root, only=[MEMBER], before=first)
    assert (statuses(again), logins(again)) == ([200, 304, 200], names(235))


def test_a_304_by_the_strong_name_of_the_same_etag_is_taken(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=[MEMBER])
    tag = first.receipts[MEMBER].pages[0].headers["etag"]
    server.set_faults([Fault(f"{LIST}*", "headers", nth_call=1, headers={"ETag": tag.removeprefix("W/")})])
    again = collect(server.url, root, only=[MEMBER], before=first)
    assert (again.contents(), statuses(again)) == (first.contents(), [304, 304, 304])


@pytest.mark.parametrize(("was", "now"), [(100, 101), (200, 201), (200, 200)])
def test_a_list_may_grow_behind_pages_that_did_not_change(vendor: Start, root: Path, was: int, now: int) -> None:
    """The ETag is the page's: a full last page that has a next one by now is still the same page."""
    first = collect(vendor(description=people(was)).url, root, only=[MEMBER])
    silent = Fault(SECOND if was > 100 else f"{LIST}*", "headers", nth_call=1, headers={"Link": ""})
    server = vendor(silent, description=people(now))
    again = collect(server.url, root, only=[MEMBER], before=first)
    assert (again.outcome(MEMBER), logins(again)) == (Outcome.COMPLETE, names(now))
    assert asked(server)[200] >= 1, "a last page whose 304 does not say that it is the last is read"


def test_a_304_without_links_leads_on_by_those_of_before(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=[MEMBER])
    server.set_faults([Fault(f"{LIST}*", "headers", nth_call=1, headers={"Link": ""})])
    again = collect(server.url, root, only=[MEMBER], before=first)
    assert (again.contents(), statuses(again)) == (first.contents(), [304, 304, 304])
    links = [[page.headers.get("link") for page in each.receipts[MEMBER].pages] for each in (first, again)]
    assert links[0] == links[1]
    moved = vendor(Fault(f"{LIST}*", "headers", nth_call=1, headers={"Link": ""}))
    elsewhere = collect(moved.url, root, only=[MEMBER], before=again)
    assert (elsewhere.contents(), statuses(elsewhere)) == (first.contents(), [200, 304, 304]), "links of another host"


def test_graphql_is_never_asked_by_etag(vendor: Start, root: Path) -> None:
    server = vendor(graphql=True)
    only = ["github.branch_protection", "github.repository_settings"]
    first = collect(server.url, root, only=only)
    again = collect(server.url, root, only=only, before=first)
    posts = [each.status for each in server.ledger if each.path == "/graphql"]
    assert posts and set(posts) == {200}
    assert again.outcome(only[1]) is Outcome.COMPLETE


def test_a_refusal_after_a_304_is_a_refusal(vendor: Start, root: Path) -> None:
    first = collect(vendor().url, root, only=PEOPLE)
    gone = vendor(Fault(SECOND, "status", status=403, message="Resource not accessible"))
    again = collect(gone.url, root, only=PEOPLE, before=first)
    assert again.reasons(MEMBER) == {Reason.DENIED}
    assert again.outcome("github.organization") is Outcome.COMPLETE
