"""What is read by GraphQL: complete, with faults, and again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Check, Repository
from kushim_pipeline.sandbox.github.server import start
from kushim_pipeline_tests.integration.collect.github.busy import BUSINESS, BUSY, ago, changed, commit, merged, named
from kushim_pipeline_tests.integration.collect.github.company import LOGIN, PARTLY, PER_REPOSITORY, Found, collect
from kushim_pipeline_tests.integration.collect.github.conftest import Start

WORK = ("github.pull_request", "github.commit")
READ = ("github.repository_settings", *WORK)
PULLS = "/graphql?operationName=MergedPullRequests*"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What an owner's token reads of everything that GraphQL answers."""
    server = start(BUSINESS)
    try:
        return collect(server.url, tmp_path_factory.mktemp("first"), only=[*READ, *PER_REPOSITORY])
    finally:
        server.stop()


def test_every_pull_request_of_the_window(first: Found) -> None:
    assert first.outcome("github.pull_request") is Outcome.COMPLETE, first.receipts["github.pull_request"].errors
    found = first.records("github.pull_request")
    expected = {f"{LOGIN}/{each.name}#{pull.number}" for each in BUSY.repositories for pull in each.pull_requests} - {
        f"{LOGIN}/bare#1"
    }
    assert set(found) == expected
    body = found[f"{LOGIN}/few#1"]
    assert body["reviews"]["nodes"][0]["author"]["login"] == "person-001"
    head = body["commits"]["nodes"][0]["commit"]
    assert head["oid"] == body["headRefOid"]
    assert head["statusCheckRollup"]["contexts"]["nodes"][0]["name"] == "build"


def test_every_commit_of_the_window(first: Found) -> None:
    assert first.outcome("github.commit") is Outcome.COMPLETE, first.receipts["github.commit"].errors
    found = first.records("github.commit")
    assert len([name for name in found if name.startswith(f"{LOGIN}/many@")]) == 120
    assert not [name for name in found if name.startswith(f"{LOGIN}/bare@{'c' * 40}")]
    assert all(body["signature"]["isValid"] for name, body in found.items() if "/plain" in name)


def test_settings_with_keys_that_fill_more_than_a_page(first: Found) -> None:
    assert first.outcome("github.repository_settings") is Outcome.COMPLETE
    body = first.records("github.repository_settings")[f"{LOGIN}/many"]
    assert len(body["deployKeys"]["nodes"]) == 60
    assert "text" not in body["workflows"]["entries"][0]["object"]
    assert body["workflow_files"] == [{"name": "ci.yml", "uses": ["actions/checkout@v4"]}]
    assert (body["viewerCanAdminister"], body["hasVulnerabilityAlertsEnabled"]) == (True, True)


def test_protection_says_what_rest_says(vendor: Start, root: Path, first: Found) -> None:
    rest = collect(vendor(description=BUSINESS).url, root, only=PER_REPOSITORY)
    for name, body in rest.records("github.branch_protection").items():
        mine = first.records("github.branch_protection")[name]
        for key in mine.keys() | (body.keys() - {"url", "allow_fork_syncing"}):
            for value, other in ((mine[key], body[key]),):
                if isinstance(value, dict):
                    assert value == {k: other[k] for k in value}, (name, key)
                else:
                    assert value == other
    for name, body in rest.records("github.branch_rule").items():
        found = first.records("github.branch_rule")[name].get("rules", [])
        kinds = [(rule["type"], rule["ruleset_source"], rule["ruleset_id"]) for rule in found]
        assert kinds == [(r["type"], r["ruleset_source"], r["ruleset_id"]) for r in body.get("rules", [])]
    mine, theirs = first.records("github.ruleset"), rest.records("github.ruleset")
    assert {name: body["bypass_actors"] for name, body in mine.items()} == {
        name: body["bypass_actors"] for name, body in theirs.items()
    }


def test_protection_of_all_takes_a_call_or_two(vendor: Start, root: Path) -> None:
    server = vendor(description=BUSINESS, graphql=True)
    collect(server.url, root, only=PER_REPOSITORY)
    assert len(server.ledger) <= 5
    assert not [asked for asked in server.ledger if asked.path.startswith("/repos/")]


def test_without_the_permission_rest_is_asked_and_denied(vendor: Start, root: Path) -> None:
    found = collect(vendor(description=BUSINESS, graphql=True).url, root, token=PARTLY, only=[*READ, *PER_REPOSITORY])
    assert found.reasons("github.branch_protection") == {Reason.DENIED}
    assert found.reasons("github.repository_settings") == {Reason.DENIED}
    assert found.outcome("github.commit") is Outcome.COMPLETE


