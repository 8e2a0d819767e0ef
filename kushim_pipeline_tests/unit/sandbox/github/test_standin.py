"""The stand-in answers as GitHub does, by what GitHub documents and what was recorded of it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.sandbox.github.asking import Estate
from kushim_pipeline.sandbox.github.model import (
    Description,
    Organization,
    Protection,
    Repository,
    Rule,
    Ruleset,
    Token,
    User,
)
from kushim_pipeline.sandbox.github.paging import begin_of, cursor, cursored, links, numbered
from kushim_pipeline.sandbox.github.routes import respond
from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline.sandbox.standin.paging import Page, window
from kushim_pipeline.sandbox.standin.vendor import Request

ORG = Organization(
    "acme",
    members=tuple(User(f"p{n}", owner=n == 0, two_factor=n != 3) for n in range(45)),
    repositories=(
        Repository("open", visibility="public", protection=Protection(checks=("ci",))),
        Repository("closed"),
        Repository("hidden"),
    ),
    rulesets=(Ruleset(5, "all", (Rule("deletion"),)),),
)
OWNER = Token("o", "p0", "acme")
MEMBER = Token("m", "p1", "acme", role="member")
NARROW = Token("n", "p0", "acme", repositories=("closed",))
STRANGER = Token("s", "other", "elsewhere")
DESCRIPTION = Description((ORG,), (OWNER, MEMBER, NARROW, STRANGER))
ESTATE = Estate(DESCRIPTION)


@pytest.fixture
def server() -> Iterator[Server]:
    running = start(DESCRIPTION, base_path="/api/v3")
    yield running
    running.stop()


def get(server: Server, path: str, token: str | None = "o", **headers: str) -> tuple[int, Any, dict[str, str]]:  # noqa: S107
    url = path if path.startswith("http") else server.url + path
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 # loopback
    if token:
        request.add_header("Authorization", f"token {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read()), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if body else None, {k.lower(): v for k, v in error.headers.items()}


def asked_for(path: str, query: Mapping[str, str]) -> Request:
    return Request("GET", path, query, b"", {}, "http://h")


def body_of(token: Token, path: str) -> Any:
    return respond(ESTATE, token, asked_for(path, {})).body


def status(token: Token | None, path: str, **query: str) -> tuple[int, str]:
    reply = respond(ESTATE, token, asked_for(path, query))
    return reply.status, reply.body["message"] if reply.status >= 300 else ""


def test_what_a_token_may_not_see_is_hidden_or_forbidden_as_github_does() -> None:
    assert status(None, "/orgs/acme") == (401, "Bad credentials")
    assert status(OWNER, "/orgs/nobody") == (404, "Not Found")
    assert status(STRANGER, "/orgs/acme") == (200, "")
    assert status(STRANGER, "/repos/acme/closed") == (404, "Not Found")
    assert status(NARROW, "/repos/acme/hidden") == (404, "Not Found")
    assert status(MEMBER, "/repos/acme/closed/branches/main/protection") == (404, "Not Found")
    assert status(OWNER, "/repos/acme/closed/branches/main/protection") == (404, "Branch not protected")
    assert status(OWNER, "/repos/acme/closed/branches/other/protection") == (404, "Branch not found")
    assert status(MEMBER, "/orgs/acme/members", filter="2fa_disabled")[0] == 422
    assert status(STRANGER, "/orgs/acme/members")[0] == 302
    assert status(STRANGER, "/orgs/acme/outside_collaborators")[0] == 404
    assert status(MEMBER, "/orgs/acme/rulesets/5")[0] == 404
    assert status(OWNER, "/nothing/here")[0] == 404


def test_owners_fields_are_for_owners() -> None:
    owner, member, stranger = (body_of(token, "/orgs/acme") for token in (OWNER, MEMBER, STRANGER))
    assert (owner["two_factor_requirement_enabled"], owner["total_private_repos"]) == (True, 2)
    assert member["two_factor_requirement_enabled"] is None
    assert "total_private_repos" not in member
    assert "two_factor_requirement_enabled" not in stranger


def test_bypass_actors_are_for_who_may_edit() -> None:
    assert "bypass_actors" in body_of(OWNER, "/repos/acme/closed/rulesets/5")
    assert "bypass_actors" not in body_of(MEMBER, "/repos/acme/closed/rulesets/5")


def test_over_http_with_githubs_headers(server: Server) -> None:
    code, body, headers = get(server, "/orgs/acme/members?per_page=20")
    assert (code, len(body)) == (200, 20)
    assert headers["x-ratelimit-limit"] == "5000"
    assert int(headers["x-ratelimit-remaining"]) == 4999
    assert headers["x-github-request-id"]
    assert get(server, "/orgs/acme/members?per_page=20")[2]["x-ratelimit-remaining"] == "4998"
    code, body, headers = get(server, "/orgs/acme", "wrong")
    assert (code, body["message"], body["status"]) == (401, "Bad credentials", "401")
    assert get(server, "/orgs/acme", None)[0] == 401
    assert get(server, server.url.replace("/api/v3", "/orgs/acme"))[0] == 404


def test_an_unchanged_answer_is_304(server: Server) -> None:
    etag = get(server, "/orgs/acme")[2]["etag"]
    assert get(server, "/orgs/acme", "o", **{"If-None-Match": etag})[0] == 304


def test_the_links_lead_through_the_whole_list(server: Server) -> None:
    url: str | None = "/orgs/acme/members?per_page=20"
    seen: list[str] = []
    while url:
        _, body, headers = get(server, url)
        seen += [person["login"] for person in body]
        found = [part for part in headers.get("link", "").split(", ") if part.endswith('rel="next"')]
        url = found[0][1 : found[0].index(">")] if found else None
    assert seen == [person.login for person in ORG.members]
    assert [asked.path for asked in server.ledger][1].startswith("/organizations/")


def test_the_ledger_says_who_asked_for_what_and_got_which_status(server: Server) -> None:
    get(server, "/orgs/acme?x=1")
    get(server, "/orgs/acme", "wrong")
    get(server, "/orgs/acme/members?filter=2fa_disabled", "m")
    assert [(a.method, a.path, a.query, a.caller, a.status) for a in server.ledger] == [
        ("GET", "/orgs/acme", "x=1", "p0", 200),
        ("GET", "/orgs/acme", "", "", 401),
        ("GET", "/orgs/acme/members", "filter=2fa_disabled", "p1", 422),
    ]


def test_a_spent_token_is_told_so() -> None:
    running = start(Description((ORG,), (OWNER,), rate_limit=2))
    try:
        answers = [get(running, "/orgs/acme") for _ in range(3)]
    finally:
        running.stop()
    assert [code for code, _, _ in answers] == [200, 200, 403]
    assert answers[2][1]["message"].startswith("API rate limit exceeded")
    assert answers[2][2]["x-ratelimit-remaining"] == "0"


def test_nothing_can_be_changed_through_it(server: Server) -> None:
    request = urllib.request.Request(f"{server.url}/orgs/acme", data=b"{}", headers={"Authorization": "token o"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=5)  # noqa: S310
    assert refusal.value.code == 404


@given(st.integers(0, 130), st.integers(1, 100))
def test_pages_tile_a_list(count: int, size: int) -> None:
    items = list(range(count))

    def items_of(page: Page) -> list[Any]:
        return list(window(page.items, page.start, page.size, None)[0])

    last = max(1, -(-count // size))
    queries = [{"per_page": str(size), "page": str(number)} for number in range(1, last + 2)]
    pages = [items_of(numbered(asked_for("/p", query), items)) for query in queries]
    assert [item for page in pages for item in page] == items
    assert pages[-1] == []
    cursors = [{"per_page": str(size), "after": cursor(size * number)} for number in range(last)]
    assert [item for query in cursors for item in items_of(cursored(asked_for("/p", query), items))] == items


@pytest.mark.parametrize("text", ["", None, "x", "\u00e9", "Y3Vyc29yOnYxOjM=", cursor(0)])
def test_what_is_no_cursor_begins_at_the_beginning(text: str | None) -> None:
    assert begin_of(text) == 0
    assert begin_of(cursor(7)) == 7


@given(st.integers(1, 9), st.integers(1, 9))
def test_links_name_what_there_is(number: int, last: int) -> None:
    rels = {part.rpartition("rel=")[2].strip('"') for part in links("http://h/p", {}, number, last).split(", ") if part}
    assert ("next" in rels) == ("last" in rels) == (number < last)
    assert ("prev" in rels) == ("first" in rels) == (number > 1)


def test_a_tokens_value_is_not_shown() -> None:
    assert "ghp_planted" not in repr(Token("ghp_planted", "p0", "acme"))
