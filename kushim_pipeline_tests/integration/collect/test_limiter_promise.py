"""The limiter's promise, by the stand-in's own count: never above the share of any window, and no page lost."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github import streams as github_streams
from kushim_pipeline.collect.http.limiter import FileBook
from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.jira import streams as jira_streams
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.slack import streams as slack_streams
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.sandbox.github.vendor import Github
from kushim_pipeline.sandbox.jira.routes import Jira
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.slack.vendor import SlackVendor
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import start
from kushim_pipeline.sandbox.standin.vendor import Budget, Reply, Request, Vendor
from kushim_pipeline.tenants.config import Connection, GithubConnection, JiraConnection, SlackConnection
from kushim_pipeline_tests.integration.collect.github import company
from kushim_pipeline_tests.integration.collect.jira import acme as jira_acme
from kushim_pipeline_tests.integration.collect.okta.org import COMPANY, collect
from kushim_pipeline_tests.integration.collect.slack import acme as slack_acme

LIMITS = {"/api/v1/users": 8, "/api/v1/apps": 12, "/api/v1/logs": 8, "/api/v1": 20}


class Clock:
    """A clock that a wait sets forward, the vendor's and ours. It runs on meanwhile, as the Date header's does."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return time.time() + self._ahead

    def wait(self, seconds: float) -> None:
        with self._lock:
            self._ahead += seconds


class Counting(Okta):
    """Okta, and the most that was used of each of its windows."""

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        if budget:
            self.most[budget.bucket, reset_at] = max(self.most[budget.bucket, reset_at], used)
        return super().headers(request, budget, used, reset_at)

    @property
    def most(self) -> dict[tuple[str, float], int]:
        found: dict[tuple[str, float], int] = self.__dict__.setdefault("_most", defaultdict(int))
        return found


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_never_above_the_share_and_no_page_lost_at_429s_on_every_tenth_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
    calm = start(Okta(COMPANY))
    clock = Clock()
    vendor = Counting(replace(COMPANY, limits=LIMITS), clock.now)
    limited = Fault("*", "status", every=10, status=429)
    strict = start(vendor, faults=(limited,), now=clock.now)
    book = FileBook(tmp_path / "limits.json")
    pace = Pace(share=share, book=book, clockwork=Clockwork(clock.wait, clock.now, lambda: 0.0))
    try:
        quiet = collect(calm.url, tmp_path / "calm")
        found = collect(strict.url, tmp_path / "strict", pace=pace)
        # Again at once: within the windows that the first reading has used of.
        again = collect(strict.url, tmp_path / "again", pace=pace)
    finally:
        calm.stop()
        strict.stop()
    for each in (found, again):
        assert {
            stream: each.error(stream) for stream in each.receipts if each.outcome(stream) is not Outcome.COMPLETE
        } == {}
        assert {s: r.contents_sha256 for s, r in each.receipts.items() if s != "okta.event"} == {
            s: r.contents_sha256 for s, r in quiet.receipts.items() if s != "okta.event"
        }
    assert sum(asked.status == 429 for asked in strict.ledger) == len(strict.ledger) // 10
    over = {place: used for place, used in vendor.most.items() if used > max(1, LIMITS[place[0]] * share)}
    assert over == {}
    assert len({reset_at for _, reset_at in vendor.most}) > 3, "the budgets were small enough to need several windows"


