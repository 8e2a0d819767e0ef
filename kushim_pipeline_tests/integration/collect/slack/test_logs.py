"""A log's second reading costs what has happened since the first."""

from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.slack.model import AccessLog, AuditEvent, Description, IntegrationLog
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Standin
from kushim_pipeline_tests.integration.collect.slack.acme import (
    ACME,
    ADMINISTRATOR,
    DAY,
    FAST,
    NOW,
    SOMEBODY,
    TOKENS,
    Clock,
    Found,
    collect,
)
from kushim_pipeline_tests.integration.collect.slack.conftest import Start

LOGS = ("slack.integration_log", "slack.access_log", "slack.audit_event")
METHOD = {
    "slack.integration_log": "/api/team.integrationLogs",
    "slack.access_log": "/api/team.accessLogs",
    "slack.audit_event": "/audit/v1/logs",
}
LATER = NOW + DAY


def asked(server: Standin, stream: str) -> int:
    return len([entry for entry in server.ledger if entry.path == METHOD[stream]])


def later() -> Description:
    """The day after: an app was added, somebody came back from a known address, somebody did something."""
    workspace = replace(
        ACME,
        integration_logs=(IntegrationLog(LATER - 50, "A9999999", "New", SOMEBODY), *ACME.integration_logs),
        access_logs=(
            replace(ACME.access_logs[7], last=LATER - 40, count=99),
            *ACME.access_logs[:7],
            *ACME.access_logs[8:],
        ),
        audit_events=(AuditEvent("evt-later", LATER - 30, "app_installed", SOMEBODY), *ACME.audit_events),
    )
    return Description((workspace,), TOKENS, FAST)


@pytest.fixture
def days(vendor: Start, root: Path) -> tuple[Found, Found, Standin]:
    first = collect(vendor().url, root, only=LOGS)
    server = vendor(description=later())
    return first, collect(server.url, root, only=LOGS, after=first, clock=Clock(LATER)), server


def test_the_second_reading_takes_what_is_new_and_builds_on_the_first(days: tuple[Found, Found, Standin]) -> None:
    first, second, server = days
    for stream in LOGS:
        assert second.outcome(stream) is Outcome.COMPLETE, second.said(stream)
        assert second.receipts[stream].base is not None
        assert asked(server, stream) == 1 < len(first.receipts[stream].pages), stream
    assert [name for name in second.records("slack.audit_event")].count("evt-later") == 1
    assert len(second.records("slack.audit_event")) < 5
    assert LATER - 30 == second.receipts["slack.audit_event"].cursor["newest"]  # type: ignore[index]
    assert second.receipts["slack.integration_log"].population == 1_031


def test_who_came_back_is_the_same_entry_with_another_end(days: tuple[Found, Found, Standin]) -> None:
    first, second, _ = days
    (name,) = [n for n, body in second.records("slack.access_log").items() if body["date_last"] == LATER - 40]
    assert first.records("slack.access_log")[name]["count"] != 99 == second.records("slack.access_log")[name]["count"]
    assert second.receipts["slack.access_log"].population == 1_020


def test_what_is_older_than_the_window_is_gone(vendor: Start, root: Path) -> None:
    first = collect(vendor().url, root, only=LOGS)
    clock = Clock(NOW + 60 * DAY)
    second = collect(vendor(description=later()).url, root, only=LOGS, after=first, clock=clock)
    for stream, days in (("slack.access_log", 90), ("slack.audit_event", 30)):
        gone = second.receipts[stream].gone
        assert gone and second.outcome(stream) is Outcome.COMPLETE
        dates = [
            body.get("date_last", body.get("date_create"))
            for name, body in first.records(stream).items()
            if name in gone
        ]
        assert max(dates) < clock.time - days * DAY
    assert second.receipts["slack.integration_log"].gone == ()


