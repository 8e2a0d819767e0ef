"""A second reading asks by ETag, and takes for unchanged only what GitHub proves to be."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.tape import Tape
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Description, User
from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline_tests.integration.collect.github.company import ACME, LOGIN, TOKENS, Found, collect
from kushim_pipeline_tests.integration.collect.github.conftest import NO_GRAPHQL, Start

ORGANIZATION, MEMBER, OUTSIDE = PEOPLE = ["github.organization", "github.member", "github.outside_collaborator"]
ORG, LIST = f"/orgs/{LOGIN}", f"/orgs/{LOGIN}/members"
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


def statuses(found: Found, stream: str = "github.member") -> list[int]:
    return [page.status for page in found.receipts[stream].pages]


def test_what_did_not_change_is_not_sent_again(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor()
    first = collect(server.url, root)
    calls = len(server.ledger)
    again = collect(server.url, root, before=first)
    assert len(server.ledger) <= 2 * calls + 2
    assert asked(server, calls)[200] == 2, "first and last page of the only list of several pages"
    assert asked(server, calls)[304] >= calls / 2
    assert again.contents() == first.contents() == healthy.contents()
    third = collect(server.url, root, before=again)
    assert third.contents() == first.contents(), "a 304 can be asked about again"
    assert asked(server, calls)[200] == 4


def test_every_receipt_stands_alone(vendor: Start, root: Path) -> None:
    server = vendor(description=people(90))
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
    """Half of forty calls may be taken: counted, those of a second reading would be too many after the first's."""
    server = vendor(description=replace(people(90), rate_limit=40))
    rules = "github.branch_rule"
    found = collect(server.url, root, only=[rules])
    calls = asked(server)[200]
    assert 10 < calls < 20 < 2 * calls
    for _ in range(3):
        found = collect(server.url, root, only=[rules], before=found)
        assert found.outcome(rules) is Outcome.COMPLETE
    assert asked(server) == {200: calls, 304: 3 * calls}


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
    first = collect(vendor(description=people(90)).url, root, only=PEOPLE)
    again = collect(vendor(description=people(89)).url, root, only=PEOPLE, before=first)
    assert (statuses(again), logins(again)) == ([200], names(89))
    assert statuses(again, OUTSIDE) == [304]
    assert again.receipts[MEMBER].contents_sha256 != first.receipts[MEMBER].contents_sha256


def test_bytes_that_are_gone_are_asked_for_anew(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=PEOPLE)
    lost = first.receipts[ORGANIZATION].pages[0].sha256
    (path,) = root.rglob(f"{lost[2:]}*")
    path.unlink()
    again = collect(server.url, root, only=PEOPLE, before=first)
    assert (again.contents(), statuses(again, ORGANIZATION)) == (first.contents(), [200])
    assert statuses(again, OUTSIDE) == [304]
    assert again.store.get("t", lost), "and are there again"


def test_bytes_that_were_changed_are_asked_for_anew(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=PEOPLE)
    (path,) = root.rglob(f"{first.receipts[ORGANIZATION].pages[0].sha256[2:]}*")
    path.write_bytes(b"damaged")
    again = collect(server.url, root, only=PEOPLE, before=first)
    assert (again.contents(), statuses(again, ORGANIZATION)) == (first.contents(), [200])


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
    server = vendor(description=people(90))
    first = collect(server.url, root, only=PEOPLE)
    lies = [Fault(path, "status", nth_call=1, status=304, headers=headers) for path in (ORG, f"{LIST}*")]
    server.set_faults(lies)
    again = collect(server.url, root, only=PEOPLE, before=first)
    assert [statuses(again, stream) for stream in PEOPLE] == [[200], [200], [304]]
    changed = collect(vendor(*lies, description=people(91)).url, root, only=PEOPLE, before=first)
    assert (statuses(changed), logins(changed)) == ([200], names(91))