def test_checks_that_are_closed_to_the_token_leave_the_reviews_standing(
    vendor: Start, root: Path, first: Found
) -> None:
    status = Check("deploy", conclusion="SUCCESS", is_status=True)
    few = changed("few", pull_requests=(merged(1, 2), replace(merged(2, 1), checks=(status,))))
    fine = tuple(replace(token, lacks=("checks",)) for token in few.tokens)
    found = collect(vendor(description=replace(few, tokens=fine), graphql=True).url, root, only=WORK)
    assert found.outcome("github.pull_request") is Outcome.COMPLETE, found.receipts["github.pull_request"].errors
    bodies = found.records("github.pull_request")
    rollup = bodies[f"{LOGIN}/few#1"]["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
    assert rollup["contexts"]["nodes"] == [{"denied": True}]
    assert bodies[f"{LOGIN}/few#1"]["reviews"]["nodes"][0]["author"]["login"] == "person-001"
    shown = bodies[f"{LOGIN}/few#2"]["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["contexts"]["nodes"]
    assert [each["context"] for each in shown] == ["deploy"], "a status is no check run"

    tried = collect(vendor(description=replace(few, tokens=fine), graphql=True).url, root, only=WORK, sample=True)
    assert tried.reasons("github.pull_request") == {Reason.DENIED}, "who tries the connection is told"

    again = collect(vendor(description=few, graphql=True).url, root, only=WORK, before=found)
    body = again.records("github.pull_request")[f"{LOGIN}/few#1"]
    assert body["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["contexts"]["nodes"][0]["name"] == "build"
    assert f"{LOGIN}/few#2" not in again.records("github.pull_request"), "what was read whole is not read again"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(PULLS, "status", status=403, message="Resource not accessible"), Reason.DENIED),
        (Fault(PULLS, "html"), Reason.INCOMPLETE),
        (Fault(PULLS, "truncate"), Reason.INCOMPLETE),
        (Fault(PULLS, "status", status=502), Reason.NOT_COLLECTED),
        (Fault(PULLS, "body", body=b'{"data": null}'), Reason.INCOMPLETE),
        (Fault(PULLS, "body", body=b'{"data": {}}'), Reason.INCOMPLETE),
        (
            Fault(PULLS, "body", body=b'{"errors": [{"type": "INSUFFICIENT_SCOPES", "message": "no"}]}'),
            Reason.DENIED,
        ),
        (Fault(PULLS, "body", body=b'{"data": {"r0": 1, "r0": 2}}'), Reason.QUARANTINED),
    ],
    ids=["403", "html", "truncated", "502", "null", "empty", "scopes", "poison"],
)
def test_whatever_happens_to_an_answer(vendor: Start, root: Path, fault: Fault, reason: Reason, first: Found) -> None:
    found = collect(vendor(fault, description=BUSINESS, graphql=True).url, root, only=WORK)
    assert found.unread("github.pull_request") == {f"{LOGIN}/{each.name}": reason for each in BUSY.repositories}
    assert found.contents()["github.commit"] == first.contents()["github.commit"]