def test_a_quiet_day_changes_nothing(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor()
    first = collect(server.url, root, only=LOGS)
    second = collect(server.url, root, only=LOGS, after=first)
    for stream in LOGS:
        assert second.outcome(stream) is Outcome.COMPLETE
        assert second.receipts[stream].population == first.receipts[stream].population
        assert second.receipts[stream].cursor == first.receipts[stream].cursor


def test_a_reading_that_breaks_off_does_not_move_the_cursor(vendor: Start, root: Path) -> None:
    fault = Fault("/audit/v1/logs*cursor=*", "status", status=403, message="missing_scope")
    broken = collect(vendor(fault).url, root, only=LOGS)
    assert broken.outcome("slack.audit_event") is Outcome.PARTIAL
    second = collect(vendor().url, root, only=LOGS, after=broken)
    assert second.receipts["slack.audit_event"].base is None
    assert len(second.records("slack.audit_event")) == 1_010


def test_an_entry_of_the_future_does_not_hide_what_comes(vendor: Start, root: Path) -> None:
    odd = replace(
        ACME, audit_events=(AuditEvent("evt-odd", NOW + 900 * DAY, "user_login", SOMEBODY), *ACME.audit_events)
    )
    first = collect(vendor(description=Description((odd,), TOKENS, FAST)).url, root, only=["slack.audit_event"])
    assert first.receipts["slack.audit_event"].cursor["newest"] == NOW  # type: ignore[index]


def test_a_log_without_an_order_is_read_to_its_end(vendor: Start, root: Path) -> None:
    first = collect(vendor().url, root, only=["slack.access_log"])
    rows = list(ACME.access_logs)
    mixed = replace(ACME, access_logs=(*rows[-500:], *rows[:-500]))
    server = vendor(description=Description((mixed,), TOKENS, FAST))
    collect(server.url, root, only=["slack.access_log"], after=first)
    assert asked(server, "slack.access_log") == 2


def test_a_vendor_that_knows_page_numbers_only(vendor: Start, root: Path) -> None:
    """`limit` is ignored by who does not know cursors; `count` and `page` do the same."""
    rows = [
        {
            "user_id": f"U{n}",
            "date_first": NOW - n,
            "date_last": NOW - n,
            "ip": "192.0.2.1",
            "user_agent": "x",
            "count": 1,
        }
        for n in range(300)
    ]

    def page(number: int) -> bytes:
        import json

        shown = rows[(number - 1) * 100 : number * 100]
        return json.dumps(
            {"ok": True, "logins": shown, "paging": {"count": 100, "total": 300, "page": number, "pages": 3}}
        ).encode()

    faults = [
        Fault("/api/team.accessLogs*page=3*", "body", body=page(3)),
        Fault("/api/team.accessLogs*page=2*", "body", body=page(2)),
        Fault("/api/team.accessLogs*", "body", body=page(1)),
    ]
    found = collect(vendor(*faults).url, root, only=["slack.access_log"])
    assert found.outcome("slack.access_log") is Outcome.COMPLETE
    assert len(found.records("slack.access_log")) == 300


def test_page_numbers_that_come_to_their_end_go_on_with_a_date(
    vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack gives a hundred pages; two are enough to see it."""
    monkeypatch.setattr("kushim_pipeline.collect.slack.log.LAST_PAGE", 2)
    monkeypatch.setattr("kushim_pipeline.collect.slack.access_log.SIZE", 300)
    # Without a limit the stand-in pages by numbers.
    monkeypatch.setattr(
        "kushim_pipeline.collect.slack.workspace.Workspace.of_team", lambda _, **given: {"count": given["count"]}
    )
    server = vendor()
    found = collect(server.url, root, only=["slack.access_log"])
    assert found.outcome("slack.access_log") is Outcome.COMPLETE, found.said("slack.access_log")
    assert len(found.records("slack.access_log")) == 1_020
    assert len([entry for entry in server.ledger if "before=" in entry.query]) >= 2


def test_a_poisonous_entry_is_forgotten_with_the_window(vendor: Start, root: Path) -> None:
    body = b'{"entries":[{"id":"a","date_create":%d},{"id":"b","date_create":%d,"x":NaN}]}' % (NOW - 5, NOW - 6)
    first = collect(vendor(Fault("/audit/v1/logs*", "body", body=body)).url, root, only=["slack.audit_event"])
    assert first.unread("slack.audit_event") == {"b": Reason.QUARANTINED}
    soon = collect(vendor().url, root, only=["slack.audit_event"], after=first, clock=Clock(NOW + DAY))
    assert set(soon.unread("slack.audit_event")) == {"b"}
    much_later = collect(vendor().url, root, only=["slack.audit_event"], after=soon, clock=Clock(NOW + 31 * DAY))
    assert much_later.outcome("slack.audit_event") is Outcome.COMPLETE, much_later.said("slack.audit_event")


def test_nobody_was_seen_within_the_window(vendor: Start, root: Path) -> None:
    old = AccessLog(ADMINISTRATOR, "192.0.2.1", "Slack", NOW - 200 * DAY, NOW - 199 * DAY)
    described = Description((replace(ACME, access_logs=(old,)),), TOKENS, FAST)
    found = collect(vendor(description=described).url, root, only=["slack.access_log"])
    assert found.outcome("slack.access_log") is Outcome.COMPLETE
    assert "none of the last 90 days" in (found.receipts["slack.access_log"].empty_proven_by or "")
