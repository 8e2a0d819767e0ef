"""The stand-in for Jira: what it answers to whom, in the vendor's own shapes. Asked as a vendor, without HTTP."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from kushim_pipeline.sandbox.jira.model import (
    AuditRecord,
    Change,
    Group,
    Issue,
    Person,
    Project,
    Site,
    Token,
    Workflow,
)
from kushim_pipeline.sandbox.jira.routes import Jira
from kushim_pipeline.sandbox.jira.shapes import group_id
from kushim_pipeline.sandbox.standin.paging import window
from kushim_pipeline.sandbox.standin.vendor import Reply, Request

API = "/rest/api/3"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
ADMIN, USER = (
    Person("1", "Ann", "ann@acme.test", groups=("admins",)),
    Person("2", "Bob", active=False, groups=("admins",)),
)


def change(n: int) -> Change:
    return Change(NOW + timedelta(minutes=n), "1", "summary", (None, str(n)), (None, str(n + 1)))


ISSUES = tuple(Issue(n, changes=tuple(change(n + 10 * k) for k in range(2))) for n in (1, 2, 4))
SITE = Site(
    "acme.atlassian.net",
    people=(ADMIN, USER, Person("3", "App", kind="app")),
    groups=(Group("admins", "admin"), Group("staff", "user")),
    projects=(
        Project("OPS", "Operations", 10_001, ISSUES, lead="1", roles={"Administrators": ("1", "group:admins", "9")}),
        Project("TEAM", "Team", 10_002, (), team_managed=True, roles={"Administrator": ("2",)}),
    ),
    workflows=(Workflow("jira", (("Go", ("To Do",), "Done"),)),),
    audit=tuple(AuditRecord(n, NOW + timedelta(hours=n), "x") for n in range(5)),
    tokens=(
        Token("ann@acme.test", "secret", "1"),
        Token("bob@acme.test", "hidden", "2", ("ADMINISTER", "USER_PICKER"), projects=("TEAM",)),
    ),
    page=2,
)


def ask(target: str, *, body: Any = None, who: str = "ann@acme.test:secret", site: Site = SITE) -> Reply:
    path, _, query = target.partition("?")
    credentials = base64.b64encode(who.encode()).decode()
    request = Request(
        "GET" if body is None else "POST",
        f"{API}{path}",
        dict(parse_qsl(query, keep_blank_values=True)),
        b"" if body is None else json.dumps(body).encode(),
        {"authorization": f"Basic {credentials}"} if who else {},
        "http://127.0.0.1:1",
    )
    return Jira(site, NOW.timestamp).respond(request)


def said(reply: Reply) -> Any:
    """The body, its page shown."""
    if reply.page is None:
        return reply.body
    shown, following = window(reply.page.items, reply.page.start, reply.page.size, None)
    return reply.page.show(shown, following)[0]


def test_pages_of_issues_lead_to_each_other_by_tokens() -> None:
    wish = {"jql": "project = OPS ORDER BY key ASC", "fields": ["*all"], "maxResults": 100}
    first = said(ask("/search/jql", body=wish))
    assert [issue["key"] for issue in first["issues"]] == ["OPS-1", "OPS-2"]
    assert first["isLast"] is False
    last = said(ask("/search/jql", body={**wish, "nextPageToken": first["nextPageToken"]}))
    assert [issue["key"] for issue in last["issues"]] == ["OPS-4"]
    assert last["isLast"] is True and "nextPageToken" not in last
    other = ask("/search/jql", body={**wish, "jql": "project = TEAM", "nextPageToken": first["nextPageToken"]})
    assert (other.status, said(other)["errorMessages"][0][:30]) == (400, "The provided next page token i")


def test_a_get_asks_for_the_same_and_gives_ids_alone_by_itself() -> None:
    found = said(ask("/search/jql?jql=project+%3D+OPS&maxResults=5000"))
    assert found["issues"] == [{"id": str(10_001_000_000 + n)} for n in (1, 2, 4)]
    few = said(ask("/search/jql?jql=project+%3D+OPS&fields=status,updated"))["issues"][0]["fields"]
    assert set(few) == {"status", "updated"}
    assert said(ask("/search/approximate-count", body={"jql": "project = OPS"})) == {"count": 3}


def test_changelogs_of_many_issues_stand_by_their_date() -> None:
    wish: dict[str, Any] = {"issueIdsOrKeys": ["OPS-1", "10001000002", "OPS-3", "nonsense"], "maxResults": 3}
    first = said(ask("/changelog/bulkfetch", body=wish))
    assert [(log["issueId"][-1], len(log["changeHistories"])) for log in first["issueChangeLogs"]] == [
        ("1", 2),
        ("2", 1),
    ]
    assert first["issueChangeLogs"][0]["changeHistories"][0]["created"] == round(change(1).at.timestamp() * 1000)
    rest = said(ask("/changelog/bulkfetch", body={**wish, "nextPageToken": first["nextPageToken"]}))
    assert rest["nextPageToken"] is None
    lost = replace(SITE, projects=(replace(SITE.projects[0], issues=(replace(ISSUES[0], lost=1),)),))
    cut = said(ask("/changelog/bulkfetch", body={"issueIdsOrKeys": ["OPS-1"]}, site=lost))
    assert len(cut["issueChangeLogs"][0]["changeHistories"]) == 1
    assert said(ask("/issue/OPS-1/changelog", site=lost))["total"] == 2
    for bad in ({"issueIdsOrKeys": []}, {"issueIdsOrKeys": ["A-1"] * 1001}, {**wish, "maxResults": 10_001}):
        assert ask("/changelog/bulkfetch", body=bad).status == 400
    assert ask("/issue/OPS-3/changelog").status == 404


def test_numbered_lists_say_their_total() -> None:
    found = said(ask("/project/search?maxResults=1&startAt=1"))
    assert (found["startAt"], found["total"], found["isLast"]) == (1, 2, True)
    assert [project["key"] for project in found["values"]] == ["TEAM"]
    assert said(ask("/project/search?maxResults=1"))["nextPage"].endswith("startAt=1")
    members = said(ask(f"/group/member?groupId={group_id('admins')}&includeInactiveUsers=true"))
    assert [person["accountId"] for person in members["values"]] == ["1", "2"]
    assert said(ask("/group/member?groupname=admins"))["total"] == 1
    assert ask("/group/member?groupname=none").status == 404
    assert len(said(ask("/users/search?maxResults=2"))) == 2
    assert said(ask("/users/search?startAt=3")) == []


def test_the_audit_log_is_the_newest_first_and_takes_a_window() -> None:
    found = said(ask("/auditing/record?limit=2&offset=1"))
    assert ([record["id"] for record in found["records"]], found["total"], found["offset"]) == ([3, 2], 5, 1)
    between = said(ask("/auditing/record?from=2026-02-01T13:00:00.000Z&to=2026-02-01T14:00:00"))
    assert [record["id"] for record in between["records"]] == [2, 1]
    assert ask("/auditing/record?from=soon").status == 400
    assert ask("/auditing/record", site=replace(SITE, has_audit_log=False)).status == 403


def test_groups_roles_and_schemes_that_administer() -> None:
    assert [group["name"] for group in said(ask("/group/bulk?accessType=admin"))["values"]] == ["admins"]
    assert said(ask("/group/bulk?accessType=site-admin"))["values"] == []
    assert ask("/group/bulk?accessType=user").status == 400
    assert len(said(ask("/group/bulk?accessType=user&applicationKey=jira-software"))["values"]) == 1
    assert [person["accountId"] for person in said(ask("/user/permission/search?permissions=ADMINISTER"))] == ["1"]
    roles = said(ask("/project/OPS/role"))
    number = roles["Administrators"].rpartition("/")[2]
    actors = said(ask(f"/project/OPS/role/{number}"))["actors"]
    assert [
        actor.get("actorUser", actor.get("actorGroup"))["displayName" if n == 1 else "accountId"]
        for n, actor in enumerate(actors)
    ] == ["1", "admins", "9"]
    assert {role["name"]: "scope" in role for role in said(ask("/role"))} == {
        "Administrators": False,
        "Administrator": True,
    }
    (scheme,) = said(ask("/permissionscheme?expand=permissions"))["permissionSchemes"]
    assert scheme["permissions"][0]["holder"]["value"] == number
    assert (
        ask("/project/OPS/role/7").status
        == ask("/project/NONE/role").status
        == ask("/project/NONE/role/7").status
        == 404
    )


def test_workflows_old_and_new() -> None:
    assert said(ask("/workflow/search"))["values"][0]["id"]["name"] == "jira"
    assert said(ask("/workflows/search"))["values"][0]["name"] == "jira"
    assert ask("/workflow/search", site=replace(SITE, classic_workflows=False)).status == 410


@pytest.mark.parametrize(
    "target",
    ["/workflow/search", "/users/search", "/group/bulk", "/role", "/auditing/record", "/user/permission/search"],
)
def test_who_lacks_a_permission_is_refused(target: str) -> None:
    refused = ask(target, who="bob@acme.test:hidden")
    assert (refused.status, set(said(refused))) == (403, {"errorMessages", "errors"})


def test_permissions_of_the_site_and_of_a_project() -> None:
    told = said(ask("/mypermissions?permissions=ADMINISTER,BROWSE_PROJECTS", who="bob@acme.test:hidden"))["permissions"]
    assert {name: found["havePermission"] for name, found in told.items()} == {
        "ADMINISTER": False,
        "BROWSE_PROJECTS": True,
    }
    of_ops = said(ask("/mypermissions?permissions=BROWSE_PROJECTS&projectKey=OPS", who="bob@acme.test:hidden"))
    assert of_ops["permissions"]["BROWSE_PROJECTS"]["havePermission"] is False
    assert ask("/mypermissions").status == ask("/mypermissions?permissions=FLY").status == 400
    assert ask("/mypermissions?permissions=ADMINISTER&projectKey=NONE").status == 404
    assert [project["key"] for project in said(ask("/project/search", who="bob@acme.test:hidden"))["values"]] == [
        "TEAM"
    ]


@pytest.mark.parametrize("who", ["", "ann@acme.test:wrong", "no colon"])
def test_a_stranger_is_told_so_little(who: str) -> None:
    assert ask("/myself", who=who).status == 401
    assert said(ask("/serverInfo", who=who))["deploymentType"] == "Cloud"
    jira = Jira(SITE)
    headers = {"authorization": f"Basic {base64.b64encode(who.encode()).decode()}"} if who else {}
    request = Request("GET", f"{API}/serverInfo", {}, b"", headers, "")
    assert jira.caller(request) == ""
    assert ("X-Seraph-LoginReason" in jira.headers(request, None, 0, 0)) == bool(who)


def test_its_limits_are_told_as_jira_tells_them() -> None:
    jira = Jira(SITE, NOW.timestamp)
    request = Request("GET", f"{API}/project/OPS/role/10002", {}, b"", {}, "")
    budget = jira.budget(request)
    assert budget.bucket == "GET /project/{}/role/{}"
    assert jira.headers(request, budget, 990, 0)["X-RateLimit-Remaining"] == "10"
    assert jira.headers(request, budget, 990, 0)["X-RateLimit-NearLimit"] == "true"
    limited = jira.limited(request, budget, 0.2)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "1")
    assert limited.headers["X-RateLimit-Reset"] == "2026-02-01T12:00Z"
    assert jira.fault(503, "busy").body == {"errorMessages": ["busy"], "errors": {}}


def test_what_it_does_not_know() -> None:
    assert ask("/dashboard").status == 404
    assert ask("/users/search", body={}).status == 404
    asked_for = Request("POST", f"{API}/search/jql", {}, b'{"jql": "project = OPS", "fields": ["key"]}', {}, "")
    assert Jira(SITE).query(asked_for) == "fields=key&jql=project = OPS"
    broken = Request("POST", f"{API}/search/jql", {}, b"{", {}, "")
    assert Jira(SITE).query(broken) == ""
