"""Jira's limits are kept as the stand-in's own ledger sees it, and no wait is longer than the cap."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.call import Answer
from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.collect.jira.dialect import budget, said
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.jira.acme import ACME, NOW, Clock, Found, collect
from kushim_pipeline_tests.integration.collect.jira.conftest import Start, others_unaffected

GROUPS = "/rest/api/3/group/bulk?maxResults=1000"
BULK = "/rest/api/3/changelog/bulkfetch?*"
ONLY = ["jira.group"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=20), usegmt=True), "Date": "", "X": ""}, 20),
        ({"X-RateLimit-Reset": "2026-02-01T12:00Z"}, 60),  # the seconds were cut off
        ({}, 10),
    ],
    ids=["seconds", "date", "reset", "nothing"],
)
def test_a_limit_is_waited_out(
    vendor: Start, root: Path, healthy: Found, headers: dict[str, str], seconds: int
) -> None:
    clock = Clock()
    if "Retry-After" in headers and not headers["Retry-After"].isdigit():
        headers = {**headers, "Date": format_datetime(NOW, usegmt=True)}
    limited = Fault(GROUPS, "status", 1, status=429, message="Rate limit exceeded.", headers=headers)
    found = collect(vendor(limited).url, root, only=ONLY, clock=clock)
    assert found.contents()["jira.group"] == healthy.contents()["jira.group"]
    assert [page.status for page in found.receipts["jira.group"].pages] == [429, 200]
    assert sum(clock.asked) == pytest.approx(seconds, abs=1.1) or headers.get("X-RateLimit-Reset")


@pytest.mark.parametrize("after", ["7200", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_wait_beyond_the_cap_is_not_begun(vendor: Start, root: Path, healthy: Found, after: str) -> None:
    clock = Clock()
    server = vendor(Fault(GROUPS, "status", status=429, headers={"Retry-After": after}))
    found = collect(server.url, root, clock=clock)
    assert found.reasons("jira.group") == {Reason.NOT_COLLECTED}
    assert not [wait for wait in clock.asked if wait > 1]
    others_unaffected(found, healthy, ["jira.group"])


def test_a_post_that_only_asks_is_asked_again(vendor: Start, root: Path, healthy: Found) -> None:
    faults = [Fault(BULK, "status", 1, status=429, headers={"Retry-After": "3"}), Fault(BULK, "status", 2, status=502)]
    server = vendor(*faults)
    found = collect(server.url, root)
    assert found.contents() == healthy.contents()
    assert len([asked for asked in server.ledger if asked.path.endswith("bulkfetch")]) == 3


def test_a_limit_on_every_tenth_call_loses_nothing(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor(Fault("*", "status", every=10, status=429, headers={"Retry-After": "1"})).url, root)
    assert found.contents() == healthy.contents()


def test_a_limit_that_never_ends_is_given_up(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor(Fault(GROUPS, "status", status=429, headers={"Retry-After": "0"}))
    found = collect(server.url, root)
    assert found.outcome("jira.group") is Outcome.FAILED
    asked = [each for each in server.ledger if f"{each.path}?{each.query}" == GROUPS]
    assert len(asked) <= 2 * Patience().limited_tries  # group_member looks at the groups, too
    others_unaffected(found, healthy, ["jira.group"])


def test_the_share_of_a_seconds_burst_is_kept(vendor: Start, root: Path) -> None:
    site = replace(ACME, limit=4)
    server = vendor(site=site)
    clock = Clock()
    found = collect(server.url, root, only=["jira.project_role", "jira.group"], clock=clock)
    assert found.outcome("jira.group") is Outcome.COMPLETE
    assert sum(clock.asked) > 1  # more calls than four were made, so seconds had to pass


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"x-ratelimit-limit": "350", "x-ratelimit-remaining": "349"}, 200, (350, 349, 0.0)),
        (
            {"x-ratelimit-limit": "350", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000060"},
            200,
            (350, 0, 61),
        ),
        ({"x-ratelimit-reset": "30"}, 429, (0, 0, 31)),
        ({"x-ratelimit-limit": "many", "x-ratelimit-remaining": "-1"}, 200, None),
        ({"x-ratelimit-limit": "9", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "soon"}, 200, (9, 1, 0.0)),
        (
            {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "2001-09-09T01:46Z"},
            200,
            (9, 1, 21),
        ),
        ({}, 200, None),
    ],
)
def test_what_an_answer_tells_of_the_limit(
    headers: dict[str, str], status: int, expected: tuple[int, int, float] | None
) -> None:
    told = budget(Answer(status, headers, b""), 1_000_000_000.0)
    assert (told and (told.limit, told.remaining, told.reset_in)) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"errorMessages": ["Not for you"], "errors": {}}', "Not for you"),
        (b'{"errorMessages": [], "errors": {"jql": "is wrong"}}', "is wrong"),
        (b'{"message": "Client must be authenticated"}', "Client must be authenticated"),
        (b'{"errors": [1]}', ""),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_jiras_own_words(body: bytes, words: str) -> None:
    assert said(Answer(400, {}, body)) == words
