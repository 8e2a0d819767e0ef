"""Slack's limits are kept as the stand-in's own ledger sees it, and no wait is longer than the cap."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from kushim_pipeline.collect.slack import listing
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.slack.model import Description
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.slack.acme import ACME, NOW, TOKENS, Clock, Found, collect
from kushim_pipeline_tests.integration.collect.slack.conftest import Start, others_unaffected

USERS = "/api/users.list*"


def test_retry_after_in_seconds_is_waited_out(vendor: Start, root: Path, healthy: Found) -> None:
    clock = Clock()
    limited = Fault(USERS, "status", 1, status=429, message="ratelimited", headers={"Retry-After": "7"})
    found = collect(vendor(limited).url, root, only=["slack.user"], clock=clock)
    assert found.contents()["slack.user"] == healthy.contents()["slack.user"]
    assert 7 in clock.asked


@pytest.mark.parametrize("said", [None, "soon", "date"])
def test_a_limit_without_seconds(vendor: Start, root: Path, healthy: Found, said: str | None) -> None:
    clock = Clock()
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    headers = {"Retry-After": until if said == "date" else said} if said else {}
    server = vendor(Fault(USERS, "status", 1, status=429, message="ratelimited", headers=headers))
    found = collect(server.url, root, only=["slack.user"], clock=clock)
    assert found.contents()["slack.user"] == healthy.contents()["slack.user"]
    assert 15 <= sum(clock.asked) <= 31


def test_a_limit_that_is_told_with_status_200(vendor: Start, root: Path, healthy: Found) -> None:
    server = vendor(Fault(USERS, "status", 1, status=200, message="ratelimited", headers={"Retry-After": "3"}))
    found = collect(server.url, root, only=["slack.user"], clock=Clock())
    assert found.contents()["slack.user"] == healthy.contents()["slack.user"]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}, {"Retry-After": "7200"}])
def test_a_limit_that_never_ends_is_given_up(
    vendor: Start, root: Path, healthy: Found, headers: dict[str, str]
) -> None:
    clock = Clock()
    server = vendor(Fault("/api/team.info*", "status", status=429, message="ratelimited", headers=headers))
    found = collect(server.url, root, clock=clock)
    assert found.reasons("slack.team") == {Reason.NOT_COLLECTED}
    assert Counter(asked.path for asked in server.ledger)["/api/team.info"] <= 6
    assert all(wait <= 61 for wait in clock.asked)
    others_unaffected(found, healthy, ["slack.team"])


def test_tiers_are_kept(vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's budgets at their true size: a large list takes its time, and no call of it is refused."""
    monkeypatch.setattr("kushim_pipeline.collect.slack.user.by_cursor", lambda key: listing.by_cursor(key, 25))
    clock = Clock()
    described = Description((replace(ACME, plan="business"),), TOKENS)
    server = vendor(description=described, clock=clock)
    found = collect(server.url, root, only=["slack.user"], clock=clock)
    assert found.outcome("slack.user") is Outcome.COMPLETE
    assert 429 not in {asked.status for asked in server.ledger}
    assert 21 <= Counter(asked.path for asked in server.ledger)["/api/users.list"]
    assert 60 <= clock.time - NOW <= 300  # ten a minute: half of Slack's twenty
