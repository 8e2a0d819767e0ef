"""Recorded records of a real site go through the readers without losing one."""

from collections.abc import Iterator

import pytest

from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.sandbox.standin.server import start
from kushim_pipeline_tests.integration.collect.jira.acme import Found, collect
from kushim_pipeline_tests.integration.collect.jira.replay import Replay, recorded

LINES = recorded()
pytestmark = pytest.mark.skipif(
    not LINES, reason="the recordings beside the checkout (../shared/recordings) are absent"
)
POISONED = "EE-4"
"""A real issue with a NUL in a text, which Postgres does not take: it is quarantined, and nothing else is."""
STREAMS = ("jira.project", "jira.issue", "jira.issue_changelog", "jira.user")


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Replay, Found]]:
    replay = Replay(LINES)
    server = start(replay)
    try:
        yield replay, collect(server.url, tmp_path_factory.mktemp("replayed"), only=STREAMS)
    finally:
        server.stop()


@pytest.mark.parametrize("stream", STREAMS)
def test_every_list_is_whole(replayed: tuple[Replay, Found], stream: str) -> None:
    expected = {POISONED: Reason.QUARANTINED} if stream == "jira.issue" else {}
    assert replayed[1].unread(stream) == expected, replayed[1].said(stream)
    assert replayed[1].receipts[stream].lists_all


def test_no_recorded_issue_project_or_user_is_lost_or_altered(replayed: tuple[Replay, Found]) -> None:
    replay, found = replayed
    assert found.records("jira.issue") == {key: body for key, body in replay.issues.items() if key != POISONED}
    assert list(found.records("jira.project").values()) == sorted(replay.projects, key=lambda body: body["key"])
    assert found.records("jira.user") == {body["accountId"]: body for body in replay.users}
    assert (len(LINES["issues"]), len(replay.projects), len(replay.users)) == (33, 13, 30)


def test_no_recorded_history_is_lost_and_each_is_whole_by_itself(replayed: tuple[Replay, Found]) -> None:
    replay, found = replayed
    changelogs = found.records("jira.issue_changelog")
    expected = {key: {"histories": replay.histories[body["id"]]} for key, body in replay.issues.items()}
    assert changelogs == {key: body for key, body in expected.items() if key != POISONED}
    assert sum(len(body["histories"]) for body in changelogs.values()) >= 279 + 30 * 10
    # None was doubted: the states of every recorded issue follow each other, years of moved workflows included.
    assert {page.operation for page in found.receipts["jira.issue_changelog"].pages} == {
        "POST /rest/api/3/changelog/bulkfetch",
        "jira.issue",  # what the other stream knew of the issues
    }


def test_their_bytes_are_the_evidence(replayed: tuple[Replay, Found]) -> None:
    _, found = replayed
    pages = [page for page in found.receipts["jira.issue"].pages if page.operation.endswith("/search/jql")]
    assert len(pages) >= 12
    kept = b"".join(found.store.get("t", page.sha256) for page in pages)
    for line in LINES["issues"]:
        assert f'"key":"{line["body"]["key"]}"'.encode() in kept
