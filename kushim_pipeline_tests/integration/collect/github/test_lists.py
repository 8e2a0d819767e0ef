"""What is read of the organisation and of each repository by REST, beside people and branches."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import (
    Description,
    Identity,
    IdentityProvider,
    Organization,
    Repository,
    User,
)
from kushim_pipeline_tests.integration.collect.github.company import LOGIN, MEMBER, TOKENS, collect
from kushim_pipeline_tests.integration.collect.github.conftest import Start

ORG = f"/orgs/{LOGIN}"
SMALL = Organization(
    LOGIN,
    members=(User("a", owner=True), User("b")),
    repositories=tuple(Repository(f"r{n}", archived=n == 3) for n in range(4)),
)
ALERTS = {
    "github.dependabot_alert": f"{ORG}/dependabot/alerts*",
    "github.code_scanning_alert": f"{ORG}/code-scanning/alerts*",
    "github.secret_scanning_alert": f"{ORG}/secret-scanning/alerts*",
}
PER_REPOSITORY = ["github.actions_permission", "github.code_scanning_analysis"]
LEAK = "AKIAleakedByASillyAnswer"
READ_ONLY = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
WRITES = {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True}


def described(**changed: Any) -> Description:
    return Description((replace(SMALL, **changed),), TOKENS)


def says(path: str, document: Any, **more: Any) -> Fault:
    """The answer to a path."""
    return Fault(path, "body", body=json.dumps(document).encode(), **more)


def alerts(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"number": n, "state": "open", "created_at": "2026-01-05T09:30:00Z", "repository": {"full_name": f"{LOGIN}/r1"}}
        | more
        for n in numbers
    ]


def repositories_say(workflow: dict[str, Any]) -> list[Fault]:
    allowed = {"enabled": True, "allowed_actions": "all"}
    return [
        says(f"{ORG}/actions/permissions", {"enabled_repositories": "all", "allowed_actions": "all"}),
        says(f"{ORG}/actions/permissions/workflow", workflow),
        says("/repos/*/actions/permissions", allowed),
        says("/repos/*/actions/permissions/workflow", workflow),
        says(f"/repos/{LOGIN}/r0/code-scanning/analyses*", [{"id": 1, "created_at": "2026-01-05T09:30:00Z"}]),
        Fault("/repos/*/code-scanning/analyses*", "status", status=404, message="no analysis found"),
    ]


@pytest.mark.parametrize("stream", ALERTS)
def test_alerts_of_all_repositories(vendor: Start, root: Path, stream: str) -> None:
    server = vendor(says(ALERTS[stream], alerts(1, 2, secret=None)), description=described())
    found = collect(server.url, root, only=[stream])
    assert found.outcome(stream) is Outcome.COMPLETE, found.receipts[stream].errors
    assert set(found.records(stream)) == {f"{LOGIN}/r1#1", f"{LOGIN}/r1#2"}
    assert len(server.ledger) == 1
    if stream == "github.secret_scanning_alert":
        assert "hide_secret=true" in server.ledger[0].query
        assert all("secret" not in body for body in found.records(stream).values())


@pytest.mark.parametrize("stream", ALERTS)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("", "status", status=403, message="Resource not accessible by integration"), Reason.DENIED),
        (Fault("", "status", status=404, message="Not Found"), Reason.DENIED),
        (Fault("", "html"), Reason.INCOMPLETE),
        (Fault("", "body", body=b'[{"number": 1'), Reason.INCOMPLETE),
        (Fault("", "body", body=b'[{"number": 1}]'), Reason.QUARANTINED),
    ],
    ids=["403", "404", "html", "cut", "nameless"],
)
def test_alerts_that_cannot_be_read(vendor: Start, root: Path, stream: str, fault: Fault, reason: Reason) -> None:
    server = vendor(replace(fault, path_pattern=ALERTS[stream]), description=described())
    found = collect(server.url, root, only=[stream])
    assert found.reasons(stream) == {reason}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(alerts(1, secret=LEAK)).encode(),
        json.dumps(alerts(1, secret=LEAK)).encode()[:-3],
        json.dumps(alerts(1, more={"secret": LEAK})).encode(),
        json.dumps(alerts(1, secret=LEAK)).encode().replace(b'"secret"', b'"secr\\u0065t"'),
    ],
    ids=["shown", "cut", "deep", "escaped"],
)
def test_a_leaked_secret_is_never_kept(vendor: Start, root: Path, body: bytes) -> None:
    stream = "github.secret_scanning_alert"
    server = vendor(Fault(ALERTS[stream], "body", body=body), description=described())
    found = collect(server.url, root, only=[stream])
    assert found.reasons(stream) == {Reason.QUARANTINED}
    assert found.records(stream) == {}
    kept = [found.store.get("t", page.sha256) for page in found.receipts[stream].pages]
    assert not [page for page in kept if LEAK.encode() in page]


def test_a_full_page_of_a_list_with_cursors(vendor: Start, root: Path) -> None:
    stream, path = "github.dependabot_alert", ALERTS["github.dependabot_alert"]
    full = says(path, alerts(*range(1, 101)))
    lost = collect(vendor(full, description=described()).url, root / "lost", only=[stream])
    assert lost.reasons(stream) == {Reason.INCOMPLETE}
    half = says(f"{ORG}/dependabot/alerts*per_page=50*", [], headers={"Link": f'<{ORG}?after=x>; rel="next"'})
    found = collect(vendor(half, full, description=described()).url, root / "all", only=[stream])
    assert found.outcome(stream) is Outcome.COMPLETE
    assert len(found.records(stream)) == 100


def test_one_call_a_repository_where_workflows_may_not_write(vendor: Start, root: Path) -> None:
    server = vendor(*repositories_say(READ_ONLY), description=described())
    found = collect(server.url, root, only=["github.organization_actions", *PER_REPOSITORY])
    for stream in ("github.organization_actions", *PER_REPOSITORY):
        assert found.outcome(stream) is Outcome.COMPLETE, found.receipts[stream].errors
    assert found.records("github.organization_actions")[LOGIN]["workflow"] == READ_ONLY
    records = found.records("github.actions_permission")
    assert records[f"{LOGIN}/r0"] == {"enabled": True, "allowed_actions": "all", "workflow": None}
    assert records[f"{LOGIN}/r3"] == {"absent": True, "code": "archived"}
    analyses = found.records("github.code_scanning_analysis")
    assert analyses[f"{LOGIN}/r0"]["latest"]["id"] == 1
    assert analyses[f"{LOGIN}/r1"] == {"latest": None}
    assert len([asked for asked in server.ledger if asked.path.startswith("/repos/")]) == 2 * 3


def test_what_workflows_may_write_in_each_repository(vendor: Start, root: Path) -> None:
    own, may = f"/repos/{LOGIN}/%s/actions/permissions", {"enabled": True, "allowed_actions": "all"}
    off = {"enabled": False}
    mixed = [
        says(f"{own % 'r1'}/workflow", READ_ONLY),
        Fault(f"{own % 'r2'}/workflow", "status", status=409, message="Conflict"),
        says(own % "r2", off),
    ]
    server = vendor(*mixed, *repositories_say(WRITES), description=described())
    found = collect(server.url, root / "mixed", only=["github.actions_permission"])
    assert found.outcome("github.actions_permission") is Outcome.COMPLETE
    assert found.records("github.actions_permission") == {
        f"{LOGIN}/r0": {"workflow": WRITES},
        f"{LOGIN}/r1": {**may, "workflow": READ_ONLY},
        f"{LOGIN}/r2": {**off, "workflow": None},
        f"{LOGIN}/r3": {"absent": True, "code": "archived"},
    }
    asked = [each.path for each in server.ledger if each.path.startswith("/repos/")]
    assert sorted(asked) == sorted(
        [f"{own % 'r0'}/workflow", f"{own % 'r1'}/workflow", own % "r1", f"{own % 'r2'}/workflow", own % "r2"]
    )
    # Where the organisation does not let workflows run everywhere, that comes first.
    some = says(f"{ORG}/actions/permissions", {"enabled_repositories": "selected", "allowed_actions": "all"})
    server = vendor(some, *mixed, *repositories_say(WRITES), description=described())
    found = collect(server.url, root / "some", only=["github.actions_permission"])
    assert found.records("github.actions_permission")[f"{LOGIN}/r0"] == {**may, "workflow": WRITES}
    assert f"{own % 'r2'}/workflow" not in [each.path for each in server.ledger]
    denied = Fault(f"{own % 'r0'}/workflow", "status", status=403, message="Resource not accessible by integration")
    server = vendor(denied, *repositories_say(WRITES), description=described())
    found = collect(server.url, root / "denied", only=["github.actions_permission"])
    assert found.unread("github.actions_permission") == {f"{LOGIN}/r0": Reason.DENIED}


def test_code_scanning_that_the_list_shows_to_be_off_is_not_asked(vendor: Start, root: Path) -> None:
    first, second, *others = SMALL.repositories
    assert first.visibility != "public"
    described_so = described(
        repositories=(
            replace(first, code_security=False),
            replace(second, code_security=False, visibility="public"),
            *others,
        )
    )
    server = vendor(*repositories_say(READ_ONLY), description=described_so)
    stream = "github.code_scanning_analysis"
    found = collect(server.url, root, only=[stream])
    assert found.unread(stream) == {f"{LOGIN}/r0": Reason.DENIED}
    assert found.receipts[stream].errors[0].message.startswith("not on this plan: ")
    again = collect(server.url, root, only=[stream], before=found)
    assert again.unread(stream) == {f"{LOGIN}/r0": Reason.DENIED}
    asked = [each.path for each in server.ledger if each.path.startswith("/repos/")]
    assert sorted(asked) == [f"/repos/{LOGIN}/r{n}/code-scanning/analyses" for n in (1, 2)]


def test_code_scanning_that_was_not_bought(vendor: Start, root: Path) -> None:
    message = "Advanced Security must be enabled for this repository to use code scanning."
    fault = Fault(f"/repos/{LOGIN}/r0/code-scanning/*", "status", status=403, message=message)
    other = Fault(f"/repos/{LOGIN}/r1/code-scanning/*", "status", status=404, message="Not Found")
    stream = "github.code_scanning_analysis"
    server = vendor(fault, other, *repositories_say(READ_ONLY), description=described())
    found = collect(server.url, root, only=[stream])
    assert found.unread(stream) == {f"{LOGIN}/r0": Reason.DENIED, f"{LOGIN}/r1": Reason.DENIED}
    said = {error.resource_id: error.message for error in found.receipts[stream].errors}
    assert said[f"{LOGIN}/r0"].startswith("not on this plan: ")
    assert not said[f"{LOGIN}/r1"].startswith("not on this plan: ")


def test_a_second_reading_asks_only_where_something_changed(vendor: Start, root: Path) -> None:
    broken = Fault(f"/repos/{LOGIN}/r2/actions/*", "html")
    server = vendor(broken, *repositories_say(READ_ONLY), description=described())
    found = collect(server.url, root, only=PER_REPOSITORY)
    pushed = (replace(SMALL.repositories[0], pushed_at="2026-02-01T00:00:00Z"), *SMALL.repositories[1:3])
    server = vendor(*repositories_say(READ_ONLY), description=described(repositories=pushed))
    second = collect(server.url, root, only=PER_REPOSITORY, before=found)
    asked = sorted(each.path for each in server.ledger if each.path.startswith("/repos/"))
    assert asked == [
        f"/repos/{LOGIN}/r0/actions/permissions",
        f"/repos/{LOGIN}/r0/code-scanning/analyses",
        f"/repos/{LOGIN}/r2/actions/permissions",
    ]
    for stream in PER_REPOSITORY:
        assert second.outcome(stream) is Outcome.COMPLETE, second.receipts[stream].errors
        assert (second.receipts[stream].population, second.receipts[stream].gone) == (3, (f"{LOGIN}/r3",))
        proven, started = second.receipts[stream].proven_at, found.receipts[stream].finished_at
        assert proven is not None and proven <= started
    tomorrow = Clockwork(wait=lambda _: None, now=lambda: time.time() + 86_400)
    server = vendor(*repositories_say(READ_ONLY), description=described(repositories=pushed))
    collect(server.url, root, only=PER_REPOSITORY, before=second, clockwork=tomorrow)
    assert len([each for each in server.ledger if each.path.startswith("/repos/")]) == 2 * 3


def test_teams_and_who_is_in_them(vendor: Start, root: Path) -> None:
    teams = says(f"{ORG}/teams[?]*", [{"id": 1, "slug": "one"}, {"id": 2, "slug": "two"}])
    people = says(f"{ORG}/teams/*/members*", [{"login": "b"}, {"login": "a"}])
    streams = ["github.team", "github.team_member"]
    found = collect(vendor(teams, people, description=described()).url, root, only=streams)
    assert all(found.outcome(stream) is Outcome.COMPLETE for stream in streams)
    assert found.records("github.team_member")["two"] == {"members": [{"login": "a"}, {"login": "b"}]}
    secret = collect(vendor(teams, people, description=described()).url, root, only=streams, token=MEMBER)
    assert all(secret.unread(stream)[None] is Reason.INCOMPLETE for stream in streams)


def test_apps_are_counted_and_tokens_are_for_apps(vendor: Start, root: Path) -> None:
    apps = says(f"{ORG}/installations*", {"total_count": 3, "installations": [{"id": 1}, {"id": 2}]})
    found = collect(vendor(apps, description=described()).url, root, only=["github.installation", "github.pat_grant"])
    assert set(found.records("github.installation")) == {"1", "2"}
    assert found.reasons("github.installation") == {Reason.INCOMPLETE}
    assert found.outcome("github.pat_grant") is Outcome.DENIED


def test_single_sign_on(vendor: Start, root: Path) -> None:
    stream = "github.saml_identity"
    identities = tuple(
        Identity(f"guid-{n:03}", f"p{n}@acme.test", f"p{n}" if n else "", (f"p{n}@acme.test",)) for n in range(130)
    )
    with_saml = described(plan="enterprise", saml=IdentityProvider(identities=identities))
    found = collect(vendor(description=with_saml, graphql=True).url, root, only=[stream])
    assert found.outcome(stream) is Outcome.COMPLETE, found.receipts[stream].errors
    assert found.receipts[stream].declared_total == len(found.records(stream)) == 130
    assert {"guid-000", "p1"} <= set(found.records(stream))
    without = collect(vendor(description=described(), graphql=True).url, root / "team", only=[stream])
    assert without.outcome(stream) is Outcome.DENIED
    assert (without.receipts[stream].error or "").count("not on this plan: ") == 1
    none = collect(vendor(description=described(plan="enterprise"), graphql=True).url, root / "none", only=[stream])
    assert none.receipts[stream].empty_proven_by and none.outcome(stream) is Outcome.COMPLETE


def test_the_audit_log_goes_on_where_it_ended(vendor: Start, root: Path) -> None:
    stream = "github.audit_event"
    denied = Fault(f"{ORG}/audit-log*", "status", status=404, message="Not Found")
    found = collect(vendor(denied, description=described()).url, root / "team", only=[stream])
    assert found.receipts[stream].errors[0].message.startswith("not on this plan: ")
    at = int(time.time() * 1000)
    events = [
        {"_document_id": f"d{n}", "@timestamp": at - n * 60_000, "action": action}
        for n, action in enumerate(["repo.create", "git.clone", "org.add_member"])
    ]
    server = vendor(says(f"{ORG}/audit-log*", events), description=described(plan="enterprise"))
    first = collect(server.url, root, only=[stream])
    assert set(first.records(stream)) == {"d0", "d2"}
    new = {"_document_id": "d9", "@timestamp": at, "action": "repo.destroy"}
    server = vendor(says(f"{ORG}/audit-log*", [*events, new]), description=described(plan="enterprise"))
    second = collect(server.url, root, only=[stream], before=first)
    assert set(second.records(stream)) == {"d9"}
    assert (second.outcome(stream), second.receipts[stream].population) == (Outcome.COMPLETE, 3)
