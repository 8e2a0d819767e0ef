"""What a token that sees everything reads, and what tokens that see less may not claim."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.collect.slack.dialect import audit_url
from kushim_pipeline.collect.slack.streams import STREAMS
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.slack.model import Channel, Description, Token
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.slack.acme import (
    ACME,
    ADMINISTRATOR,
    BOT,
    EVERYBODY,
    FAST,
    HELPER,
    MEMBER,
    NOW,
    ORG,
    PEOPLE,
    TEAM,
    TOKENS,
    Found,
    collect,
)
from kushim_pipeline_tests.integration.collect.slack.conftest import Start


def test_an_administrators_and_an_organisations_token_read_everything(healthy: Found) -> None:
    for spec in STREAMS:
        assert healthy.outcome(spec.name) is Outcome.COMPLETE, (spec.name, healthy.said(spec.name))


def test_without_the_organisations_token_its_streams_are_denied(vendor: Start, root: Path) -> None:
    only = ["slack.app", "slack.audit_event"]
    found = collect(vendor().url, root, audit_token=None, only=only)
    assert {found.outcome(stream) for stream in only} == {Outcome.DENIED}
    assert "audit_token" in found.said("slack.app") and "audit_token" in found.said("slack.audit_event")


def test_lists_hold_everybody(healthy: Found) -> None:
    users = healthy.records("slack.user")
    assert len(users) == PEOPLE + 1
    assert users["U00000003"]["deleted"] is True
    assert users[HELPER]["is_bot"] is True
    assert users[ADMINISTRATOR]["is_primary_owner"] is True
    assert users["U00000009"]["has_2fa"] is False
    assert users["U00000001"]["profile"]["email"] == "member-00001@acme.test"
    assert set(healthy.records("slack.billable_user")) == set(users) - {HELPER}
    assert [page.operation for page in healthy.receipts["slack.user"].pages].count("users.list") == 2


def test_channels_are_the_public_ones_and_the_private_ones_that_are_seen(healthy: Found) -> None:
    channels = healthy.records("slack.channel")
    assert set(channels) == {f"C0000000{n}" for n in range(1, 7)}
    assert channels["C00000005"]["is_archived"] is True
    assert channels["C00000004"]["connected_team_ids"] == ["T0GLOBEX1"]
    assert channels["C00000006"]["is_private"] is True


def test_announcement_channels_and_no_others_are_looked_into(healthy: Found, vendor: Start, root: Path) -> None:
    found = healthy.records("slack.channel_member")
    assert set(found) == {"C00000001", "C00000002", "C00000003"}
    assert found["C00000002"]["members"] == list(EVERYBODY[:50])
    assert found["C00000002"]["latest"]["text"] == "Please update your laptops"
    assert found["C00000003"]["latest"] is None
    assert set(found["C00000001"]["members"]) == set(EVERYBODY)
    server = vendor()
    collect(server.url, root, only=["slack.channel_member"], announced=["C00000002"])
    assert {asked.path for asked in server.ledger} == {
        "/api/conversations.info",
        "/api/conversations.members",
        "/api/conversations.history",
    }


def test_without_announcement_channels_nothing_is_proven(vendor: Start, root: Path) -> None:
    server = vendor()
    found = collect(server.url, root, only=["slack.channel_member"], announced=[])
    assert found.reasons("slack.channel_member") == {Reason.INCOMPLETE}
    assert "announcement_channels" in found.said("slack.channel_member")
    assert server.ledger == ()


def test_an_announcement_channel_that_is_not_to_be_seen_is_named(vendor: Start, root: Path) -> None:
    names = ["secret-unseen", "C00000007", "security"]
    found = collect(vendor().url, root, only=["slack.channel_member"], announced=names)
    assert found.unread("slack.channel_member") == {"secret-unseen": Reason.DENIED, "C00000007": Reason.DENIED}
    assert set(found.records("slack.channel_member")) == {"C00000002"}


def test_a_channel_whose_newest_post_is_behind_all_the_joining(vendor: Start, root: Path) -> None:
    joined = tuple(replace(ACME.channels[1].messages[0], ts=f"17676{n:05d}.000100") for n in range(9_999, 9_960, -1))
    busy = Channel("C00000002", "security", EVERYBODY[:3], messages=(*joined, ACME.channels[1].messages[1]))
    described = Description((replace(ACME, channels=(busy,)),), TOKENS, FAST)
    server = vendor(description=described)
    found = collect(server.url, root, only=["slack.channel_member"], announced=["C00000002"])
    assert found.records("slack.channel_member")["C00000002"]["latest"]["ts"] == "1767600100.000100"
    assert Counter(asked.path for asked in server.ledger)["/api/conversations.history"] == 3


def test_logs_are_read_to_the_end_of_their_window(healthy: Found) -> None:
    assert len(healthy.records("slack.integration_log")) == 1_030
    access = healthy.records("slack.access_log")
    assert len(access) == 1_020 and min(body["date_last"] for body in access.values()) >= NOW - 90 * 86_400
    audit = healthy.records("slack.audit_event")
    assert len(audit) == 1_010 and audit["evt-000000"]["action"] == "user_login"
    assert healthy.receipts["slack.audit_event"].cursor == {"newest": NOW, "unread": {}}


def test_organisations_are_counted(healthy: Found) -> None:
    receipt = healthy.receipts["slack.external_team"]
    assert set(healthy.records("slack.external_team")) == {"T0GLOBEX1", "T0INITECH"}
    assert (receipt.declared_total, receipt.declared_by) == (2, "team.externalTeams.list: total_count")


def test_the_team_says_whose_token_it_is(healthy: Found) -> None:
    body = healthy.records("slack.team")[TEAM]
    assert (body["team"]["domain"], body["auth"]["user_id"]) == ("acme", ADMINISTRATOR)


def test_an_organisations_token_lists_approved_apps(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=ORG, audit_token=None, only=["slack.app", "slack.audit_event"])
    assert set(found.records("slack.app")) == {"A0000001", "A0000002"}
    assert {found.outcome("slack.app"), found.outcome("slack.audit_event")} == {Outcome.COMPLETE}


def test_no_organisation_is_connected(vendor: Start, root: Path) -> None:
    described = Description((replace(ACME, external_teams=()),), TOKENS, FAST)
    found = collect(vendor(description=described).url, root, only=["slack.external_team"])
    assert found.outcome("slack.external_team") is Outcome.COMPLETE
    assert found.receipts["slack.external_team"].declared_total == 0


def test_a_second_factor_that_is_not_shown_is_not_there(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=MEMBER, audit_token=None)
    users = found.records("slack.user")
    assert found.outcome("slack.user") is Outcome.COMPLETE and len(users) == PEOPLE + 1
    assert not [user for user in users.values() if "has_2fa" in user or "email" in user["profile"]]
    for stream in ("billable_user", "integration_log", "access_log", "audit_event", "app", "external_team"):
        assert found.outcome(f"slack.{stream}") is Outcome.DENIED, stream


def test_a_bot_without_private_channels_reads_the_public_ones_and_says_so(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=BOT, audit_token=None)
    assert set(found.records("slack.channel")) == {f"C0000000{n}" for n in range(1, 6)}
    assert found.reasons("slack.channel") == {Reason.DENIED}
    assert "groups:read" in found.said("slack.channel")
    assert found.outcome("slack.user") is Outcome.COMPLETE
    assert "another kind of token" in found.said("slack.billable_user")
    assert "not_in_channel" in found.said("slack.channel_member")


def test_a_plan_without_logs_is_not_a_missing_permission(vendor: Start, root: Path) -> None:
    described = Description((replace(ACME, plan="free", enterprise=""),), TOKENS, FAST)
    found = collect(vendor(description=described).url, root)
    for stream in ("integration_log", "access_log", "audit_event", "app", "external_team"):
        assert found.outcome(f"slack.{stream}") is Outcome.DENIED
        assert found.said(f"slack.{stream}").startswith("not on this plan: "), stream
    assert found.outcome("slack.user") is Outcome.COMPLETE


def test_a_token_of_an_organisation_says_which_workspace_it_means(vendor: Start, root: Path) -> None:
    server = vendor()
    collect(server.url, root, token=ORG, workspace=TEAM, only=["slack.user", "slack.team", "slack.audit_event"])
    asked = {entry.path: entry.query for entry in server.ledger}
    assert f"team_id={TEAM}" in asked["/api/users.list"]
    assert f"team={TEAM}" in asked["/api/team.info"]


def test_somebody_whom_only_the_list_of_billing_names_was_lost(vendor: Start, root: Path) -> None:
    found = collect(vendor(Fault("/api/users.list*", "cut_pages", pages=1)).url, root, only=["slack.user"])
    assert found.outcome("slack.user") is Outcome.PARTIAL
    assert f"team.billableInfo has {PEOPLE} members, 20 of whom" in found.said("slack.user")


def test_a_sample_asks_for_one_page_of_each_list(vendor: Start, root: Path) -> None:
    server = vendor()
    collect(server.url, root, sample=True)
    assert max(Counter(asked.path for asked in server.ledger).values()) == 1


def test_another_workspaces_token_is_noticed(vendor: Start, root: Path) -> None:
    body = b'{"ok":true,"team":{"id":"T0OTHER01","domain":"other"}}'
    found = collect(vendor(Fault("/api/team.info*", "body", body=body)).url, root, only=["slack.team"])
    assert found.reasons("slack.team") == {Reason.INCOMPLETE}
    assert found.records("slack.team") == {}


def test_nothing_that_only_asks_is_asked_twice(vendor: Start, root: Path) -> None:
    server = vendor()
    collect(server.url, root)
    assert not [asked for asked, times in Counter((a.path, a.query) for a in server.ledger).items() if times > 1]
    assert {asked.path for asked in server.ledger if asked.method != "GET"} == {"/api/auth.test"}
    assert Token(BOT, TEAM, HELPER).value not in repr(server.ledger)


@pytest.mark.parametrize(
    ("base_url", "audit"),
    [
        ("https://slack.com/api/", "https://api.slack.com/audit/v1"),
        ("https://slack-gov.com/api", "https://api.slack-gov.com/audit/v1"),
        ("https://proxy.example:8443/slack/api/", "https://proxy.example:8443/slack/audit/v1"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/audit/v1"),
    ],
)
def test_where_the_audit_log_is(base_url: str, audit: str) -> None:
    assert audit_url(base_url) == audit
