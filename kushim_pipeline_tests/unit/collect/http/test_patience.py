"""How long is waited, by what the vendor says and by what it does not say, and that all waits are capped."""

import math
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from kushim_pipeline.collect.http.call import Answer, Call, Unread
from kushim_pipeline.collect.http.client import Client, demanded_wait
from kushim_pipeline.collect.http.dialect import Dialect
from kushim_pipeline.collect.http.patience import (
    Clockwork,
    Patience,
    backoff,
    http_date,
    retry_after,
    server_time,
    whole_number,
)
from kushim_pipeline.collect.jira.dialect import JIRA
from kushim_pipeline.collect.okta.dialect import OKTA
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.slack.dialect import SLACK
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.sandbox.standin.server import Standin, start
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request

NOW = 1_790_000_000.0
VENDOR = Dialect("Vendor")
ASK = Call("GET /x", "/x")


def date(seconds: float) -> str:
    return formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("17", 17.0),
        (" 17 ", 17.0),
        ("1.5", 1.5),
        ("007", 7.0),
        (date(40), 40.0),
        (date(-40), 0.0),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 4_133_980_799 - NOW),
        ("-5", None),
        ("+5", None),
        ("1e9", None),
        ("5 seconds", None),
        ("soon", None),
        ("", None),
        (".", None),
        ("\u00b2", None),
        ("\u0665", None),
        ("Fri, 99 Foo 2026 00:00:00 GMT", None),
        ("9" * 400, 999_999_999_999.0),
        ("9" * 400 + ".5", 1e12),
    ],
)
def test_retry_after(text: str, expected: float | None) -> None:
    assert retry_after(Answer(429, {"retry-after": text}, b""), NOW) == expected


@pytest.mark.parametrize("skew", [-86_400, 0, 86_400])
def test_a_date_is_read_by_the_vendors_clock(skew: int) -> None:
    answer = Answer(429, {"retry-after": date(skew + 30), "date": date(skew)}, b"")
    assert retry_after(answer, NOW) == 30.0
    assert server_time(answer, NOW) == NOW + skew


def test_without_a_date_of_its_own_ours_is_taken() -> None:
    for headers in ({}, {"date": "today"}):
        assert server_time(Answer(200, headers, b""), NOW) == NOW
    assert retry_after(Answer(429, {}, b""), NOW) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_raises_and_no_wait_is_negative_or_endless(after: str, now: str) -> None:
    wait = retry_after(Answer(429, {"retry-after": after, "date": now}, b""), NOW)
    assert wait is None or (wait >= 0 and math.isfinite(wait))


@given(st.text(max_size=30))
def test_numbers_and_dates_of_any_text(text: str) -> None:
    number = whole_number(text)
    assert number is None or 0 <= number < 10**12
    assert http_date(text) is None or math.isfinite(http_date(text) or 0.0)


@given(st.integers(1, 12), st.floats(0, 1))
def test_backoff_doubles_and_half_of_it_is_chance(attempt: int, chance: float) -> None:
    assert 2.0 ** (attempt - 1) / 2 <= backoff(attempt, chance) <= 2.0 ** (attempt - 1)


@pytest.mark.parametrize(
    ("dialect", "headers", "expected"),
    [
        (OKTA, {}, 60.0),
        (OKTA, {"retry-after": "3"}, 3.0),
        (OKTA, {"x-rate-limit-limit": "9", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "1790000020"}, 21.0),
        (OKTA, {"x-rate-limit-limit": "9", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "1"}, 1.0),
        (JIRA, {}, 10.0),
        (JIRA, {"retry-after": date(7)}, 7.0),
        (JIRA, {"x-ratelimit-reset": "1790000020"}, 21.0),
        (SLACK, {}, 30.0),
        (SLACK, {"retry-after": "11"}, 11.0),
    ],
)
def test_what_a_vendors_limit_demands(dialect: Dialect, headers: dict[str, str], expected: float) -> None:
    assert demanded_wait(dialect, Answer(429, headers, b""), NOW) == expected


