"""The stand-in's answers, without HTTP, held against Slack's reference of each method."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from kushim_pipeline.sandbox.slack.methods import METHODS
from kushim_pipeline.sandbox.slack.model import (
    AccessLog,
    App,
    AuditEvent,
    Channel,
    Description,
    IntegrationLog,
    Member,
    Token,
    Workspace,
    made_members,
)
from kushim_pipeline.sandbox.slack.vendor import SlackVendor
from kushim_pipeline.sandbox.standin.paging import window
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

PEOPLE = (
    Member("U1", "ann", "ann@acme.test", primary_owner=True),
    Member("U2", "bob", "bob@acme.test", deleted=True),
    Member("U3", "cid", "cid@globex.test", restricted=True, ultra_restricted=True, guest_until=1_800_000_000),
    Member("U4", "dan", "dan@acme.test", two_factor=False),
    Member("B1", "helper", bot=True),
)
ACME = Workspace(
    "T1",
    "Acme",
    "acme",
    plan="enterprise",
    enterprise="E1",
    members=PEOPLE,
    channels=(Channel("C1", "general", ("U1", "U4", "B1")), Channel("C2", "hidden", ("U4",), private=True)),
    apps=(App("A1", "one"), App("A2", "two", restricted=True)),
    integration_logs=tuple(IntegrationLog(1000 - n, "A1", "one", "U1") for n in range(5)),
    access_logs=tuple(AccessLog("U1", "192.0.2.1", f"agent {n}", 900 - n, 1000 - n) for n in range(5)),
    audit_events=tuple(AuditEvent(f"e{n}", 1000 - n, "user_login", "U1", entity="U1") for n in range(5)),
)
FREE = Workspace("T2", "Free", "free", plan="free", members=PEOPLE)
VENDOR = SlackVendor(
    Description(
        (ACME, FREE),
        (
            Token("admin", "T1", "U1"),
            Token("org", "T1", "U1", org=True),
            Token("bot", "T1", "B1", ("channels:read", "channels:history", "users:read"), kind="bot", admin=False),
            Token("member", "T1", "U4", ("admin", "users:read"), admin=False),
            Token("free", "T2", "U1"),
            Token("gone", "T1", "U1", state="revoked"),
        ),
    )
)


def request(method: str, who: str = "admin", **arguments: str) -> Request:
    path = method if method.startswith("/") else f"/api/{method}"
    headers = {"authorization": f"Bearer {who}"} if who else {}
    return Request("GET", path, arguments, b"", headers, "http://127.0.0.1")


def shown(reply: Reply) -> Any:
    """The body, its page cut as the server does it."""
    if reply.page is None:
        return reply.body
    return reply.page.show(*window(reply.page.items, reply.page.start, reply.page.size, None))[0]


def ask(method: str, who: str = "admin", **arguments: str) -> Any:
    return shown(VENDOR.respond(request(method, who, **arguments)))


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("nobody", "invalid_auth"), ("gone", "token_revoked")]
)
@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_method_answers_a_token_that_is_none(method: str, token: str, error: str) -> None:
    assert ask(method, token) == {"ok": False, "error": error}


def test_what_a_token_lacks_is_said() -> None:
    found = ask("team.info", "bot")
    assert (found["error"], found["needed"]) == ("missing_scope", "team:read")
    assert found["provided"] == "channels:read,channels:history,users:read"
    assert ask("conversations.list", "bot", types="private_channel")["needed"] == "groups:read"
    assert ask("team.billableInfo", "bot")["error"] == "not_allowed_token_type"
    assert ask("team.billableInfo", "member")["error"] == "not_allowed"
    assert ask("admin.apps.approved.list", "admin")["error"] == "not_allowed_token_type"


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("team.accessLogs", "paid_only"),
        ("team.integrationLogs", "paid_teams_only"),
        ("team.externalTeams.list", "team_not_eligible"),
        ("admin.apps.restricted.list", "feature_not_enabled"),
    ],
)
def test_what_a_plan_lacks_is_said(method: str, error: str) -> None:
    assert ask(method, "free") == {"ok": False, "error": error}


def test_the_audit_log_refuses_with_statuses() -> None:
    answers = {token: VENDOR.respond(request("/audit/v1/logs", token)) for token in ("nobody", "free", "admin")}
    assert {token: reply.status for token, reply in answers.items()} == {"nobody": 401, "free": 403, "admin": 403}
    found = ask("/audit/v1/logs", "org", oldest="998", limit="2")
    assert [entry["id"] for entry in found["entries"]] == ["e0", "e1"] and "ok" not in found
    rest = ask("/audit/v1/logs", "org", oldest="998", limit="2", cursor=found["response_metadata"]["next_cursor"])
    assert [entry["id"] for entry in rest["entries"]] == ["e2"]
    assert rest["response_metadata"]["next_cursor"] == ""


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (urlencode({"limit": "2", "token": "admin"}).encode(), "application/x-www-form-urlencoded"),
        (json.dumps({"limit": 2}).encode(), "application/json; charset=utf-8"),
    ],
)
def test_arguments_may_come_in_a_body(body: bytes, kind: str) -> None:
    headers: Mapping[str, str] = {"content-type": kind, "authorization": "Bearer admin"}
    asked = Request("POST", "/api/users.list", {}, body, headers, "http://127.0.0.1")
    assert len(shown(VENDOR.respond(asked))["members"]) == 2
    assert VENDOR.query(asked) == "limit=2"


def test_a_member_is_shown_as_much_as_the_token_may_see() -> None:
    mine = {user["id"]: user for user in ask("users.list")["members"]}
    assert mine["U4"]["has_2fa"] is False and mine["U1"]["is_owner"] and mine["U1"]["is_admin"]
    assert (mine["U3"]["is_restricted"], mine["U3"]["is_ultra_restricted"]) == (True, True)
    assert mine["U3"]["profile"]["guest_expiration_ts"] == 1_800_000_000
    assert mine["U2"]["deleted"] and not {"has_2fa", "is_admin", "is_restricted"} & set(mine["U2"])
    others = {user["id"]: user for user in ask("users.list", "member")["members"]}
    assert set(others) == set(mine)
    assert not [user for user in others.values() if "has_2fa" in user or "email" in user["profile"]]


def test_billing_names_everybody_but_bots() -> None:
    found = ask("team.billableInfo")["billable_info"]
    assert found == {
        "U1": {"billing_active": True},
        "U2": {"billing_active": False},
        "U3": {"billing_active": False},
        "U4": {"billing_active": True},
    }


def test_private_channels_are_seen_from_within() -> None:
    types = "public_channel,private_channel"
    assert [found["id"] for found in ask("conversations.list", types=types)["channels"]] == ["C1"]
    assert ask("conversations.info", channel="C2")["error"] == "channel_not_found"
    assert ask("conversations.info", channel="C1", include_num_members="true")["channel"]["num_members"] == 3
    assert "num_members" not in ask("conversations.info", channel="C1")["channel"]
    assert ask("conversations.members", channel="C1", limit="2")["members"] == ["U1", "U4"]
    assert [found["id"] for found in ask("users.conversations", "bot")["channels"]] == ["C1"]
    assert ask("conversations.list", types="nonsense")["error"] == "invalid_types"


def test_old_lists_have_page_numbers_and_a_last_page() -> None:
    found = ask("team.integrationLogs", count="2", page="3")
    assert found["paging"] == {"count": 2, "total": 5, "page": 3, "pages": 3} and len(found["logs"]) == 1
    assert found["logs"][0]["date"] == "996" and "id" not in found["logs"][0]
    for arguments in ({"count": "1001"}, {"page": "101"}):
        assert ask("team.integrationLogs", **arguments)["error"] == "over_pagination_limit"


def test_access_logs_have_both_ways_and_a_date() -> None:
    assert ask("team.accessLogs", count="2")["paging"]["pages"] == 3
    found = ask("team.accessLogs", limit="2", count="1")
    assert len(found["logins"]) == 2 and "paging" not in found
    assert [entry["date_last"] for entry in ask("team.accessLogs", before="997")["logins"]] == [997, 996]


def test_a_cursor_that_slack_did_not_give() -> None:
    for method in ("users.list", "conversations.list", "team.billableInfo"):
        assert ask(method, cursor="never")["error"] == "invalid_cursor"


def test_apps_are_approved_or_restricted() -> None:
    assert [each["app"]["id"] for each in ask("admin.apps.approved.list", "org")["approved_apps"]] == ["A1"]
    assert [each["app"]["id"] for each in ask("admin.apps.restricted.list", "org")["restricted_apps"]] == ["A2"]
    refused = ask("admin.apps.approved.list", "org", team_id="T1", enterprise_id="E1")
    assert refused["error"] == "too_many_teams_provided"


def test_budgets_and_headers() -> None:
    assert VENDOR.budget(request("users.list")) == Budget("users.list", 20, 60.0)
    assert VENDOR.budget(request("auth.test")) == Budget("auth.test", 100, 60.0)
    assert VENDOR.budget(request("nonsense")) is None and ask("nonsense")["error"] == "unknown_method"
    asked = request("users.list", "bot")
    limited = VENDOR.limited(asked, Budget("users.list", 20, 60.0), 12.3)
    assert (limited.status, limited.headers, limited.body["error"]) == (429, {"Retry-After": "13"}, "ratelimited")
    headers = VENDOR.headers(asked, None, 0, 0.0)
    assert headers["X-OAuth-Scopes"] == "channels:read,channels:history,users:read"
    assert headers["X-Accepted-OAuth-Scopes"] == "users:read"
    assert VENDOR.caller(asked) == "T1" and VENDOR.caller(request("users.list", "")) == ""


def test_a_large_workspace_is_made_page_by_page() -> None:
    many = made_members(5_000)
    assert len(many) == 5_000 and many[4_999].id == "U00004999"
    assert [each.id for each in many[10:12]] == ["U00000010", "U00000011"]