def one_page(**changed: Any) -> dict[str, Any]:
    """The merged pull requests of a repository, as GraphQL answers them."""
    at = ago(days=2)
    node = {
        "number": 1,
        "updatedAt": at,
        "mergedAt": at,
        "reviews": {"totalCount": 0, "pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []},
        "commits": {"totalCount": 0, "nodes": []},
    }
    page = {"totalCount": 1, "pageInfo": {"hasNextPage": False, "endCursor": "x"}, "nodes": [node], **changed}
    return {"nameWithOwner": f"{LOGIN}/one", "defaultBranchRef": {"name": "main"}, "pullRequests": page}


def wrong(kind: str, *path: str | int) -> dict[str, Any]:
    """An error beside data."""
    return {"type": kind, "path": ["r0", *path], "message": "not to be seen"}


NODE = one_page()["pullRequests"]["nodes"][0]
ON = {"hasNextPage": True, "endCursor": "x"}
FIRST_REVIEW = ("pullRequests", "nodes", 0, "reviews")
ROLLUP = ("commits", "nodes", 0, "commit", "statusCheckRollup")
CLOSED = {**NODE, "commits": {"totalCount": 1, "nodes": [{"commit": {"oid": "h", "statusCheckRollup": None}}]}}
DAMAGED = {
    "loop": ({"data": {"r0": one_page(pageInfo=ON, totalCount=5)}}, None, Reason.INCOMPLETE),
    "fewer than declared": ({"data": {"r0": one_page(totalCount=2)}}, None, Reason.INCOMPLETE),
    "no total": ({"data": {"r0": one_page(totalCount=None)}}, None, Reason.INCOMPLETE),
    "no page information": ({"data": {"r0": one_page(pageInfo=None)}}, None, Reason.INCOMPLETE),
    "no nodes": ({"data": {"r0": one_page(nodes=None)}}, None, Reason.INCOMPLETE),
    "twice": ({"data": {"r0": one_page(nodes=[NODE, NODE], totalCount=2)}}, None, Reason.INCOMPLETE),
    "hidden": ({"data": {"r0": None}, "errors": [wrong("NOT_FOUND")]}, None, Reason.DENIED),
    "renamed": ({"data": {"r0": {**one_page(), "nameWithOwner": "acme/two"}}}, None, Reason.INCOMPLETE),
    "forbidden list": (
        {"data": {"r0": one_page()}, "errors": [wrong("FORBIDDEN", "pullRequests")]},
        None,
        Reason.DENIED,
    ),
    "one forbidden field": (
        {"data": {"r0": one_page()}, "errors": [wrong("FORBIDDEN", *FIRST_REVIEW)]},
        1,
        Reason.DENIED,
    ),
    "one without time": ({"data": {"r0": one_page(nodes=[{**NODE, "mergedAt": "x"}])}}, 1, Reason.QUARANTINED),
    "one without reviews": ({"data": {"r0": one_page(nodes=[{**NODE, "reviews": None}])}}, 1, Reason.INCOMPLETE),
}


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("FORBIDDEN", ROLLUP, {}),
        ("FORBIDDEN", (*ROLLUP, "contexts", "nodes", 0), {}),
        ("INTERNAL", ROLLUP, {f"{LOGIN}/one#1": Reason.NOT_COLLECTED}),
        ("FORBIDDEN", ROLLUP[:-1], {f"{LOGIN}/one#1": Reason.DENIED}),
    ],
    ids=("the checks", "a check", "the checks, for another reason", "the commit"),
)
def test_only_checks_may_be_closed(
    vendor: Start, root: Path, kind: str, path: tuple[str | int, ...], expected: dict[str, Reason]
) -> None:
    document = {"data": {"r0": one_page(nodes=[CLOSED])}, "errors": [wrong(kind, "pullRequests", "nodes", 0, *path)]}
    one = replace(BUSINESS, organizations=(replace(BUSY, repositories=(Repository("one"),)),))
    server = vendor(Fault(PULLS, "body", body=json.dumps(document).encode()), description=one, graphql=True)
    found = collect(server.url, root, only=["github.pull_request"])
    assert found.unread("github.pull_request") == expected
    rollups = [
        body["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
        for body in found.records("github.pull_request").values()
    ]
    assert rollups == [{"denied": True}] * (not expected)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_page_that_is_damaged(vendor: Start, root: Path, name: str) -> None:
    document, number, reason = DAMAGED[name]
    one = replace(BUSINESS, organizations=(replace(BUSY, repositories=(Repository("one"),)),))
    server = vendor(Fault(PULLS, "body", body=json.dumps(document).encode()), description=one, graphql=True)
    found = collect(server.url, root, only=["github.pull_request"])
    where = f"{LOGIN}/one" if number is None else f"{LOGIN}/one#{number}"
    assert found.unread("github.pull_request") == {where: reason}
    assert len(server.ledger) <= 4


def test_a_query_that_was_too_much_is_asked_in_halves(vendor: Start, root: Path, first: Found) -> None:
    heavy = Fault(PULLS, "status", nth_call=2, status=502)
    timeout = b'{"data": null, "errors": [{"message": "Something went wrong while executing your query."}]}'
    server = vendor(heavy, Fault(PULLS, "body", nth_call=3, body=timeout), description=BUSINESS, graphql=True)
    found = collect(server.url, root, only=WORK)
    assert found.contents()["github.pull_request"] == first.contents()["github.pull_request"]


def test_a_limit_that_is_told_by_a_200_is_waited_for(vendor: Start, root: Path, first: Found) -> None:
    limited = b'{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}'
    server = vendor(Fault(PULLS, "body", nth_call=1, body=limited), description=BUSINESS, graphql=True)
    found = collect(server.url, root, only=WORK)
    assert found.contents()["github.pull_request"] == first.contents()["github.pull_request"]


def test_nothing_changed_and_nothing_is_asked(vendor: Start, root: Path) -> None:
    server = vendor(description=BUSINESS, graphql=True)
    found = collect(server.url, root, only=WORK)
    before = len(server.ledger)
    again = collect(server.url, root, only=WORK, before=found)
    assert [asked.path for asked in server.ledger[before:]] == [f"/orgs/{LOGIN}/repos", f"/orgs/{LOGIN}"]
    for stream in WORK:
        assert again.outcome(stream) is Outcome.COMPLETE
        assert again.receipts[stream].population == found.receipts[stream].population
        assert again.receipts[stream].records == 0
        assert again.receipts[stream].contents_sha256 == found.receipts[stream].contents_sha256


def test_a_second_reading_takes_what_is_new(vendor: Start, root: Path) -> None:
    found = collect(vendor(description=BUSINESS, graphql=True).url, root, only=WORK)
    many = named("many")
    new = merged(131, 0.0001)
    # A merge brings in a commit that is older than the last reading.
    brought = (*many.commits[:5], commit("b" * 40, 5.5), *many.commits[5:])
    after = changed("many", pull_requests=(new, *many.pull_requests), commits=brought)
    server = vendor(description=after, graphql=True)
    second = collect(server.url, root, only=WORK, before=found)
    assert set(second.records("github.pull_request")) == {f"{LOGIN}/many#131"}
    assert set(second.records("github.commit")) == {f"{LOGIN}/many@{'b' * 40}"}
    assert len(server.ledger) <= 8
    # History is rewritten: what is no longer there is gone.
    rewritten = changed("many", ago(minutes=1), commits=(commit("d" * 40, 0.0001), *many.commits[3:]))
    third = collect(vendor(description=rewritten, graphql=True).url, root, only=WORK, before=second)
    assert set(third.records("github.commit")) == {f"{LOGIN}/many@{'d' * 40}"}
    assert len(third.receipts["github.commit"].gone) == 4


def test_a_commit_that_gets_its_pull_request_later_is_taken_again(vendor: Start, root: Path) -> None:
    many = named("many")
    alone = replace(commit("b" * 40, 0.0002), pull_requests=())
    early = changed("many", commits=(alone, *many.commits))
    found = collect(vendor(description=early, graphql=True).url, root, only=WORK)
    assert found.records("github.commit")[f"{LOGIN}/many@{'b' * 40}"]["associatedPullRequests"]["nodes"] == []
    linked = replace(alone, pull_requests=(many.pull_requests[0].number,))
    late = changed("many", ago(minutes=1), commits=(commit("c" * 40, 0.0001), linked, *many.commits))
    second = collect(vendor(description=late, graphql=True).url, root, only=WORK, before=found)
    pulls = second.records("github.commit")[f"{LOGIN}/many@{'b' * 40}"]["associatedPullRequests"]["nodes"]
    assert [pull["number"] for pull in pulls] == [many.pull_requests[0].number]
    assert second.receipts["github.commit"].population == (found.receipts["github.commit"].population or 0) + 1


def test_what_could_not_be_read_is_read_the_next_time(vendor: Start, root: Path, first: Found) -> None:
    broken = vendor(Fault(PULLS, "html"), description=BUSINESS, graphql=True)
    found = collect(broken.url, root, only=WORK)
    second = collect(vendor(description=BUSINESS, graphql=True).url, root, only=WORK, before=found)
    assert second.outcome("github.pull_request") is Outcome.COMPLETE, second.receipts["github.pull_request"].errors
    assert set(second.records("github.pull_request")) == set(first.records("github.pull_request"))


def test_a_repository_that_is_gone_takes_its_work_with_it(vendor: Start, root: Path) -> None:
    found = collect(vendor(description=BUSINESS, graphql=True).url, root, only=WORK)
    left = replace(BUSY, repositories=tuple(each for each in BUSY.repositories if each.name != "few"))
    after = replace(BUSINESS, organizations=(left,))
    second = collect(vendor(description=after, graphql=True).url, root, only=WORK, before=found)
    assert set(second.receipts["github.pull_request"].gone) == {f"{LOGIN}/few#1", f"{LOGIN}/few#2"}
    assert second.outcome("github.commit") is Outcome.COMPLETE