@pytest.mark.parametrize("strong", [True, False], ids=["by its strong name", "without its name"])
def test_a_304_for_the_etag_that_was_asked_for_is_taken(vendor: Start, root: Path, strong: bool) -> None:
    """GitHub's own leaves the ETag out at times."""
    server = vendor()
    first = collect(server.url, root, only=PEOPLE)
    tag = first.receipts[ORGANIZATION].pages[0].headers["etag"]
    server.set_faults([Fault(ORG, "headers", headers={"ETag": tag.removeprefix("W/") if strong else ""})])
    again = collect(server.url, root, only=PEOPLE, before=first)
    assert (again.contents(), statuses(again, ORGANIZATION)) == (first.contents(), [304])
    assert again.receipts[ORGANIZATION].pages[0].headers["etag"] == tag


@pytest.mark.parametrize(("was", "now"), [(100, 101), (200, 201), (200, 200)])
def test_a_list_may_grow_behind_pages_that_did_not_change(vendor: Start, root: Path, was: int, now: int) -> None:
    """The ETag is the page's: a full last page that has a next one by now is still the same page."""
    first = collect(vendor(description=people(was)).url, root, only=[MEMBER])
    server = vendor(description=people(now))
    again = collect(server.url, root, only=[MEMBER], before=first)
    assert (again.outcome(MEMBER), logins(again)) == (Outcome.COMPLETE, names(now))
    assert statuses(again)[-1] == 200, "a last page whose 304 does not say that it is the last is read"


@pytest.mark.parametrize("now", [400, 300, 200])
def test_a_list_may_lose_pages_behind_one_that_did_not_change(vendor: Start, root: Path, now: int) -> None:
    """What the pages said of the last one is forgotten with a 304, or the list would be cut off for ever."""
    before = vendor(description=people(500))
    first = collect(before.url, root, only=[MEMBER])
    assert len(statuses(first)) == 5
    before.stop()
    server = start(people(now), port=int(before.url.rpartition(":")[2]), faults=[NO_GRAPHQL])
    try:
        again = collect(server.url, root, only=[MEMBER], before=first)
    finally:
        server.stop()
    assert (logins(again), 304 in statuses(again)) == (names(now), True)
    assert [error.operation for error in again.receipts[MEMBER].errors] in ([], ["drop guard"])


def test_a_304_without_links_leads_on_by_those_of_before(vendor: Start, root: Path) -> None:
    """The first page and the last are asked for outright: they say how many there are."""
    server = vendor()
    first = collect(server.url, root, only=[MEMBER])
    again = collect(server.url, root, only=[MEMBER], before=first)
    third = collect(server.url, root, only=[MEMBER], before=again)
    for found in (again, third):
        assert (found.contents(), statuses(found)) == (first.contents(), [200, 304, 200])
    links = [page.headers["link"] for page in third.receipts[MEMBER].pages]
    assert 'rel="last"' in links[0] and 'rel="last"' not in links[1] and 'rel="next"' in links[1]
    elsewhere = collect(vendor().url, root, only=[MEMBER], before=third)
    assert (elsewhere.contents(), statuses(elsewhere)) == (first.contents(), [200] * 3), "links of another host"


def test_a_304s_own_links_are_followed(vendor: Start, root: Path) -> None:
    server = vendor()
    first = collect(server.url, root, only=[MEMBER])
    pages = first.receipts[MEMBER].pages
    own = [Fault("*/members?*", "headers", nth_call=n + 1, headers={"Link": pages[n].headers["link"]}) for n in (0, 2)]
    server.set_faults(own)
    again = collect(server.url, root, only=[MEMBER], before=first)
    assert (again.contents(), statuses(again)) == (first.contents(), [304] * 3)
    kept = again.receipts[MEMBER].pages
    assert [kept[n].headers["link"] for n in (0, 2)] == [pages[n].headers["link"] for n in (0, 2)]


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