class Aligned:
    """A vendor with windows by its own clock, a ledger of them that counts what comes in, and no answer that would hide
    what was too much: it never refuses by itself."""

    def __init__(self, vendor: Vendor, clock: Clock, limit: int, seconds: float, tells: str) -> None:
        """In: `tells`: the prefix of its headers' names, if it tells."""
        self._vendor = vendor
        self._clock = clock
        self._limit = limit
        self._seconds = seconds
        self._tells = tells
        self._lock = threading.Lock()
        self.used: Counter[tuple[str, float]] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)

    def budget(self, request: Request) -> Budget | None:
        found = self._vendor.budget(request)
        if found is None:
            return None
        with self._lock:
            self.used[found.bucket, self._end()] += found.cost
        return Budget(found.bucket, 10**9, self._seconds)

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        told = dict(self._vendor.headers(request, None, 0, 0.0))
        if budget and self._tells:
            with self._lock:
                left = max(0, self._limit - self.used[budget.bucket, self._end()])
            reset = time.time() + self._end() - self._clock.now()
            told |= {
                f"{self._tells}-Limit": str(self._limit),
                f"{self._tells}-Remaining": str(left),
                f"{self._tells}-Reset": str(int(reset)),
            }
        return told

    def limited(self, request: Request, budget: Budget, reset_in: float) -> Reply:
        raise AssertionError(request)

    def _end(self) -> float:
        return (self._clock.now() // self._seconds + 1) * self._seconds


def read(
    module: ModuleType, connection: Connection, secrets: Mapping[str, str], root: Path, pace: Pace
) -> list[Receipt]:
    """All streams of a connection."""
    store, receipts = FileStore(root), {}
    collections: dict[Unit, Collection] = {}

    def open_collection(unit: Unit) -> Collection:
        collections[unit] = Collection(unit, store, code_version="test", mask=lambda text: text)
        return collections[unit]

    def finish(unit: Unit) -> None:
        receipts[unit.stream] = collections[unit].finish()

    hidden = {name: SecretStr(secret) for name, secret in secrets.items()}
    module.collect(connection, hidden, module.units("t", connection), open_collection, finish, pace)
    return [receipts[stream] for stream in sorted(receipts)]


def github(url: str) -> tuple[ModuleType, Connection, Mapping[str, str]]:
    connection = GithubConnection(source="github", org=company.LOGIN, token="env:T", base_url=url)
    return github_streams, connection, {"token": company.OWNER}


def jira(url: str) -> tuple[ModuleType, Connection, Mapping[str, str]]:
    connection = JiraConnection(source="jira", base_url=url, email=jira_acme.ADMIN, token="env:T", projects=())
    return jira_streams, connection, {"token": jira_acme.SECRETS[jira_acme.ADMIN]}


def slack(url: str) -> tuple[ModuleType, Connection, Mapping[str, str]]:
    connection = SlackConnection(
        source="slack", token="env:T", base_url=f"{url}/api/", announcement_channels=("silent",)
    )
    return slack_streams, connection, {"token": slack_acme.ADMIN}


Source = Callable[[str], tuple[ModuleType, Connection, Mapping[str, str]]]
VENDORS: Mapping[str, tuple[Source, Callable[[], Vendor], int, float, str]] = {
    "github-hour": (github, lambda: Github(company.COMPANY), 40, 3600.0, "X-RateLimit"),
    "github-minute": (github, lambda: Github(company.COMPANY), 40, 60.0, "X-RateLimit"),
    "jira-minute": (jira, lambda: Jira(jira_acme.ACME, jira_acme.NOW.timestamp), 20, 60.0, "X-RateLimit"),
    "slack-silent": (slack, lambda: SlackVendor(slack_acme.COMPANY), 20, 60.0, ""),
}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.9])
@pytest.mark.parametrize("name", VENDORS)
def test_every_vendors_own_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, share: float) -> None:
    monkeypatch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
    source, vendor, limit, seconds, tells = VENDORS[name]
    clock = Clock()
    ledger = Aligned(vendor(), clock, limit, seconds, tells)
    calm = start(vendor())
    strict = start(ledger, faults=(Fault("*", "status", every=10, status=429),), now=clock.now)
    moment = time.time()
    still = Clockwork(lambda _: None, lambda: moment, lambda: 0.0)
    moving = Clockwork(clock.wait, clock.now, lambda: 0.0)
    try:
        module, connection, secrets = source(calm.url)
        quiet = read(module, connection, secrets, tmp_path / "calm", Pace(share=1.0, clockwork=still, as_of=moment))
        module, connection, secrets = source(strict.url)
        patience = Patience(longest=2 * seconds + 100, limited=10**6)
        pace = Pace(share=share, clockwork=moving, patience=patience, as_of=moment)
        found = read(module, connection, secrets, tmp_path / "strict", pace)
    finally:
        calm.stop()
        strict.stop()
    assert [(each.stream, each.outcome, each.population) for each in found] == [
        (each.stream, each.outcome, each.population) for each in quiet
    ]
    allowed = max(1, int(limit * share))
    assert {place: used for place, used in ledger.used.items() if used > allowed} == {}
    if sum(ledger.used.values()) > 2 * allowed:
        assert len(ledger.used) > 2
