"""The limiter's promise, by the stand-in's own count: never above the share of any window, and no page lost."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.limiter import FileBook
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Outcome
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import start
from kushim_pipeline.sandbox.standin.vendor import Budget, Request
from kushim_pipeline_tests.integration.collect.okta.org import COMPANY, collect

LIMITS = {"/api/v1/users": 8, "/api/v1/apps": 12, "/api/v1/logs": 8, "/api/v1": 20}


class Clock:
    """A clock that a wait sets forward, the vendor's and ours."""

    def __init__(self) -> None:
        self.time = time.time()
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        with self._lock:
            self.time += seconds


class Counting(Okta):
    """Okta, and the most that was used of each of its windows."""

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        if budget:
            self.most[budget.bucket, reset_at] = max(self.most[budget.bucket, reset_at], used)
        return super().headers(request, budget, used, reset_at)

    @property
    def most(self) -> dict[tuple[str, float], int]:
        return self.__dict__.setdefault("_most", defaultdict(int))


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
