"""Whatever goes wrong on the way, the streams that it touches are not complete, and the others are untouched."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.jira import issue_changelog
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.jira.acme import (
    ACME,
    KEYS,
    OPS,
    PAGE,
    SEC,
    Clock,
    Found,
    collect,
    moved,
    number,
    person,
)
from kushim_pipeline_tests.integration.collect.jira.conftest import Start, others_unaffected

API = "/rest/api/3"
GROUPS = f"{API}/group/bulk?maxResults=1000"
USERS = f"{API}/users/search?maxResults=1000"
SEARCH, BULK, COUNT = f"{API}/search/jql?*", f"{API}/changelog/bulkfetch?*", f"{API}/search/approximate-count?*"
OF_OPS = f'{API}/search/jql?*project = "OPS" *'
FIRST_OF_OPS, LATER_OF_OPS = f'{API}/search/jql?*project = "OPS" *maxResults=100', f"{OF_OPS}nextPageToken=*"
AUDIT = f"{API}/auditing/record?*"
ISSUES = ("jira.issue", "jira.issue_changelog")
PROJECTS = ("jira.project", *ISSUES, "jira.project_role")
SHORT = Limits(timeout=0.2, whole=5.0)
HASTY = Patience(tries=2)

# Where a call fails, and whose population is then not known. The site tells what may be proven, so more hangs on it.
PLACES: dict[str, tuple[str, Sequence[str]]] = {
    "serverInfo": (f"{API}/serverInfo", ["jira.site"]),
    "projects": (f"{API}/project/search?*", PROJECTS),
    "issues": (FIRST_OF_OPS, ISSUES),
    "count": (COUNT, ISSUES),
    "changelogs": (BULK, ["jira.issue_changelog"]),
    "workflows": (f"{API}/workflow*/search?*", ["jira.workflow"]),
    "users": (USERS, ["jira.user"]),
    "groups": (GROUPS, ["jira.group"]),
    "members": (f"{API}/group/member?*", ["jira.group_member"]),
    "schemes": (f"{API}/permissionscheme?*", ["jira.project_role"]),
    "roles": (f"{API}/project/*/role/*", ["jira.project_role"]),
    "audit": (AUDIT, ["jira.audit_record"]),
}
EVERYWHERE = pytest.mark.parametrize("place", [*PLACES])


@EVERYWHERE
def test_a_status_on_one_endpoint(vendor: Start, root: Path, healthy: Found, place: str) -> None:
    pattern, touched = PLACES[place]
    status, reason = [(403, Reason.DENIED), (502, Reason.NOT_COLLECTED)][[*PLACES].index(place) % 2]
    found = collect(vendor(Fault(pattern, "status", status=status, message="No")).url, root)
    for stream in touched:
        assert reason in found.reasons(stream), stream
        assert found.outcome(stream) in (Outcome.DENIED, Outcome.FAILED, Outcome.PARTIAL), stream
    others_unaffected(found, healthy, touched)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (place, kind)
        for place in PLACES
        for kind in ("html", "empty")
        if kind == "html" or place not in ("serverInfo", "count", "schemes", "roles")
    ],
)
def test_an_answer_that_is_none(vendor: Start, root: Path, healthy: Found, place: str, kind: str) -> None:
    pattern, touched = PLACES[place]
    found = collect(vendor(Fault(pattern, kind)).url, root)  # type: ignore[arg-type]
    for stream in touched:
        # An empty log is one: Jira refuses whoever may not read it.
        assert (found.outcome(stream) is Outcome.COMPLETE) == (place == "audit" and kind == "empty"), stream
    others_unaffected(found, healthy, touched)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.NOT_COLLECTED),
        (401, Reason.DENIED),
        (404, Reason.DENIED),
        (410, Reason.NOT_COLLECTED),
        (503, Reason.NOT_COLLECTED),
        (202, Reason.INCOMPLETE),
    ],
)
def test_other_statuses(vendor: Start, root: Path, healthy: Found, status: int, reason: Reason) -> None:
    server = vendor(Fault(GROUPS, "status", status=status, message="No"))
    found = collect(server.url, root, only=["jira.group", "jira.user"])
    assert found.reasons("jira.group") == {reason}
    assert "No" in found.said("jira.group") or status >= 500
    assert found.contents()["jira.user"] == healthy.contents()["jira.user"]
    assert len([asked for asked in server.ledger if asked.path.endswith("/group/bulk")]) == (3 if status > 500 else 1)


@pytest.mark.parametrize("kind", ["loop", "repeat", "break_off", "silent", "truncate", "html"])
@pytest.mark.parametrize("pattern", [LATER_OF_OPS, BULK], ids=["issues", "changelogs"])
def test_a_page_by_token_that_is_none(
    vendor: Start, root: Path, healthy: Found, kind: str, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issue_changelog, "PAGE", 80)  # so that there are several
    touched = ISSUES if pattern != BULK else ISSUES[1:]
    fault = Fault(pattern if pattern != BULK or kind in ("loop", "repeat") else f"{BULK}nextPageToken*", kind)  # type: ignore[arg-type]
    found = collect(vendor(fault).url, root, limits=SHORT, patience=HASTY)
    for stream in touched:
        assert found.outcome(stream) is Outcome.PARTIAL, stream
        assert found.reasons(stream) <= {Reason.INCOMPLETE, Reason.NOT_COLLECTED}, stream
    assert len(found.records("jira.issue")) >= PAGE  # what came before the fault stands
    others_unaffected(found, healthy, touched)


@pytest.mark.parametrize("kind", ["repeat", "cut_pages"])
def test_a_numbered_list_that_repeats_or_ends_early(vendor: Start, root: Path, healthy: Found, kind: str) -> None:
    people = tuple(replace(person(n), groups=("org-admins",)) for n in range(120))
    site = replace(ACME, people=people)
    fault = Fault(f"{API}/group/member?*", kind, pages=1)  # type: ignore[arg-type]
    found = collect(vendor(fault, site=site).url, root, only=["jira.group_member"])
    assert found.outcome("jira.group_member") is not Outcome.COMPLETE


def test_users_that_end_early_without_the_tokens_own_account(vendor: Start, root: Path) -> None:
    site = replace(ACME, people=tuple(person(n) for n in reversed(range(1_030))))
    found = collect(
        vendor(Fault(f"{API}/users/search?*", "cut_pages", pages=1), site=site).url, root, only=["jira.user"]
    )
    assert found.outcome("jira.user") is Outcome.PARTIAL
    assert "own account" in found.said("jira.user")


def test_a_list_of_issues_that_is_cut_contradicts_the_count(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault(OF_OPS, "cut_pages", pages=1)).url, root)
    receipt = found.receipts["jira.issue"]
    assert (receipt.outcome, receipt.declared_total) == (Outcome.PARTIAL, len(KEYS))
    assert receipt.records == len(KEYS) - (len(OPS.issues) - PAGE)
    assert found.reasons("jira.issue_changelog") == {Reason.INCOMPLETE}
    others_unaffected(found, healthy, ISSUES)


def test_a_count_that_differs_leaves_nothing_proven(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor(site=replace(ACME, lag=1))
    found = collect(server.url, root)
    assert found.reasons("jira.issue") == {Reason.INCOMPLETE}
    assert set(found.records("jira.issue")) == KEYS
    assert len([asked for asked in server.ledger if asked.path.endswith("approximate-count")]) == 2
    others_unaffected(found, healthy, ISSUES)


def test_a_count_that_moves_while_issues_are_made_is_no_contradiction(vendor: Start, root: Path) -> None:
    earlier = Fault(COUNT, "body", 1, body=json.dumps({"count": len(KEYS) - 2}).encode())
    later = Fault(COUNT, "body", 1, body=json.dumps({"count": len(KEYS) + 1}).encode())
    found = collect(vendor(earlier, later).url, root, only=["jira.issue"])
    assert found.outcome("jira.issue") is Outcome.COMPLETE, found.said("jira.issue")
    one = Fault(COUNT, "body", body=json.dumps({"count": "many"}).encode())
    assert collect(vendor(one).url, root / "2", only=["jira.issue"]).reasons("jira.issue") == {Reason.INCOMPLETE}


@pytest.mark.parametrize(
    "body",
    [
        b'{"issues": [], "isLast": false}',
        b'{"issues": [{"key": "OPS-1"}], "isLast": false, "nextPageToken": 7}',
        b'{"issues": [{"id": "7"}], "isLast": true}',
        b'{"issues": null, "isLast": true}',
        b'{"issues": [], "isLast": true, "warnings": [{"type": "RESULT_TRUNCATED", "message": "too many"}]}',
        b"[]",
        b"",
    ],
)
def test_pages_of_issues_that_say_nothing_sure(vendor: Start, root: Path, body: bytes) -> None:
    found = collect(vendor(Fault(OF_OPS, "body", body=body)).url, root, only=["jira.issue"])
    assert found.outcome("jira.issue") is Outcome.PARTIAL
    assert not [key for key in found.records("jira.issue") if key.startswith("OPS-") and key != "OPS-1"]


@pytest.mark.parametrize(
    "poison",
    [
        b'{"id": "9", "key": "OPS-9999", "fields": {"a": 1, "a": 2}}',
        b'{"id": "9", "key": "OPS-9999", "fields": {"a": NaN}}',
        b'{"id": "9", "key": "OPS-9999", "fields": {"a": "\\u0000"}}',
        b'{"id": "9", "key": "OPS-9999", "fields": {"a": "\\ud800"}}',
        b'{"id": "9", "key": "OPS-9999", "fields": ' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)
def test_a_poisonous_issue_is_quarantined_alone(vendor: Start, root: Path, poison: bytes) -> None:
    sound = [json.dumps({"id": str(n), "key": f"OPS-{n}", "fields": {}}).encode() for n in (1, 2)]
    body = b'{"isLast": true, "issues": [' + b",".join([sound[0], poison, sound[1]]) + b"]}"
    found = collect(vendor(Fault(OF_OPS, "body", body=body)).url, root, only=["jira.issue"])
    assert {"OPS-1", "OPS-2"} <= set(found.records("jira.issue"))
    assert found.unread("jira.issue")["OPS-9999"] is Reason.QUARANTINED


def _bulk(*logs: dict[str, Any], **beside: Any) -> bytes:
    return json.dumps({"issueChangeLogs": logs, "nextPageToken": None, **beside}).encode()


def test_changelogs_that_lack_what_the_issue_shows_are_read_alone_or_unread(
    vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer without a single history: whoever was changed is asked for alone, as many as are worth it."""
    monkeypatch.setattr(issue_changelog, "MOST_ALONE", 5)
    server = vendor(Fault(BULK, "body", body=_bulk()))
    found = collect(server.url, root, projects=["SEC"], only=ISSUES)
    unread = found.unread("jira.issue_changelog")
    records = found.records("jira.issue_changelog")
    assert len([asked for asked in server.ledger if asked.path.endswith("/changelog")]) == 5
    assert set(unread.values()) == {Reason.INCOMPLETE} and None not in unread
    assert len([key for key, body in records.items() if body["histories"]]) == 5
    still = {f"SEC-{n}" for n in (5, 10, 15, 20, 25, 30)}
    assert {key for key, body in records.items() if not body["histories"]} == still
    assert len(records) + len(unread) == 30