class Script:
    """A vendor that answers with one status after another, the last one for ever."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.answers = list(answers)

    def caller(self, request: Request) -> str:
        return "somebody"

    def budget(self, request: Request) -> Budget | None:
        return None

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> dict[str, str]:
        return {}

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        raise AssertionError(request)

    def fault(self, status: int, message: str) -> Reply:
        return Reply(status)

    def respond(self, request: Request) -> Reply:
        status, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Reply(status, {}, headers)


class Asked:
    """A client of a scripted vendor, and the waits that it asked for."""

    def __init__(self, server: Standin, patience: Patience) -> None:
        self.waits: list[float] = []
        clockwork = Clockwork(self.waits.append, lambda: NOW + sum(self.waits), lambda: 0.0)
        pace = Pace(patience=patience, clockwork=clockwork)
        self.client = Client(server.url, VENDOR, lambda _: {}, [SecretStr("not-in-any-answer")], pace)

    def ask(self, call: Call = ASK) -> int:
        return self.client.ask(call, lambda body, **asked: "kept").status


@pytest.fixture
def servers() -> Iterator[list[Standin]]:
    started: list[Standin] = []
    yield started
    for server in started:
        server.stop()


def asked(servers: list[Standin], patience: Patience, *answers: tuple[int, dict[str, str]]) -> Asked:
    servers.append(start(Script(*answers)))
    return Asked(servers[-1], patience)


def test_faults_are_waited_out_and_the_waits_together_are_capped(servers: list[Standin]) -> None:
    here = asked(servers, Patience(tries=9, total=6.0, give_up_after=99), (503, {}))
    with pytest.raises(Unread) as first:
        here.ask()
    assert first.value.reason is Reason.NOT_COLLECTED
    assert here.waits == [0.5, 1.0, 2.0], "the next would be 4 s, and 7.5 s in all"
    with pytest.raises(Unread):
        here.ask()
    assert here.waits == [0.5, 1.0, 2.0], "nothing is left for another call"
    assert len(servers[0].ledger) == 5


@pytest.mark.parametrize(("after", "tries"), [("5", 6), ("0", 6), ("76", 1), ("99999999999999999999", 1)])
def test_a_limit_that_does_not_end(servers: list[Standin], after: str, tries: int) -> None:
    here = asked(servers, Patience(longest=75.0), (429, {"Retry-After": after}))
    with pytest.raises(Unread) as trouble:
        here.ask()
    assert trouble.value.reason is Reason.NOT_COLLECTED
    assert len(servers[0].ledger) == tries
    assert all(wait <= 75.0 for wait in here.waits)
    if tries == 1:
        assert here.waits == [] and "collect again later" in trouble.value.message


def test_all_waits_for_limits_together_are_capped(servers: list[Standin]) -> None:
    here = asked(servers, Patience(limited=100.0, limited_tries=99), (429, {"Retry-After": "30"}))
    with pytest.raises(Unread):
        here.ask()
    assert sum(here.waits) <= 100.0
    assert len(servers[0].ledger) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 302])
def test_what_is_no_fault_and_no_limit_is_asked_once(servers: list[Standin], status: int) -> None:
    here = asked(servers, Patience(), (status, {"Retry-After": "5"}))
    assert here.ask() == status
    assert (len(servers[0].ledger), here.waits) == (1, [])


def test_a_limit_then_an_answer(servers: list[Standin]) -> None:
    here = asked(servers, Patience(), (429, {"Retry-After": date(20), "Date": date(0)}), (502, {}), (200, {}))
    assert here.ask() == 200
    assert here.waits == [20.0, 0.5]


def test_a_call_that_cannot_be_made_ready_holds_nobody_up(servers: list[Standin]) -> None:
    here = asked(servers, Patience(), (200, {}))
    with pytest.raises(TypeError):
        here.ask(Call("POST /x", "/x", method="POST", body={"not JSON": object()}))
    assert here.ask() == 200
