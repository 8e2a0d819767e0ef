"""The stand-in answers as GitHub does, by what GitHub documents and what was recorded of it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.sandbox.github.faults import Fault, Strikes
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
from kushim_pipeline.sandbox.github.paging import links, page_of
from kushim_pipeline.sandbox.github.routes import respond
from kushim_pipeline.sandbox.github.server import Server, start

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


def status(token: Token | None, path: str, **query: str) -> tuple[int, str]:
    reply = respond(DESCRIPTION, token, path, query)
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
    owner, member, stranger = (
        respond(DESCRIPTION, token, "/orgs/acme", {}).body for token in (OWNER, MEMBER, STRANGER)
    )
    assert (owner["two_factor_requirement_enabled"], owner["total_private_repos"]) == (True, 2)
    assert member["two_factor_requirement_enabled"] is None
    assert "total_private_repos" not in member
    assert "two_factor_requirement_enabled" not in stranger


def test_bypass_actors_are_for_who_may_edit() -> None:
    assert "bypass_actors" in respond(DESCRIPTION, OWNER, "/repos/acme/closed/rulesets/5", {}).body
    assert "bypass_actors" not in respond(DESCRIPTION, MEMBER, "/repos/acme/closed/rulesets/5", {}).body


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
    assert [(a.method, a.path, a.query, a.token_owner, a.status) for a in server.ledger] == [
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
    request = urllib.request.Request(f"{server.url}/orgs/acme", data=b"{}", method="POST")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=5)  # noqa: S310
    assert refusal.value.code == 404


@given(st.integers(0, 130), st.integers(1, 100))
def test_pages_tile_a_list(count: int, size: int) -> None:
    items = list(range(count))
    query = {"per_page": str(size)}
    _, _, last = page_of(items, query)
    pages = [page_of(items, {**query, "page": str(number)})[0] for number in range(1, last + 1)]
    assert [item for page in pages for item in page] == items
    assert page_of(items, {**query, "page": str(last + 1)})[0] == []


@given(st.integers(1, 9), st.integers(1, 9))
def test_links_name_what_there_is(number: int, last: int) -> None:
    rels = {part.rpartition("rel=")[2].strip('"') for part in links("http://h/p", {}, number, last).split(", ") if part}
    assert ("next" in rels) == ("last" in rels) == (number < last)
    assert ("prev" in rels) == ("first" in rels) == (number > 1)


def test_faults_strike_the_call_they_name() -> None:
    strikes = Strikes([Fault("/a*", "html", 2), Fault("/a?x=1", "empty"), Fault("/b", "status")])
    struck = [
        strikes.at("/a", "x=1"),
        strikes.at("/a", ""),
        strikes.at("/a", ""),
        strikes.at("/b", ""),
        strikes.at("/c", ""),
    ]
    assert [fault.kind if fault else None for fault in struck] == ["empty", "html", None, "status", None]


def test_a_tokens_value_is_not_shown() -> None:
    assert "ghp_planted" not in repr(Token("ghp_planted", "p0", "acme"))
