"""The stand-in answers as Okta does: the facts that its collector is tested against."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from requests.utils import parse_header_links

from kushim_pipeline.sandbox.okta.model import (
    App,
    Assignment,
    Description,
    Event,
    Factor,
    Group,
    Org,
    Policy,
    Role,
    Token,
    User,
)
from kushim_pipeline.sandbox.okta.routes import Okta, bucket_of
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.paging import Made, Page, window
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

URL = "https://standin.test"
NOW = 1_780_000_000.0  # 2026-05-28T20:26:40Z
GOOD = {"authorization": "SSWS good"}
ORG = Org(
    "acme",
    users=(
        User("00u1", "a@acme.test", factors=(Factor("push"),), roles=(Role("SUPER_ADMIN"),)),
        User("00u2", "b@acme.test", status="DEPROVISIONED"),
        User("00u3", "c@acme.test", status="SUSPENDED"),
    ),
    groups=tuple(Group(f"00g{n}", f"Group {n}") for n in range(7)),
    apps=(App("0oa1", "One", users=tuple(Assignment(f"00u{n}", "x") for n in range(600)), group_ids=("00g1",)),),
    policies=(Policy("00p1", "PASSWORD", "Default Policy"), Policy("rst1", "ACCESS_POLICY", "Any two factors")),
    events=(
        Event("old", "2026-01-01T00:00:00.000Z", "user.lifecycle.create", "00u1"),
        Event("one", "2026-05-27T00:00:00.000Z", "user.lifecycle.create", "00u1"),
        Event("two", "2026-05-28T00:00:00.000Z", "user.session.start", "00u1"),
        Event("three", "2026-05-28T01:00:00.000Z", "policy.rule.update", "00u1"),
    ),
)
TOKENS = (
    Token("good", "auditor"),
    Token("part", "part", lacks=("okta.logs.read",)),
    Token("spent", "spent", state="expired"),
    Token("jwt", "service", kind="Bearer"),
)
OKTA = Okta(Description(ORG, TOKENS), lambda: NOW)


def ask(target: str, headers: Mapping[str, str] = GOOD, okta: Okta = OKTA, method: str = "GET") -> tuple[Reply, Any]:
    """The reply to a target and its body, the page shown."""
    parts = urlsplit(target)
    reply = okta.respond(Request(method, parts.path, dict(parse_qsl(parts.query)), b"", headers, URL))
    if reply.page is None:
        return reply, reply.body
    body, beside = reply.page.show(*window(reply.page.items, reply.page.start, reply.page.size, None))
    return replace(reply, headers=beside, page=None), body


def links(reply: Reply) -> dict[str, str]:
    return {link["rel"]: link["url"] for link in parse_header_links(reply.headers.get("Link", ""))}


def ids(target: str) -> list[str]:
    return [each.get("id") or each["uuid"] for each in ask(target)[1]]


def test_a_plain_list_of_users_omits_who_left() -> None:
    assert ids("/api/v1/users") == ["00u1", "00u3"]
    assert ids("/api/v1/users?filter=" + quote('status eq "DEPROVISIONED"')) == ["00u2"]
    assert ask("/api/v1/users?filter=nonsense")[1]["errorCode"] == "E0000031"


def test_pages_are_linked_by_opaque_cursors() -> None:
    seen = []
    target = "/api/v1/groups?limit=3"
    while target:
        reply, body = ask(target)
        seen.append([each["id"] for each in body])
        assert links(reply)["self"].startswith(f"{URL}/api/v1/groups?")
        target = links(reply).get("next", "").removeprefix(URL)
        assert "00g" not in target
    assert seen == [["00g0", "00g1", "00g2"], ["00g3", "00g4", "00g5"], ["00g6"]]
    assert ask("/api/v1/groups?after=!")[0].status == 400


@pytest.mark.parametrize(
    ("path", "asked", "given"),
    [
        ("/api/v1/users", 10_000, 200),
        ("/api/v1/apps", 500, 200),
        ("/api/v1/apps/0oa1/users", 1000, 500),
        ("/api/v1/apps/0oa1/groups", 5, 20),
        ("/api/v1/groups/rules", 500, 200),
        ("/api/v1/logs", 5000, 1000),
    ],
)
def test_a_page_is_no_larger_than_the_endpoint_allows(path: str, asked: int, given: int) -> None:
    reply, _ = ask(f"{path}?limit={asked}")
    assert f"limit={given}" in links(reply)["self"]


def test_administrators_come_in_an_envelope_with_its_link_inside() -> None:
    reply, body = ask("/api/v1/iam/assignees/users")
    assert [each["id"] for each in body["value"]] == ["00u1"]
    assert (reply.headers, body["_links"]) == ({}, {})
    many = replace(ORG, users=tuple(User(f"00u{n}", "x", roles=(Role("ORG_ADMIN"),)) for n in range(150)))
    _, body = ask("/api/v1/iam/assignees/users", okta=Okta(Description(many, TOKENS)))
    _, rest = ask(body["_links"]["next"]["href"].removeprefix(URL), okta=Okta(Description(many, TOKENS)))
    assert (len(body["value"]), len(rest["value"])) == (100, 50)


def test_the_log_is_bounded_or_never_ends() -> None:
    bounded, events = ask("/api/v1/logs?since=2026-05-20T00:00:00Z&until=2026-05-28T00:30:00Z")
    assert [each["uuid"] for each in events] == ["one", "two"]
    assert "next" not in links(bounded)
    polled, events = ask("/api/v1/logs?since=2026-05-20T00:00:00Z")
    assert len(events) == 3
    again, events = ask(links(polled)["next"].removeprefix(URL))
    assert (events, "next" in links(again)) == ([], True)
    assert ids("/api/v1/logs?since=2020-01-01T00:00:00Z&sortOrder=DESCENDING") == ["three", "two", "one"]


def test_the_log_is_filtered_by_event_type() -> None:
    terms = quote('eventType sw "user.lifecycle." or eventType eq "policy.rule.update"')
    assert ids(f"/api/v1/logs?since=2026-05-20T00:00:00Z&filter={terms}") == ["one", "three"]
    assert ask("/api/v1/logs?filter=published+gt+1")[1]["errorCode"] == "E0000031"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 403, "E0000005"),
        ({"authorization": "SSWS unknown"}, 401, "E0000011"),
        ({"authorization": "SSWS spent"}, 401, "E0000011"),
        ({"authorization": "Bearer good"}, 401, "E0000011"),
        ({"authorization": "SSWSgood"}, 401, "E0000011"),
        ({"authorization": "SSWS part"}, 403, "E0000006"),
        ({"authorization": "Bearer jwt"}, 200, None),
    ],
)
def test_tokens_and_what_they_may_see(headers: dict[str, str], status: int, code: str | None) -> None:
    reply, body = ask("/api/v1/logs", headers)
    assert reply.status == status
    if code:
        assert (body["errorCode"], body["errorLink"]) == (code, code)
        assert body["errorId"].startswith("oae")
        assert body["errorCauses"] == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/users/00u9/factors", "E0000007"),
        ("/api/v1/users/00u2/factors", "E0000007"),  # who left has none to list
        ("/api/v1/apps/0oa9/users", "E0000007"),
        ("/api/v1/policies/00p9/rules", "E0000007"),
        ("/api/v1/nothing", "E0000008"),
    ],
)
def test_what_is_not_there(path: str, code: str) -> None:
    reply, body = ask(path)
    assert (reply.status, body["errorCode"]) == (404, code)


def test_only_reading_is_stood_in_for() -> None:
    assert ask("/api/v1/users", method="POST")[0].status == 405


def test_classic_engine() -> None:
    classic = Okta(Description(replace(ORG, classic=True), TOKENS))
    assert ask("/api/v1/policies?type=ACCESS_POLICY", okta=classic)[1]["errorCode"] == "E0000002"
    assert ask("/api/v1/policies?type=PASSWORD", okta=classic)[0].status == 200
    assert ask("/api/v1/authenticators", okta=classic)[1]["errorCode"] == "E0000015"
    assert ask("/api/v1/policies?type=", okta=OKTA)[0].status == 400


def test_budgets_are_of_endpoints() -> None:
    limits = Description(ORG).limits
    assert {
        path: bucket_of(path, limits) for path in ("/api/v1/users", "/api/v1/users/00u1/factors", "/api/v1/zones")
    } == {
        "/api/v1/users": "/api/v1/users",
        "/api/v1/users/00u1/factors": "/api/v1",
        "/api/v1/zones": "/api/v1",
    }
    assert bucket_of("/api/v1/apps/0oa1/users", limits) == "/api/v1/apps"
    request = Request("GET", "/api/v1/logs", {}, b"", GOOD, URL)
    budget = OKTA.budget(request)
    assert (budget.limit, budget.seconds) == (120, 60.0)
    headers = OKTA.headers(request, budget, 7, NOW + 30)
    assert (headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]) == ("120", "113")
    assert headers["x-rate-limit-reset"].isdigit()
    assert OKTA.limited(request, budget, 3.0).body["errorCode"] == "E0000047"


def test_a_fault_bears_oktas_own_error_body() -> None:
    assert OKTA.fault(404, "00u1 (User)").body["errorSummary"] == "Not found: Resource not found: 00u1 (User)"
    own = OKTA.fault(401, "E0000015 You may not").body
    assert (own["errorCode"], own["errorSummary"]) == ("E0000015", "You may not")
    assert OKTA.caller(Request("GET", "/", {}, b"", {}, URL)) == ""
    assert "x-rate-limit-limit" not in OKTA.headers(Request("GET", "/", {}, b"", {}, URL), Budget("b", 1, 60.0), 1, NOW)


def test_thousands_of_people_cost_nothing_until_they_are_looked_at() -> None:
    looked_at = []

    def make(number: int) -> User:
        looked_at.append(number)
        return User(f"00u{number}", "x")

    okta = Okta(Description(Org("acme", users=Made(5000, make)), TOKENS))
    looked_at.clear()
    reply = okta.respond(Request("GET", "/api/v1/users", {"limit": "200"}, b"", GOOD, URL))
    assert isinstance(reply.page, Page)
    shown, following = window(reply.page.items, 0, 200, Fault("*", "cut_pages", pages=2))
    assert (len(shown), following, len(looked_at)) == (200, 200, 200)
