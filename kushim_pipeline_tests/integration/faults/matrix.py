"""What can go wrong at each vendor: the table that the tests follow."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.sandbox.okta_world import user_id as okta_id
from kushim_pipeline.sandbox.slack_world import member_id as slack_id
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.faults.company import NAME, Company
from kushim_pipeline_tests.integration.faults.rows import (
    Page,
    Row,
    Source,
    body,
    both,
    deep,
    hasty,
    huge,
    kind,
    limited_until,
    people,
    status,
    twice,
    without_links,
)

DENIED, LOST, CUT, POISONED = Reason.DENIED, Reason.NOT_COLLECTED, Reason.INCOMPLETE, Reason.QUARANTINED

ORG = f"/orgs/{NAME}"
MEMBERS, LATER_MEMBERS = f"{ORG}/members?per_page=100", "/organizations/*/members?page=2&per_page=100"
OUTSIDERS, BRANCHES = f"{ORG}/outside_collaborators", "/graphql?operationName=DefaultBranchProtection*"
SECOND = "*/members?*page=2*"
REPOSITORIES = f"{ORG}/repos?*"
OF_REPOSITORIES = (
    "github.repository",
    "github.branch_protection",
    "github.branch_rule",
    "github.ruleset",
    "github.pull_request",
    "github.commit",
    "github.repository_settings",
    "github.actions_permission",
    "github.code_scanning_analysis",
)
USERS, LEFT, LATER_LEFT = "/api/v1/users?limit=200", "/api/v1/users?filter=status*", "/api/v1/users?after=*"
OF_USERS = ("okta.user", "okta.user_factor")
API = "/rest/api/3"
ISSUES = f'{API}/search/jql?*project = "OPS" *maxResults=100'
LATER_ISSUES = f'{API}/search/jql?*project = "OPS" *nextPageToken=*'
COUNT, BULK = f"{API}/search/approximate-count?*", f"{API}/changelog/bulkfetch?*"
ADMIN_GROUPS = f"{API}/group/bulk?accessType=*"
OF_ISSUES = ("jira.issue", "jira.issue_changelog")
SLACK_USERS, BILLABLE = "/api/users.list?*", "/api/team.billableInfo?*"


@dataclass(frozen=True)
class Place:
    """A list of a vendor that is struck in every way. `first`: the call of its first page; `later`: of its second one,
    if it has two; `follows`: what is not asked for without it."""

    first: str
    streams: tuple[str, ...]
    later: str = ""
    follows: tuple[str, ...] = ()


PLACES: Mapping[Source, Place] = {
    "github": Place(MEMBERS, ("github.member",), LATER_MEMBERS),
    "okta": Place(LEFT, ("okta.user",), LATER_LEFT),
    "jira": Place(ISSUES, OF_ISSUES, LATER_ISSUES, (COUNT, BULK)),
    "slack": Place(SLACK_USERS, ("slack.user",)),
}


def _everywhere(source: Source, place: Place) -> list[Row]:
    """The faults that strike any list."""
    path, streams = place.first, place.streams
    follows = (*((place.later,) if place.later else ()), *place.follows)
    rows = [
        Row("401", source, status(path, 401), streams, DENIED, 1),
        Row("403", source, status(path, 403), streams, DENIED, 1),
        Row("404", source, status(path, 404), streams, DENIED, 1),
        Row("429-in-seconds", source, status(path, 429, Retry_After="7"), streams, LOST, 6),
        Row("429-until-a-date", source, limited_until(path, 30), streams, LOST, 6),
        Row("429-without-a-word", source, status(path, 429), streams, LOST, 6),
        Row("429-too-long", source, status(path, 429, Retry_After="7200"), streams, LOST, 1),
        Row("429-once", source, status(path, 429, nth_call=1, Retry_After="7"), streams, None, 2),
        Row("500", source, status(path, 500), streams, LOST, 3),
        Row("503", source, status(path, 503), streams, LOST, 3),
        Row("502-once", source, status(path, 502, nth_call=1), streams, None, 2),
        Row("redirect", source, status(path, 302, Location="https://login.example/"), streams, LOST, 1),
        Row("html", source, kind(path, "html"), streams, CUT, 1),
        Row("truncated", source, kind(path, "truncate"), streams, CUT, 1),
        Row("without-a-body", source, body(path, b""), streams, CUT, 1),
        Row("reset", source, kind(path, "break_off"), streams, CUT, 3),
        Row("silent", source, kind(path, "silent"), streams, LOST, 1, pace=hasty),
        Row("slow", source, kind(path, "slow"), streams, CUT, 1, pace=hasty),
        # A page that leads to itself is asked for by its own name once more where it was the first.
        Row("loop", source, kind(place.later or path, "loop"), streams, CUT, 1 if place.later else 2),
    ]
    if place.later:
        rows += [
            Row("page-again", source, kind(place.later, "repeat"), streams, CUT, 1),
            Row("second-page-html", source, kind(place.later, "html"), streams, CUT, 1),
        ]
    return [replace(row, follows=follows) for row in rows]


def _without(*names: str) -> Callable[[Any], bytes]:
    """A record in which what stands at a path is missing."""

    def change(record: Any) -> bytes:
        within = record
        for name in names[:-1]:
            within = within[name]
        del within[names[-1]]
        return json.dumps(record).encode()

    return change


def _renamed(old: str, new: str) -> Callable[[Any], bytes]:
    return lambda record: json.dumps({new if name == old else name: value for name, value in record.items()}).encode()


def _other(name: str, value: Any) -> Callable[[Any], bytes]:
    return lambda record: json.dumps({**record, name: value}).encode()


TOOLS = Page(REPOSITORIES, "github.repository", '"northwind/tools"')
SVEN = Page(USERS, "okta.user", '"sven@northwind.test"')
CHANGE = Page(ISSUES, "jira.issue", '"OPS-1"', "issues")
OSKAR = Page(SLACK_USERS, "slack.user", '"oskar@northwind.test"', "members")


def _records() -> list[Row]:
    """One record that cannot be trusted: it is not known, and its page stays."""
    victims: list[tuple[Source, Page, tuple[str, ...], tuple[str, ...], str, str, Callable[[Any], bytes]]] = [
        ("github", TOOLS, OF_REPOSITORIES, ("github.repository",), "northwind/tools", "", _without("archived")),
        (
            "okta", SVEN, OF_USERS, ("okta.user",), okta_id(NAME, "sven"),
            "OKTA-ADM-001 OKTA-ADM-002 GH-ORG-006 SLK-ACC-001", _renamed("status", "state"),
        ),
        (
            "jira", CHANGE, OF_ISSUES, ("jira.issue",), "OPS-1",
            "JIRA-POP-000 GH-CHG-004 OKTA-EVT-001 OKTA-LIF-003", _without("fields", "created"),
        ),
        (
            "slack", OSKAR, ("slack.user",), ("slack.user",), slack_id(NAME, "oskar"), "SLK-COM-001",
            _other("deleted", "maybe"),
        ),
    ]  # fmt: skip
    rows = []
    for source, page, streams, own, alone, also, drift in victims:
        for name, change in (("name-twice", twice), ("huge-number", huge), ("deep", deep)):
            make = page.with_one(change)
            # The organisation counts, or Slack bills, one more than the list names as far as it can be read.
            unproven = {"github": "GH-ORG-000", "slack": "SLK-USR-000"}.get(source, "")
            rows.append(
                Row(name, source, make, streams, POISONED, 1, alone, also=also, unproven=unproven, follows=("*",))
            )
        rows.append(
            Row(
                "drift",
                source,
                page.with_one(drift),
                own,
                POISONED,
                1,
                alone,
                may_apply=False,
                also=also,
                follows=("*",),
            )
        )
    return rows


def _fewer_billed(made: Company) -> Sequence[Fault]:
    """Forty of the people whom Slack charges for, or does not."""
    whole = json.loads(made.page("slack.billable_user", "billing_active"))
    whole["billable_info"] = dict([*whole["billable_info"].items()][:40])
    return [Fault(BILLABLE, "body", body=json.dumps(whole).encode())]


def _lists() -> list[Row]:
    """Lists that are well-formed and not whole."""
    members = Page(MEMBERS, "github.member", '"employee-001"')
    left = Page(LEFT, "okta.user", '"former-000@northwind.test"')
    accounts = Page(f"{API}/users/search?*", "jira.user", "former-000", nth_call=1)
    logs = Page("/api/team.integrationLogs?*", "slack.integration_log", "A0GITHUB1", "logs")
    nobody = body(f"{API}/users/search?*", b"[]", nth_call=2)
    return [
        Row("empty-list", "github", kind(MEMBERS, "empty"), ("github.member",), CUT, 1, follows=(LATER_MEMBERS,)),
        # GitHub is asked for the next page all the same: there was one.
        Row("ends-early", "github", without_links(MEMBERS), ("github.member",), None, 1, follows=(SECOND,)),
        Row("other-total", "github", TOOLS.with_list(lambda r: r[:-1]), OF_REPOSITORIES, CUT, 1, follows=("*",)),
        Row("shrunk", "github", members.with_list(lambda m: m[:40]), ("github.member",), CUT, 1, before=True),
        Row("empty-list", "okta", kind(USERS, "empty"), OF_USERS, CUT, 1, follows=("*/factors",)),
        Row("ends-early", "okta", without_links(LEFT), ("okta.user",), CUT, 1, follows=(LATER_LEFT,)),
        Row("shrunk", "okta", left.with_list(lambda u: u[:40]), ("okta.user",), CUT, 1, before=True),
        Row("empty-list", "jira", kind(ISSUES, "empty"), OF_ISSUES, CUT, 1, follows=(f"{API}/*",)),
        Row("ends-early", "jira", kind(ISSUES, "cut_pages"), OF_ISSUES, CUT, 1, follows=(LATER_ISSUES, COUNT, BULK)),
        Row("other-total", "jira", body(COUNT, b'{"count": 500}'), OF_ISSUES, CUT, 2, follows=(BULK,)),
        Row(
            "shrunk", "jira", both(accounts.with_list(lambda u: u[-40:]), nobody), ("jira.user",), CUT, 2, before=True
        ),
        Row("empty-list", "slack", kind(SLACK_USERS, "empty"), ("slack.user",), CUT, 1),
        Row("ends-early", "slack", OSKAR.with_list(lambda m: m[:9]), ("slack.user",), CUT, 1),
        Row(
            "other-total", "slack",
            logs.with_list(lambda x: x, paging={"count": 1000, "total": 7, "page": 1, "pages": 1}),
            ("slack.integration_log",), CUT, 1,
        ),
        Row(
            "page-again", "slack", OSKAR.with_list(lambda m: m, response_metadata={"next_cursor": "MQ=="}),
            ("slack.user",), CUT, 2,
        ),
        Row("shrunk", "slack", _fewer_billed, ("slack.billable_user",), CUT, 1, before=True),
    ]  # fmt: skip


def _elsewhere() -> list[Row]:
    """Every other place, struck once."""
    org = (
        "github.organization",
        "github.repository",
        "github.member_without_2fa",
        "github.outside_collaborator_without_2fa",
    )
    roles = ("jira.project_role",)
    return [
        Row("organization", "github", status(ORG, 403), org, DENIED, 1),
        Row("owners", "github", status(f"{MEMBERS}&role=admin", 500), ("github.owner",), LOST, 3),
        Row("lacking", "github", status(f"{ORG}/members?filter=*", 403), ("github.member_without_2fa",), DENIED, 1),
        Row(
            "outsiders", "github", status(f"{OUTSIDERS}?per_page=100", 404), ("github.outside_collaborator",), DENIED,
            1,
        ),
        Row(
            "outsiders-lacking", "github", kind(f"{OUTSIDERS}?filter=*", "html"),
            ("github.outside_collaborator_without_2fa",), CUT, 1,
        ),
        # A question that may be too heavy is asked for less and less: five sizes, three times each.
        Row("identities", "github", status("/graphql?operationName=SamlId*", 500), ("github.saml_identity",), LOST, 15),
        Row("repositories", "github", status(REPOSITORIES, 403), OF_REPOSITORIES, DENIED, 1, follows=("*",)),
        Row("branches-at-once", "github", kind(BRANCHES, "html"), (), None, 1, follows=("/repos/*",)),
        Row(
            "protection", "github", both(kind(BRANCHES, "html"), status("/repos/*/branches/*/protection", 403)),
            ("github.branch_protection",), DENIED, 6, follows=("/repos/*",),
        ),
        Row("users", "okta", status(USERS, 403), OF_USERS, DENIED, 1, follows=("*/factors",)),
        Row("factors", "okta", status("/api/v1/users/*/factors", 403), ("okta.user_factor",), DENIED, 8),
        Row(
            "assignees", "okta", status("/api/v1/iam/assignees/users?*", 404), ("okta.admin_role",), DENIED, 1,
            follows=("*/roles",),
        ),
        Row("roles", "okta", kind("/api/v1/users/*/roles", "truncate"), ("okta.admin_role",), CUT, 4),
        Row(
            "apps", "okta", status("/api/v1/apps?*", 403), ("okta.app", "okta.app_user", "okta.app_group"), DENIED, 1,
            follows=("/api/v1/apps/*",),
        ),
        Row(
            "policies", "okta", status("/api/v1/policies?type=PASSWORD", 403), ("okta.policy", "okta.policy_rule"),
            DENIED, 1, follows=("/api/v1/policies/*/rules",),
        ),
        Row("rules", "okta", kind("/api/v1/policies/*/rules", "html"), ("okta.policy_rule",), CUT, 6),
        Row("tokens", "okta", status("/api/v1/api-tokens", 401), ("okta.api_token",), DENIED, 1),
        Row("authenticators", "okta", status("/api/v1/authenticators", 503), ("okta.authenticator",), LOST, 3),
        Row("log", "okta", kind("/api/v1/logs?*", "truncate"), ("okta.event",), CUT, 1),
        Row("site", "jira", status(f"{API}/serverInfo", 403), ("jira.site",), DENIED, 1),
        Row(
            "projects", "jira", status(f"{API}/project/search?*", 403), ("jira.project", *OF_ISSUES, *roles), DENIED, 1,
            follows=("*",),
        ),
        Row("changelogs", "jira", status(BULK, 403), ("jira.issue_changelog",), DENIED, 1),
        Row("count", "jira", status(COUNT, 404), OF_ISSUES, DENIED, 1),
        Row("accounts", "jira", status(f"{API}/users/search?*", 500), ("jira.user",), LOST, 3),
        # Who administers Jira is then asked for the other way round ...
        Row(
            "groups", "jira", status(ADMIN_GROUPS, 403), (), None, 2, follows=(f"{API}/group/*", f"{API}/user/*"),
        ),
        # ... and if that is denied, too, it is not known.
        Row(
            "administrators", "jira", both(status(ADMIN_GROUPS, 403), status(f"{API}/user/permission/*", 403)),
            ("jira.group_member",), DENIED, 3, follows=(f"{API}/group/*",),
        ),
        Row("schemes", "jira", status(f"{API}/permissionscheme?*", 403), roles, DENIED, 1, follows=("*role*",)),
        Row("audit", "jira", kind(f"{API}/auditing/record?*", "html"), ("jira.audit_record",), CUT, 1),
        Row("billing", "slack", status(BILLABLE, 403), ("slack.billable_user",), DENIED, 1),
        Row(
            "channels", "slack", status("/api/conversations.list?*", 403), ("slack.channel", "slack.channel_member"),
            DENIED, 1, follows=("/api/conversations.*",),
        ),
        Row("history", "slack", status("/api/conversations.history?*", 403), ("slack.channel_member",), DENIED, 1),
        Row("team", "slack", status("/api/team.info*", 500), ("slack.team",), LOST, 3, follows=("/api/auth.test",)),
        Row(
            "apps", "slack", status("/api/team.integrationLogs?*", 200, "paid_teams_only"), ("slack.integration_log",),
            DENIED, 1,
        ),
        Row("scope", "slack", status(SLACK_USERS, 200, "missing_scope"), ("slack.user",), DENIED, 1),
    ]  # fmt: skip


def _people() -> list[Row]:
    """The list of people in the drop folder: what a file can have of all this."""
    streams = ("file.person",)

    def second_line_again(data: bytes) -> bytes:
        return data + data.split(b"\n")[1] + b"\n"

    def shrunk(data: bytes) -> bytes:
        return b"\n".join(data.split(b"\n")[:40]) + b"\n"

    return [
        Row("missing", "file", people("missing", lambda _: None), streams, LOST, 0),
        Row("html", "file", people("html", lambda _: b"<!DOCTYPE html><html>Sign in</html>"), streams, CUT, 0),
        Row("truncated", "file", people("truncated", lambda d: d[: len(d) // 2], vouched=False), streams, CUT, 0),
        Row("empty", "file", people("empty", lambda _: b""), streams, CUT, 0),
        Row("nobody", "file", people("nobody", lambda d: d.split(b"\n")[0] + b"\n"), streams, CUT, 0),
        Row("key-twice", "file", people("key-twice", second_line_again), streams, POISONED, 0),
        Row("drift", "file", people("drift", lambda d: d.replace(b",email,", b",mail,", 1)), streams, CUT, 0),
        Row("old", "file", people("old", lambda d: d, days=60), streams, Reason.STALE, 0),
        Row("shrunk", "file", people("shrunk", shrunk), streams, CUT, 0, before=True),
    ]  # fmt: skip


MATRIX = [
    *(row for source, place in PLACES.items() for row in _everywhere(source, place)),
    *_records(),
    *_lists(),
    *_elsewhere(),
    *_people(),
]
