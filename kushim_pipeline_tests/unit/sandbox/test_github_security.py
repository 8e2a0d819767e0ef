"""The stand-in answers about alerts, settings, access and the audit log as GitHub documents it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from requests.utils import parse_header_links

from kushim_pipeline.sandbox.github.model import (
    ActionsPolicy,
    AuditEvent,
    CodeAlert,
    CodeAnalysis,
    DependabotAlert,
    Description,
    Installation,
    Organization,
    Repository,
    SecretAlert,
    Team,
    Token,
    TokenGrant,
    User,
)
from kushim_pipeline.sandbox.github.server import Server, start

DAY = 86_400_000
NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z
ACME = Organization(
    "acme",
    members=(User("ann", owner=True), User("bob")),
    repositories=(
        Repository(
            "core",
            dependabot_alerts=tuple(
                DependabotAlert(n, created_at=f"2026-01-0{n}T00:00:00Z", state="fixed" if n == 2 else "open")
                for n in range(1, 6)
            ),
            code_alerts=(CodeAlert(1), CodeAlert(2, severity=None)),
            secret_alerts=(SecretAlert(1),),
            analyses=(
                CodeAnalysis(7, "2026-01-01T00:00:00Z"),
                CodeAnalysis(8, "2026-01-02T00:00:00Z"),
                CodeAnalysis(9, "2026-01-03T00:00:00Z", ref="refs/heads/topic"),
            ),
            actions=ActionsPolicy(allowed="all", default_permissions="write"),
        ),
        Repository("bare", code_security=False, vulnerability_alerts=False, code_alerts=(CodeAlert(3),)),
        Repository("open", visibility="public", code_security=False, actions=ActionsPolicy(enabled=False)),
    ),
    plan="enterprise",
    teams=(
        Team("eng", ("bob",), ("ann",)),
        Team("ops", ("cyd",), parent="eng"),
        Team("board", ("ann",), secret=True),
    ),
    installations=(Installation(31, "deployer", {"contents": "write"}),),
    token_grants=(TokenGrant(41, "bob"),),
    audit_log=(
        AuditEvent("a", NOON, "org.add_member", "ann", {"user": "bob"}),
        AuditEvent("b", NOON + DAY, "git.clone", "bob"),
        AuditEvent("c", NOON + 2 * DAY, "protected_branch.destroy", "ann", {"repo": "acme/core"}),
    ),
)
SMALL = Organization("small", members=(User("ann", owner=True),), plan="free")
TOKENS = (
    Token("o", "ann", "acme"),
    Token("m", "bob", "acme", role="member"),
    Token("l", "ann", "acme", lacks=("administration", "security")),
    Token("a", "kushim[bot]", "acme", app=True),
    Token("f", "ann", "small"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = start(Description((ACME, SMALL), TOKENS))
    yield running
    running.stop()


def get(server: Server, path: str, token: str = "o", **headers: str) -> requests.Response:  # noqa: S107
    where = path if path.startswith("http") else server.url + path
    return requests.get(where, headers={"Authorization": f"token {token}", **headers}, timeout=10)


def links(response: requests.Response) -> Mapping[str, str]:
    return {link["rel"]: link["url"] for link in parse_header_links(response.headers.get("link", ""))}


def test_dependabot_alerts_are_paged_by_cursor(server: Server) -> None:
    path: str | None = "/orgs/acme/dependabot/alerts?per_page=2&sort=created&direction=asc"
    found: list[Any] = []
    while path:
        page = get(server, path)
        found += page.json()
        path = links(page).get("next")
        assert path is None or ("after=" in path and "&page=" not in path)
    assert [alert["number"] for alert in found] == [1, 2, 3, 4, 5]
    assert found[0]["repository"]["full_name"] == "acme/core"
    assert found[0]["security_vulnerability"]["first_patched_version"] == {"identifier": "2.32.0"}
    assert [alert["number"] for alert in get(server, "/orgs/acme/dependabot/alerts?state=fixed").json()] == [2]
    assert get(server, "/orgs/acme/dependabot/alerts?page=2").status_code == 400


def test_alerts_of_features_that_are_off_do_not_show(server: Server) -> None:
    alerts = get(server, "/orgs/acme/code-scanning/alerts?direction=asc").json()
    assert [(alert["number"], alert["rule"]["security_severity_level"]) for alert in alerts] == [(1, "high"), (2, None)]


def test_a_secret_is_shown_unless_it_is_asked_to_be_hidden(server: Server) -> None:
    assert get(server, "/orgs/acme/secret-scanning/alerts").json()[0]["secret"] == "planted-secret"
    assert get(server, "/orgs/acme/secret-scanning/alerts?hide_secret=true").json()[0]["secret"] is None


def test_analyses_are_newest_first_and_none_is_said_in_words(server: Server) -> None:
    newest = get(server, "/repos/acme/core/code-scanning/analyses?ref=refs/heads/main&per_page=1")
    assert [analysis["id"] for analysis in newest.json()] == [8]
    assert "next" in links(newest)
    never = get(server, "/repos/acme/open/code-scanning/analyses")
    assert (never.status_code, never.json()["message"]) == (404, "no analysis found")
    off = get(server, "/repos/acme/bare/code-scanning/analyses")
    message = "Code Security must be enabled for this repository to use code scanning."
    assert (off.status_code, off.json()["message"]) == (403, message)


def test_settings(server: Server) -> None:
    assert get(server, "/repos/acme/core/vulnerability-alerts").status_code == 204
    disabled = get(server, "/repos/acme/bare/vulnerability-alerts")
    assert (disabled.status_code, disabled.json()["message"]) == (404, "Vulnerability alerts are disabled.")
    of_org = get(server, "/orgs/acme/actions/permissions").json()
    assert (of_org["enabled_repositories"], of_org["allowed_actions"]) == ("all", "selected")
    assert get(server, "/orgs/acme/actions/permissions/selected-actions").json()["github_owned_allowed"] is True
    core = "/repos/acme/core/actions/permissions"
    assert get(server, core).json() == {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False}
    assert get(server, f"{core}/workflow").json() == {
        "default_workflow_permissions": "write",
        "can_approve_pull_request_reviews": False,
    }
    assert get(server, f"{core}/selected-actions").status_code == 409
    assert get(server, "/repos/acme/open/actions/permissions").json() == {"enabled": False}
    listed = {repo["name"]: repo for repo in get(server, "/orgs/acme/repos").json()}
    assert listed["core"]["security_and_analysis"]["code_security"] == {"status": "enabled"}
    assert listed["bare"]["security_and_analysis"]["dependabot_security_updates"] == {"status": "disabled"}
    assert "advanced_security" not in listed["open"]["security_and_analysis"]
    assert "security_and_analysis" not in get(server, "/orgs/acme/repos", "m").json()[0]


def test_teams_and_their_members(server: Server) -> None:
    assert [team["slug"] for team in get(server, "/orgs/acme/teams").json()] == ["eng", "ops", "board"]
    assert [team["slug"] for team in get(server, "/orgs/acme/teams", "m").json()] == ["eng", "ops"]
    assert get(server, "/orgs/acme/teams/board/members", "m").status_code == 404
    members = get(server, "/orgs/acme/teams/eng/members").json()
    assert [person["login"] for person in members] == ["ann", "bob", "cyd"], "with those of child teams"
    maintainers = get(server, "/orgs/acme/teams/eng/members?role=maintainer").json()
    assert [person["login"] for person in maintainers] == ["ann"]


def test_apps_and_tokens(server: Server) -> None:
    apps = get(server, "/orgs/acme/installations").json()
    assert (apps["total_count"], apps["installations"][0]["permissions"]) == (1, {"contents": "write"})
    assert get(server, "/orgs/acme/personal-access-tokens").status_code == 403, "only apps may ask"
    assert get(server, "/orgs/acme/personal-access-tokens", "a").json()[0]["owner"]["login"] == "bob"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "ca"),
        ("include=all&order=asc", "abc"),
        ("include=git", "b"),
        ("include=all&order=asc&phrase=created:>=2026-01-02T12:00:00%2B00:00", "bc"),
        ("include=all&phrase=created:2026-01-01..2026-01-02", "ba"),
        ("include=all&phrase=action:protected_branch", "c"),
    ],
    ids=["plain", "all", "git", "since", "between", "action"],
)
def test_the_audit_log_is_searched(server: Server, query: str, found: str) -> None:
    events = get(server, f"/orgs/acme/audit-log?{query}").json()
    assert [event["_document_id"] for event in events] == list(found)


def test_the_audit_log_is_paged_by_cursor_and_comes_with_enterprise(server: Server) -> None:
    first = get(server, "/orgs/acme/audit-log?include=all&per_page=2")
    assert [event["@timestamp"] for event in first.json()] == [NOON + 2 * DAY, NOON + DAY]
    assert [event["user"] for event in get(server, links(first)["next"]).json()] == ["bob"]
    assert get(server, "/orgs/small/audit-log", "f").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/orgs/acme/dependabot/alerts",
        "/orgs/acme/code-scanning/alerts",
        "/orgs/acme/secret-scanning/alerts",
        "/orgs/acme/installations",
        "/orgs/acme/audit-log",
        "/orgs/acme/actions/permissions",
        "/repos/acme/core/vulnerability-alerts",
        "/repos/acme/core/actions/permissions/workflow",
    ],
)
def test_owners_matters_are_hidden_from_members_and_forbidden_without_the_permission(server: Server, path: str) -> None:
    assert get(server, path, "m").status_code == 404
    assert get(server, path, "l").status_code == 403


def test_what_did_not_change_costs_nothing(server: Server) -> None:
    first = get(server, "/orgs/acme/teams", "f")
    assert first.status_code == 404, "another organisation's"
    fresh = get(server, "/orgs/small/repos", "f")
    again = get(server, "/orgs/small/repos", "f", **{"If-None-Match": fresh.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == fresh.headers["x-ratelimit-used"]
