"""A second reading costs what has changed since the first, and comes to the same as a whole one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kushim_pipeline.collect.jira import issue_search
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.jira.model import AuditRecord, Issue, Site
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Standin
from kushim_pipeline_tests.integration.collect.jira.acme import (
    ACME,
    NOW,
    OPS,
    SEC,
    START,
    TEAM,
    Clock,
    Found,
    collect,
    issue,
    moved,
    person,
)
from kushim_pipeline_tests.integration.collect.jira.conftest import Start

STREAMS = ("jira.issue", "jira.issue_changelog", "jira.audit_record")
LATER = NOW + timedelta(days=1)
Asked = Callable[[Standin, str], int]


def asked(server: Standin, ends: str) -> int:
    return len([entry for entry in server.ledger if entry.path.endswith(ends)])


def changed(at: datetime) -> Site:
    """The day after: one issue went back, one was made, one of three was deleted, one moved to another project."""
    issues = list(OPS.issues)
    issues[10] = replace(
        issues[10],
        status="In Review",
        updated=at,
        changes=(*issues[10].changes, moved(at, "Done", "In Review", person(1).account_id)),
    )
    del issues[20]
    going = issues.pop(30)
    issues.append(issue(50, created=at, updated=at, changes=(), status="To Do", resolved=None))
    arrived = replace(going, number=31, updated=at)
    projects = (replace(OPS, issues=issues), replace(SEC, issues=(*SEC.issues, arrived)), *ACME.projects[2:])
    audit = (*ACME.audit, AuditRecord(5_000, at, "User added to group", author=person(0).account_id))
    return replace(ACME, projects=projects, audit=audit)


@pytest.fixture
def first(vendor: Start, root: Path) -> Found:
    return collect(vendor().url, root, only=STREAMS)


def test_a_second_reading_comes_to_the_same_as_a_whole_one(vendor: Start, root: Path, first: Found) -> None:
    server = vendor(site=changed(LATER))
    second = collect(server.url, root, only=STREAMS, after=first, clock=Clock(LATER))
    whole = collect(vendor(site=changed(LATER)).url, root / "whole", only=STREAMS, clock=Clock(LATER))
    for stream in STREAMS:
        assert second.outcome(stream) is Outcome.COMPLETE, second.said(stream)
        assert second.standing(stream) == whole.records(stream), stream
        assert second.receipts[stream].population == whole.receipts[stream].population
    assert second.receipts["jira.issue"].gone == ("OPS-21", "OPS-32")
    assert set(second.receipts["jira.issue_changelog"].gone) == {"OPS-21", "OPS-32"}
    assert set(second.records("jira.issue")) == {"OPS-11", "OPS-49", "OPS-51", "SEC-31"}
    assert asked(server, "/search/jql") == 2  # what changed, and all keys, since the count told of a loss
    assert asked(server, "/changelog/bulkfetch") == 1
    assert asked(server, "/auditing/record") == 1


def test_nothing_changed_costs_next_to_nothing(vendor: Start, root: Path, first: Found) -> None:
    server = vendor()
    second = collect(server.url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert {second.outcome(stream) for stream in STREAMS} == {Outcome.COMPLETE}
    assert asked(server, "/search/jql") == asked(server, "/approximate-count") == 1
    assert asked(server, "/changelog/bulkfetch") == 0
    third = collect(vendor().url, root, only=STREAMS, after=second, clock=Clock(LATER + timedelta(hours=5)))
    assert third.standing("jira.issue") == first.records("jira.issue")


def test_what_comes_out_of_a_quarantine_is_read_again(vendor: Start, root: Path) -> None:
    body = b'{"isLast":true,"issues":[{"key":"TEAM-1","id":"1","fields":{"a":1,"a":2}}]}'
    poisoned = Fault('*/search/jql?*project = "TEAM" *', "body", body=body)
    first = collect(vendor(poisoned).url, root, only=STREAMS)
    assert first.unread("jira.issue") == {"TEAM-1": Reason.QUARANTINED}
    second = collect(vendor().url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert second.outcome("jira.issue") is Outcome.COMPLETE, second.said("jira.issue")
    assert "TEAM-1" in second.records("jira.issue_changelog")


def test_changelogs_that_were_unread_are_read_again(vendor: Start, root: Path) -> None:
    lost = replace(TEAM, issues=(replace(TEAM.issues[0], lost=1),))
    site = replace(ACME, projects=(OPS, lost))
    first = collect(vendor(Fault("*/issue/*/changelog?*", "html"), site=site).url, root, only=STREAMS)
    assert first.unread("jira.issue_changelog") == {"TEAM-1": Reason.INCOMPLETE}
    server = vendor(site=site)
    second = collect(server.url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert second.outcome("jira.issue_changelog") is Outcome.COMPLETE
    assert set(second.records("jira.issue_changelog")) == {"TEAM-1"}


def test_projects_that_come_into_scope_are_read_whole_and_those_that_leave_it_are_gone(
    vendor: Start, root: Path
) -> None:
    first = collect(vendor().url, root, only=STREAMS, projects=["OPS", "RISK"])
    server = vendor()
    second = collect(server.url, root, only=STREAMS, projects=["SEC", "OPS"], after=first, clock=Clock(LATER))
    assert set(second.standing("jira.issue")) == {f"{p.key}-{each.number}" for p in (OPS, SEC) for each in p.issues}
    third = collect(vendor().url, root, only=STREAMS, projects=["SEC"], after=second, clock=Clock(LATER))
    assert set(third.standing("jira.issue")) == {f"SEC-{n + 1}" for n in range(30)}
    # Four fifths of the issues are gone at once: that has to be seen twice.
    assert third.reasons("jira.issue") == {Reason.INCOMPLETE} and "next reading" in third.said("jira.issue")


def test_once_a_week_everything_is_read_again(vendor: Start, root: Path, first: Found) -> None:
    found = first
    for day in (1, 4):
        found = collect(vendor().url, root, only=STREAMS, after=found, clock=Clock(NOW + timedelta(days=day)))
        assert found.receipts["jira.issue"].base and found.receipts["jira.issue_changelog"].base
    server = vendor()
    swept = collect(server.url, root, only=STREAMS, after=found, clock=Clock(NOW + timedelta(days=7)))
    assert swept.receipts["jira.issue"].base is None is swept.receipts["jira.issue_changelog"].base
    assert asked(server, "/search/jql") == 7  # of 50, 30, 0 and 1 issues
    assert swept.contents()["jira.issue"] == first.contents()["jira.issue"]


def test_a_failed_delta_moves_no_cursor(vendor: Start, root: Path, first: Found) -> None:
    broken = vendor(Fault("*/search/jql?*updated*", "status", status=502), site=changed(LATER))
    second = collect(broken.url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert not second.receipts["jira.issue"].lists_all
    third = collect(vendor(site=changed(LATER)).url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert third.outcome("jira.issue") is Outcome.COMPLETE
    assert "OPS-11" in third.records("jira.issue")


def test_a_loss_that_the_keys_do_not_explain_is_not_whole(vendor: Start, root: Path, first: Found) -> None:
    site = replace(changed(LATER), lag=3)
    second = collect(vendor(site=site).url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert second.reasons("jira.issue") == {Reason.INCOMPLETE}
    cut = Fault("*/search/jql?fields=key&*", "html")
    again = collect(vendor(cut, site=changed(LATER)).url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert again.reasons("jira.issue") == {Reason.INCOMPLETE}
    assert not again.receipts["jira.issue"].gone


def test_a_years_old_record_leaves_the_log(vendor: Start, root: Path, first: Found) -> None:
    clock = Clock(START + timedelta(days=365, minutes=10, seconds=1))
    kept = replace(ACME, audit=ACME.audit[30:])  # Jira itself no longer keeps the others
    second = collect(vendor(site=kept).url, root, only=["jira.audit_record"], after=first, clock=clock)
    assert second.outcome("jira.audit_record") is Outcome.COMPLETE
    assert len(second.receipts["jira.audit_record"].gone) == 11
    assert len(second.standing("jira.audit_record")) == 40 - 11


def test_the_hour_that_comes_twice_begins_with_its_first() -> None:
    zone = ZoneInfo("Europe/Berlin")
    ambiguous = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("UTC"))  # 02:30, for the second time
    assert '"2026/10/25 01:30"' in issue_search.changed_since(["OPS"], ambiguous, zone)
    plain = datetime(2026, 10, 25, 3, 30, 59, tzinfo=ZoneInfo("UTC"))
    assert '"2026/10/25 04:30"' in issue_search.changed_since(["OPS"], plain, zone)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "UTC"])
def test_changes_are_asked_for_in_the_accounts_own_zone(vendor: Start, root: Path, zone: str) -> None:
    site = replace(ACME, zone=zone)
    first = collect(vendor(site=site).url, root, only=STREAMS)
    server = vendor(site=replace(changed(LATER), zone=zone))
    second = collect(server.url, root, only=STREAMS, after=first, clock=Clock(LATER))
    assert {"OPS-11", "OPS-51", "SEC-31"} <= set(second.records("jira.issue"))
    assert len(second.records("jira.issue")) < 10


def test_a_hundred_thousand_issues_keep_to_the_budget(vendor: Start, root: Path) -> None:
    """Counted on five thousand of them, since nothing but the number of pages grows with them."""
    made = Issue(1, created=START, updated=START)
    projects = tuple(
        replace(OPS, key=f"P{n:02d}", id=20_000 + n, issues=tuple(replace(made, number=k + 1) for k in range(250)))
        for n in range(20)
    )
    site = replace(ACME, projects=projects, people=ACME.people[:50], audit=(), page=100)
    server = vendor(site=site)
    first = collect(server.url, root)
    calls = Counter(entry.path for entry in server.ledger)
    assert {first.outcome(stream) for stream in first.receipts} == {Outcome.COMPLETE}
    assert calls["/rest/api/3/search/jql"] == 20 * 3
    assert calls["/rest/api/3/changelog/bulkfetch"] == 5
    assert len(server.ledger) - 65 <= 200  # beside a page for a hundred issues, and a call for a thousand changelogs
    moving = tuple(
        replace(each, issues=(*(replace(k, updated=LATER, labels=("x",)) for k in each.issues[:3]), *each.issues[3:]))
        for each in projects
    )
    server = vendor(site=replace(site, projects=moving))
    second = collect(server.url, root, after=first, clock=Clock(LATER))
    assert {second.outcome(stream) for stream in second.receipts} == {Outcome.COMPLETE}
    assert len(second.records("jira.issue")) == 60
    assert len(server.ledger) <= 130


def test_projects_that_cannot_be_listed_lose_no_issue(vendor: Start, root: Path, first: Found) -> None:
    unlisted = Fault("*/project/search?*", "status", status=502)
    second = collect(vendor(unlisted).url, root, only=STREAMS, after=first, clock=Clock(LATER))
    for stream in ("jira.issue", "jira.issue_changelog"):
        assert second.outcome(stream) is not Outcome.COMPLETE
        assert not second.receipts[stream].gone and not second.receipts[stream].lists_all
