"""GitHub's limits are kept as the stand-in's own ledger sees it, and no wait is longer than the cap."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, User
from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline_tests.integration.collect.github.company import (
    COMPANY,
    LOGIN,
    OWNER,
    TOKENS,
    Found,
    Waits,
    collect,
)
from kushim_pipeline_tests.integration.collect.github.conftest import Start, others_unaffected

OWNERS = f"/orgs/{LOGIN}/members?per_page=100&role=admin"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
PRIMARY = "API rate limit exceeded for user ID 1."


def asked(server: Server) -> int:
    return len([each for each in server.ledger if f"{each.path}?{each.query}" == OWNERS])


@pytest.mark.parametrize("status", [403, 429])
def test_retry_after_in_seconds_is_waited_out(vendor: Start, root: Path, healthy: Found, status: int) -> None:
    waits = Waits()
    limited = Fault(OWNERS, "status", 1, status=status, message=SECONDARY, headers={"Retry-After": "7"})
    found = collect(vendor(limited).url, root, only=["github.owner"], clockwork=waits.clockwork(time.time()))
    assert found.contents()["github.owner"] == healthy.contents()["github.owner"]
    assert sum(waits.asked) == pytest.approx(7, abs=0.1)
    assert [page.status for page in found.receipts["github.owner"].pages] == [status, 200]


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(days=1), timedelta(days=-1)])
def test_retry_after_as_a_date_is_read_by_the_vendors_clock(
    vendor: Start, root: Path, healthy: Found, skew: timedelta
) -> None:
    waits = Waits()
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    limited = Fault(OWNERS, "status", 1, status=429, message=SECONDARY, headers={"Retry-After": until})
    ours = time.time() + skew.total_seconds()
    found = collect(vendor(limited).url, root, only=["github.owner"], clockwork=waits.clockwork(ours))
    assert found.contents()["github.owner"] == healthy.contents()["github.owner"]
    assert 17 <= sum(waits.asked) <= 21


def test_a_primary_limit_waits_for_its_reset(vendor: Start, root: Path, healthy: Found) -> None:
    waits = Waits()
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 30)}
    limited = Fault(OWNERS, "status", 1, status=403, message=PRIMARY, headers=headers)
    found = collect(vendor(limited).url, root, only=["github.owner"], clockwork=waits.clockwork(time.time()))
    assert found.contents()["github.owner"] == healthy.contents()["github.owner"]
    assert 28 <= sum(waits.asked) <= 33


def test_a_limit_that_says_nothing_is_given_a_minute(vendor: Start, root: Path) -> None:
    waits = Waits()
    limited = Fault(OWNERS, "status", 1, status=429, message=SECONDARY)
    found = collect(vendor(limited).url, root, only=["github.owner"], clockwork=waits.clockwork(time.time()))
    assert found.outcome("github.owner") is Outcome.COMPLETE
    assert sum(waits.asked) == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7200"},
        {"Retry-After": "99999999999999999999"},
        {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"},
    ],
)
def test_a_wait_beyond_the_cap_is_not_begun(vendor: Start, root: Path, healthy: Found, headers: dict[str, str]) -> None:
    waits = Waits()
    server = vendor(Fault(OWNERS, "status", status=429, message=SECONDARY, headers=headers))
    found = collect(server.url, root, clockwork=waits.clockwork(time.time()))
    assert found.outcome("github.owner") is Outcome.FAILED
    assert found.reasons("github.owner") == {Reason.NOT_COLLECTED}
    assert waits.asked == []
    assert asked(server) == 1
    if "Retry-After" in headers:  # a spent budget is everybody's, for who asks after that answer
        others_unaffected(found, healthy, ["github.owner"])


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "5"}, {"Retry-After": "0"}, {"Retry-After": "soon"}])
def test_a_limit_that_never_ends_is_given_up(
    vendor: Start, root: Path, healthy: Found, headers: dict[str, str]
) -> None:
    waits = Waits()
    server = vendor(Fault(OWNERS, "status", status=429, message=SECONDARY, headers=headers))
    patience = Patience()
    found = collect(server.url, root, clockwork=waits.clockwork(time.time()), patience=patience)
    assert found.reasons("github.owner") == {Reason.NOT_COLLECTED}
    assert asked(server) <= patience.limited_tries
    assert all(wait <= patience.longest for wait in waits.asked)
    others_unaffected(found, healthy, ["github.owner"])


def test_a_denial_is_no_limit(vendor: Start, root: Path) -> None:
    waits = Waits()
    denied = Fault(OWNERS, "status", status=403, message="Must have admin rights to Repository.")
    server = vendor(denied)
    found = collect(server.url, root, only=["github.owner"], clockwork=waits.clockwork(time.time()))
    assert found.outcome("github.owner") is Outcome.DENIED
    assert (waits.asked, asked(server)) == ([], 1)


def test_a_servers_fault_is_tried_again_with_growing_waits(vendor: Start, root: Path, healthy: Found) -> None:
    waits = Waits()
    faults = [Fault(OWNERS, "status", 1, status=502), Fault(OWNERS, "break_off", 2)]
    found = collect(vendor(*faults).url, root, only=["github.owner"], clockwork=waits.clockwork(time.time()))
    assert found.contents()["github.owner"] == healthy.contents()["github.owner"]
    assert waits.asked == [0.5, 1.0]


def test_all_waits_together_are_capped(vendor: Start, root: Path) -> None:
    waits = Waits()
    server = vendor(Fault("*", "status", status=429, message=SECONDARY, headers={"Retry-After": "50"}))
    patience = Patience(limited=120)
    collect(server.url, root, clockwork=waits.clockwork(time.time()), patience=patience)
    assert len(server.ledger) <= 30


@pytest.mark.parametrize("limit", [20, 40])
def test_a_spent_budget_stops_the_reading_and_sleeps_for_no_hour(vendor: Start, root: Path, limit: int) -> None:
    repositories = tuple(Repository(f"r{n}") for n in range(30))
    described = Description((Organization(LOGIN, (User("a", owner=True),), (), repositories),), TOKENS, limit)
    waits = Waits()
    server = vendor(description=described)
    found = collect(server.url, root, clockwork=waits.clockwork(time.time()))
    assert waits.asked == []
    assert len(server.ledger) <= limit + 6  # what was on its way when the last answer said that nothing is left
    assert (
        found.outcome("github.branch_rule") is Outcome.PARTIAL or found.outcome("github.branch_rule") is Outcome.FAILED
    )
    unread = set(found.unread("github.branch_rule").values())
    assert unread <= {Reason.INCOMPLETE, Reason.NOT_COLLECTED} and Reason.INCOMPLETE in unread


def test_a_budget_that_is_full_again_soon_is_waited_for(vendor: Start, root: Path, healthy: Found) -> None:
    waits = Waits()
    spent = {"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": str(int(time.time()) + 20)}
    server = vendor(Fault(OWNERS, "headers", headers=spent), description=COMPANY)
    streams = ["github.owner", "github.branch_rule"]
    found = collect(server.url, root, only=streams, clockwork=waits.clockwork(time.time()))
    assert found.contents()["github.branch_rule"] == healthy.contents()["github.branch_rule"]
    assert all(wait <= 22 for wait in waits.asked)


@pytest.mark.parametrize("remaining", ["", "many", "1e999", "-5", "4999.5", "\u00b2", "9" * 5000])
def test_rate_headers_that_are_no_numbers_do_no_harm(vendor: Start, root: Path, healthy: Found, remaining: str) -> None:
    odd = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": remaining}
    found = collect(vendor(Fault(OWNERS, "headers", headers=odd)).url, root, only=["github.owner"])
    assert found.contents()["github.owner"] == healthy.contents()["github.owner"]


def test_one_connections_limits_are_not_anothers(vendor: Start, root: Path, healthy: Found) -> None:
    limited = vendor(Fault("*", "status", status=503))
    collect(limited.url, root / "a")
    assert collect(vendor().url, root / "b").contents() == healthy.contents()


def test_the_clock_is_only_asked_through_the_clockwork(vendor: Start, root: Path) -> None:
    def never(_: float) -> None:
        raise AssertionError("waited although nothing asked for it")

    found = collect(vendor(description=COMPANY).url, root, token=OWNER, clockwork=Clockwork(wait=never))
    assert found.outcome("github.member") is Outcome.COMPLETE