def test_issues_without_history_are_believed_once_some_have_been_read_alone(
    vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was imported shows that it was changed, and has no history of it."""
    monkeypatch.setattr(issue_changelog, "MOST_ALONE", 5)
    imported = tuple(replace(each, changes=()) for each in SEC.issues)
    server = vendor(site=replace(ACME, projects=(replace(SEC, issues=imported),)))
    found = collect(server.url, root, only=ISSUES)
    assert found.outcome("jira.issue_changelog") is Outcome.COMPLETE
    assert len([asked for asked in server.ledger if asked.path.endswith("/changelog")]) == 5


@pytest.mark.parametrize(
    ("steps", "alone"),
    [
        ((("To Do", "Done"),), 0),
        ((("To Do", "In Progress"), ("In Progress", "Done")), 0),
        ((("To Do", "In Progress"),), 1),  # its end is missing
        ((("To Do", "In Progress"), ("In Review", "Done")), 1),  # its middle is missing
        ((("To Do", "Done"), ("Done", "In Review")), 1),  # it goes on, and not later than the issue's last change
    ],
)
def test_states_must_follow_each_other(vendor: Start, root: Path, steps: Sequence[tuple[str, str]], alone: int) -> None:
    first = OPS.issues[0]
    changes = tuple(moved(first.created, old, new, "") for old, new in steps)
    project = replace(OPS, issues=(replace(first, changes=changes),))
    server = vendor(site=replace(ACME, projects=(project,)))
    found = collect(server.url, root, only=ISSUES)
    assert len([asked for asked in server.ledger if asked.path.endswith("/changelog")]) == alone
    assert found.outcome("jira.issue_changelog") is Outcome.COMPLETE  # read alone it has a total, and that is believed


def test_an_issue_that_was_moved_on_after_it_was_listed_is_whole(vendor: Start, root: Path) -> None:
    first = OPS.issues[0]
    late = first.updated.replace(hour=23)
    project = replace(OPS, issues=(replace(first, changes=(*first.changes, moved(late, "Done", "In Review", ""))),))
    server = vendor(site=replace(ACME, projects=(project,)))
    found = collect(server.url, root, only=ISSUES)
    assert not [asked for asked in server.ledger if asked.path.endswith("/changelog")]
    assert len(found.records("jira.issue_changelog")["OPS-1"]["histories"]) == len(first.changes) + 1


@pytest.mark.parametrize("kind", ["status", "cut_pages", "html"])
def test_a_changelog_that_cannot_be_read_alone_either_is_unread_alone(vendor: Start, root: Path, kind: str) -> None:
    first = OPS.issues[0]
    many = tuple(moved(first.created, "To Do", "To Do", "") for _ in range(120))
    cut = replace(first, changes=(*many, *first.changes), lost=2)
    project = replace(OPS, issues=(cut, *OPS.issues[1:20]))
    fault = Fault(f"{API}/issue/*/changelog?*", kind, status=404)  # type: ignore[arg-type]
    found = collect(vendor(fault, site=replace(ACME, projects=(project,))).url, root, only=ISSUES)
    expected = Reason.DENIED if kind == "status" else Reason.INCOMPLETE
    if kind == "cut_pages":  # a total that is cut as well is believed: nothing is left to hold it against
        assert found.outcome("jira.issue_changelog") is Outcome.COMPLETE
    else:
        assert found.unread("jira.issue_changelog") == {"OPS-1": expected}
    assert len(found.records("jira.issue_changelog")) >= 19


def test_a_site_that_gives_fewer_histories_a_page(vendor: Start, root: Path, healthy: Found) -> None:
    refused = Fault(f"{BULK}maxResults=10000*", "status", status=400, message="maxResults must be at most 1000")
    assert collect(vendor(refused).url, root).contents() == healthy.contents()


def test_strange_changelogs(vendor: Start, root: Path, healthy: Found) -> None:
    known = {"issueId": number(SEC, 5), "changeHistories": []}
    odd = [
        {"issueId": "4711", "changeHistories": []},  # not asked for
        {"issueId": number(SEC, 5), "changeHistories": {"id": 1}},
        "text",
    ]
    for n, log in enumerate(odd):
        fault = Fault(BULK, "body", body=_bulk(known, log))  # type: ignore[arg-type]
        found = collect(vendor(fault).url, root / str(n), projects=["SEC"], only=ISSUES)
        assert found.outcome("jira.issue_changelog") is Outcome.PARTIAL
    poisonous = (
        b'{"nextPageToken":null,"issueChangeLogs":[{"issueId":"%s","changeHistories":[{"id":"1","a":1,"a":2}]}]}'
    )
    fault = Fault(BULK, "body", body=poisonous % number(SEC, 1).encode())
    found = collect(vendor(fault).url, root / "p", projects=["SEC"], only=ISSUES)
    assert found.unread("jira.issue_changelog")["SEC-1"] is Reason.QUARANTINED


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        (b'{"permissionSchemes": null}', "permissionscheme"),
        (b'{"permissionSchemes": [{"id": 1}]}', "permissionscheme"),
        (b"{}", "project/*/role/*"),
        (b'{"actors": null}', "project/*/role/*"),
    ],
)
def test_roles_that_say_nothing_sure(vendor: Start, root: Path, body: bytes, operation: str) -> None:
    found = collect(vendor(Fault(f"{API}/{operation}*", "body", body=body)).url, root, only=["jira.project_role"])
    assert found.outcome("jira.project_role") is not Outcome.COMPLETE
    assert found.reasons("jira.project_role") == {Reason.INCOMPLETE}


def test_where_nobody_lists_all_roles_each_project_tells_of_its_own(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault(f"{API}/role", "status", status=403)).url, root)
    assert found.contents() == healthy.contents()
    nothing = Fault(f"{API}/project/OPS/role", "body", body=b'{"Watchers": "https://x.example/role/7"}')
    found = collect(vendor(Fault(f"{API}/role", "html"), nothing).url, root / "2")
    assert found.unread("jira.project_role") == {"OPS/Administrators": Reason.INCOMPLETE}
    others_unaffected(found, healthy, ["jira.project_role"])


def test_a_gateway_that_drops_the_filter_of_groups(vendor: Start, root: Path) -> None:
    names = [{"name": group.name, "groupId": group.name} for group in ACME.groups]
    body = json.dumps({"values": names, "isLast": True, "total": len(names), "startAt": 0}).encode()
    found = collect(
        vendor(Fault(f"{API}/group/bulk?accessType=*", "body", body=body)).url, root, only=["jira.group_member"]
    )
    assert set(found.records("jira.group_member")) == {"jira-admins-acme", "org-admins"}
    unread = Fault(f"{API}/user/permission/search?*", "status", status=403)
    both = [Fault(f"{API}/group/bulk?accessType=*", "body", body=body), unread]
    found = collect(vendor(*both).url, root / "2", only=["jira.group_member"])
    assert Reason.INCOMPLETE in found.reasons("jira.group_member")  # names alone prove nothing


def test_a_page_from_elsewhere_in_the_list(vendor: Start, root: Path) -> None:
    body = json.dumps({"values": [{"key": "A"}], "isLast": True, "total": 1, "startAt": 50}).encode()
    found = collect(vendor(Fault(f"{API}/project/search?*", "body", body=body)).url, root, only=["jira.project"])
    assert found.reasons("jira.project") == {Reason.INCOMPLETE}


@pytest.mark.parametrize(
    "body",
    [
        b'{"offset": 0, "limit": 1000, "total": 3, "records": [{"id": 1, "created": "2026-01-05T09:30:00.000+0000"}]}',
        b'{"offset": 7, "limit": 1000, "total": 1, "records": [{"id": 1, "created": "2026-01-05T09:30:00.000+0000"}]}',
        b'{"offset": 0, "limit": 1000, "total": 1, "records": [{"id": 1, "created": "yesterday"}]}',
        b'{"offset": 0, "limit": 1000, "total": 1, "records": [{"id": "1", "created": "2026-01-05T09:30:00.0Z"}]}',
        b'{"offset": 0, "limit": 1000, "total": 1, "records": null}',
    ],
)
def test_pages_of_the_audit_log_that_say_nothing_sure(vendor: Start, root: Path, body: bytes) -> None:
    found = collect(vendor(Fault(AUDIT, "body", body=body)).url, root, only=["jira.audit_record"])
    assert found.outcome("jira.audit_record") is Outcome.PARTIAL


def test_a_login_that_failed_is_a_denial_even_where_the_answer_looks_fine(
    vendor: Start, root: Path, healthy: Found
) -> None:
    stranger = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    body = b'{"issues": [], "isLast": true}'
    found = collect(vendor(Fault(OF_OPS, "body", body=body, headers=stranger)).url, root)
    assert Reason.DENIED in found.reasons("jira.issue")
    others_unaffected(found, healthy, ISSUES)


def test_a_time_zone_that_nobody_knows_costs_a_whole_reading(vendor: Start, root: Path) -> None:
    first = collect(vendor().url, root, only=["jira.issue"])
    odd = Fault(f"{API}/myself", "body", body=json.dumps({"accountId": "1", "timeZone": "Mars/Olympus"}).encode())
    second = collect(vendor(odd).url, root, only=["jira.issue"], after=first, clock=Clock())
    assert second.receipts["jira.issue"].base is None
    assert second.outcome("jira.issue") is Outcome.COMPLETE
