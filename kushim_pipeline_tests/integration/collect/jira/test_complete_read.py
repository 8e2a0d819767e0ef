"""What an account that sees everything reads, and what accounts that see less may not claim."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.collect.jira.streams import STREAMS
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.jira.model import Group, Project
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.jira.acme import (
    ACME,
    BIG,
    BLIND,
    EMPTY,
    KEYS,
    MANY,
    OPS,
    PAGE,
    PARTLY,
    PEOPLE,
    READER,
    SEC,
    Found,
    collect,
    issue,
    number,
    person,
)
from kushim_pipeline_tests.integration.collect.jira.conftest import Start, others_unaffected


def test_an_administrator_reads_everything(healthy: Found) -> None:
    for spec in STREAMS:
        assert healthy.outcome(spec.name) is Outcome.COMPLETE, (spec.name, healthy.said(spec.name))


def test_the_site_and_its_reader(healthy: Found) -> None:
    (body,) = healthy.records("jira.site").values()
    assert body["serverInfo"]["deploymentType"] == "Cloud" and "serverTime" not in body["serverInfo"]
    assert body["myself"]["timeZone"] == "Asia/Kolkata"
    assert body["permissions"]["ADMINISTER"]["havePermission"] is True


def test_issues_are_the_vendors_own_objects_and_are_counted(healthy: Found) -> None:
    receipt = healthy.receipts["jira.issue"]
    issues = healthy.records("jira.issue")
    assert set(issues) == KEYS
    assert (receipt.declared_total, receipt.records) == (len(KEYS), len(KEYS))
    assert "approximate-count" in (receipt.declared_by or "")
    assert issues["OPS-7"]["id"] == number(OPS, 7)
    assert issues["OPS-7"]["fields"]["status"]["name"] == "Done"
    assert issues["SEC-1"]["fields"]["security"]["name"] == "Confidential"


def test_changelogs_are_gathered_over_pages_in_their_order(healthy: Found) -> None:
    changelogs = healthy.records("jira.issue_changelog")
    assert set(changelogs) == KEYS
    steps = [h["items"][0]["toString"] for h in changelogs["OPS-7"]["histories"] if h["items"][0]["field"] == "status"]
    assert steps == ["In Progress", "In Review", "Done"]
    assert changelogs["OPS-5"] == {"histories": []}
    assert healthy.receipts["jira.issue_changelog"].declared_by == "jira.issue"


def test_projects_people_groups_and_workflows(healthy: Found) -> None:
    assert set(healthy.records("jira.project")) == {"OPS", "SEC", "RISK", "TEAM"}
    people = healthy.records("jira.user")
    assert len(people) == PEOPLE
    assert people[person(7).account_id]["active"] is False
    assert set(healthy.records("jira.group")) == {group.name for group in ACME.groups}
    assert set(healthy.records("jira.workflow")) == {"jira", "Change"}
    assert healthy.records("jira.workflow")["Change"]["transitions"][1]["name"] == "Approve"


def test_who_administers(healthy: Found) -> None:
    groups = healthy.records("jira.group_member")
    members = {name: {each["accountId"] for each in body["members"]} for name, body in groups.items()}
    assert members == {
        "jira-admins-acme": {person(0).account_id, person(1).account_id},
        "org-admins": {person(2).account_id},
    }
    roles = healthy.records("jira.project_role")
    assert set(roles) == {
        *(f"{key}/{role}" for key in ("OPS", "SEC", "RISK") for role in ("Administrators", "Leads")),
        "TEAM/Administrator",
    }
    assert [actor["type"] for actor in roles["OPS/Administrators"]["actors"]] == [
        "atlassian-user-role-actor",
        "atlassian-group-role-actor",
    ]


def test_long_lists_are_read_over_pages(vendor: Start, root: Path) -> None:
    found = collect(vendor(site=BIG).url, root, only=["jira.user", "jira.audit_record"])
    assert len(found.records("jira.user")) == MANY
    assert [dict(page.parameters).get("startAt") for page in found.receipts["jira.user"].pages[:3]] == [
        None,
        "1000",
        str(MANY),
    ]
    # Records that are made meanwhile would shift the log: its further pages end where the first one began.
    pages = found.receipts["jira.audit_record"].pages
    assert len(found.records("jira.audit_record")) == MANY
    assert [page.parameters.get("to") for page in pages] == [None, "2026-01-06T02:39:01.000Z"]


def test_what_a_reading_costs(vendor: Start, root: Path) -> None:
    server = vendor()
    collect(server.url, root)
    calls = Counter(f"{asked.method} {asked.path}" for asked in server.ledger)
    pages = sum(-(-max(1, len(project.issues)) // PAGE) for project in ACME.projects)
    assert calls["POST /rest/api/3/search/jql"] == pages
    assert calls["POST /rest/api/3/changelog/bulkfetch"] == 1
    assert calls["POST /rest/api/3/search/approximate-count"] == 1
    assert len(server.ledger) <= pages + 32


def test_a_reader_who_does_not_administer_says_what_it_may_not_see(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor().url, root, email=READER)
    assert found.outcome("jira.audit_record") is Outcome.DENIED
    assert found.outcome("jira.workflow") is Outcome.DENIED
    assert "Administer Jira" in found.said("jira.workflow")
    # Projects may be hidden from it, and so may issues: it names no projects.
    for stream in ("jira.project", "jira.issue", "jira.issue_changelog", "jira.project_role"):
        assert found.reasons(stream) == {Reason.INCOMPLETE}, stream
    assert found.records("jira.group_member") == healthy.records("jira.group_member")
    assert found.outcome("jira.user") is Outcome.COMPLETE


def test_named_projects_need_no_administrator(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor().url, root, email=READER, projects=["OPS", "RISK"])
    for stream in ("jira.project", "jira.issue", "jira.issue_changelog", "jira.project_role"):
        assert found.outcome(stream) is Outcome.COMPLETE, found.said(stream)
    assert set(found.records("jira.project")) == {"OPS", "RISK"}
    whole = healthy.records("jira.issue")
    assert found.records("jira.issue") == {key: whole[key] for key in whole if key.startswith("OPS-")}


def test_a_project_that_is_hidden_is_denied_by_name(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, email=PARTLY, projects=["OPS", "SEC"])
    assert found.unread("jira.project") == {"SEC": Reason.DENIED}
    assert found.reasons("jira.issue") == {Reason.DENIED}
    assert all(key.startswith("OPS-") for key in found.records("jira.issue"))


def test_an_administrator_who_may_not_browse_a_project_claims_no_issue_of_it(vendor: Start, root: Path) -> None:
    site = replace(ACME, tokens=(replace(ACME.tokens[0], projects=("OPS", "RISK", "TEAM")),))
    found = collect(vendor(site=site).url, root)
    assert found.outcome("jira.project") is Outcome.COMPLETE
    assert Reason.DENIED in found.reasons("jira.issue")
    assert "SEC" in found.said("jira.issue")
    assert found.reasons("jira.issue_changelog") == {Reason.DENIED}


def test_who_may_do_nothing_claims_nothing(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, email=BLIND, projects=["OPS", "RISK"])
    for stream in found.receipts:
        if stream != "jira.site":
            assert found.outcome(stream) is not Outcome.COMPLETE, stream


def test_a_wrong_token_is_a_stranger(vendor: Start, root: Path) -> None:
    server = vendor()
    found = collect(server.url, root, token="ATATT-wrong-wrong-wrong")
    assert {found.outcome(stream) for stream in found.receipts} == {Outcome.DENIED}
    assert "wrong, expired or revoked" in found.said("jira.site")  # though anybody may ask for serverInfo


def test_hidden_issues_are_not_told_of(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, email=READER, projects=["SEC"], only=["jira.issue"])
    assert set(found.records("jira.issue")) == {f"SEC-{n + 1}" for n in range(30) if n % 4}
    assert found.outcome("jira.issue") is Outcome.COMPLETE  # Jira counts them as little as it lists them


def test_workflows_are_read_by_the_newer_call_where_the_older_is_gone(vendor: Start, root: Path) -> None:
    found = collect(vendor(site=replace(ACME, classic_workflows=False)).url, root, only=["jira.workflow"])
    assert found.outcome("jira.workflow") is Outcome.COMPLETE, found.said("jira.workflow")
    assert set(found.records("jira.workflow")) == {"jira", "Change"}
    assert found.records("jira.workflow")["Change"]["scope"] == {"type": "GLOBAL"}


def test_a_plan_without_an_audit_log(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(site=replace(ACME, has_audit_log=False)).url, root)
    assert found.outcome("jira.audit_record") is Outcome.DENIED
    assert found.said("jira.audit_record").startswith("not on this plan: ")
    others_unaffected(found, healthy, ["jira.audit_record"])


def test_an_administrator_in_no_group_that_was_read_shows_that_groups_are_missing(vendor: Start, root: Path) -> None:
    groups = (*ACME.groups, Group("Wizards", "admin"))
    people = (*(person(n) for n in range(10)), replace(person(11), groups=("Wizards",)))
    site = replace(ACME, groups=groups, people=people)
    assert "Wizards" in collect(vendor(site=site).url, root / "a", only=["jira.group_member"]).records(
        "jira.group_member"
    )
    unsaid = Fault("/rest/api/3/group/bulk?accessType=*", "status", status=400, message="Unknown accessType")
    found = collect(vendor(unsaid, site=site).url, root / "b", only=["jira.group_member"])
    assert found.unread("jira.group_member") == {None: Reason.INCOMPLETE}
    assert person(11).account_id in found.said("jira.group_member")


def test_a_project_without_issues_and_one_with_gaps(vendor: Start, root: Path) -> None:
    gaps = Project("GAP", "Gaps", 10_009, tuple(issue(n) for n in (0, 1, 5)), roles=OPS.roles)
    found = collect(vendor(site=replace(ACME, projects=(EMPTY, gaps))).url, root, only=["jira.issue"])
    assert set(found.records("jira.issue")) == {"GAP-1", "GAP-2", "GAP-6"}
    alone = collect(vendor(site=replace(ACME, projects=(EMPTY,))).url, root / "2")
    assert alone.outcome("jira.issue") is Outcome.COMPLETE
    assert alone.outcome("jira.issue_changelog") is Outcome.COMPLETE
    assert alone.receipts["jira.issue"].declared_total == 0


def test_changelogs_alone_find_the_issues_themselves(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor()
    found = collect(server.url, root, only=["jira.issue_changelog"])
    assert found.records("jira.issue_changelog") == healthy.records("jira.issue_changelog")
    assert found.outcome("jira.issue_changelog") is Outcome.COMPLETE


def test_a_sample_asks_for_a_page_of_each_list(vendor: Start, root: Path) -> None:
    server = vendor()
    found = collect(server.url, root, sample=True)
    assert {found.outcome(stream) for stream in found.receipts} == {Outcome.COMPLETE}, {
        stream: found.said(stream) for stream in found.receipts
    }
    assert len(server.ledger) <= 26


def test_a_truncated_changelog_is_read_alone(vendor: Start, root: Path, healthy: Found) -> None:
    cut = replace(SEC, issues=tuple(replace(each, lost=2) if each.number == 3 else each for each in SEC.issues))
    server = vendor(site=replace(ACME, projects=(OPS, cut, EMPTY, ACME.projects[3])))
    found = collect(server.url, root)
    assert [asked.path for asked in server.ledger if asked.path.endswith("/changelog")] == [
        f"/rest/api/3/issue/{number(SEC, 3)}/changelog"
    ]
    steps = found.records("jira.issue_changelog")["SEC-3"]["histories"]
    assert [each["items"] for each in steps] == [
        each["items"] for each in healthy.records("jira.issue_changelog")["SEC-3"]["histories"]
    ]
    assert found.outcome("jira.issue_changelog") is Outcome.COMPLETE


@pytest.mark.parametrize("name", ["jira-administrators", "site-admins", "Administrators"])
def test_where_jira_does_not_say_which_groups_administer_their_names_tell(vendor: Start, root: Path, name: str) -> None:
    people = tuple(replace(person(n), groups=("staff", *((name,) if n == 0 else ()))) for n in range(20))
    site = replace(ACME, groups=(Group("staff"), Group(name, "admin")), people=people)
    both = [Fault("/rest/api/3/group/bulk?accessType=*", "status", status=400, message="Unknown accessType")]
    found = collect(vendor(*both, site=site).url, root, only=["jira.group_member"])
    assert set(found.records("jira.group_member")) == {name}
    assert found.outcome("jira.group_member") is Outcome.COMPLETE, found.said("jira.group_member")
