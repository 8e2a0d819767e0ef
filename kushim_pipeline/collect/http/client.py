"""Reads of one connection over HTTP: bytes kept, waits capped, the vendor's limits kept, no redirect followed."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Self
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import orjson
from pydantic import SecretStr

from kushim_pipeline.collect.http.breaker import Breaker
from kushim_pipeline.collect.http.call import Answer, Call, Keep, Known, Unread, known_to
from kushim_pipeline.collect.http.dialect import Dialect
from kushim_pipeline.collect.http.limiter import Limiter
from kushim_pipeline.collect.http.patience import backoff, retry_after
from kushim_pipeline.collect.http.unchanged import UNCHANGED, still_holds
from kushim_pipeline.collect.http.wire import Lost, TooLarge, Wire
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason

Headers = Callable[[Call], Mapping[str, str]]
"""The headers that a call is sent with, the credentials among them."""


class Client:
    """Safe to use from several threads; nothing is shared with another connection."""

    def __init__(
        self,
        base_url: str,
        dialect: Dialect,
        headers: Headers,
        secrets: Sequence[SecretStr] = (),
        pace: Pace | None = None,
        connections: int = 8,
    ) -> None:
        """In: the base URL (already judged, see tenants/hosts.py), how the vendor is spoken to, the headers of a call,
        the secrets that no answer may repeat, and how many connections are kept open."""
        self.dialect = dialect
        self.pace = pace or Pace()
        self._base_url = base_url.rstrip("/")
        self._base = urlsplit(self._base_url)
        self._headers = headers
        self._secrets = [secret.get_secret_value().encode() for secret in secrets]
        self._patience, self._clockwork = self.pace.patience, self.pace.clockwork
        origin = f"{self._base.scheme}://{self._base.netloc}"
        self._wire = self.pace.tape or Wire(origin, self.pace.limits, connections)
        # A tape has no budget.
        defaults = {} if self.pace.tape else dialect.defaults
        self._limiter = Limiter(defaults, self._clockwork.now, self.pace.share, self.pace.book, dialect.counts_together)
        self._breaker = Breaker(self._patience, self._clockwork.now)
        self._lock = threading.Lock()
        self._paused_until: dict[str, float] = {}
        self._waited = 0.0
        self._limited_for = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()
        self._limiter.save()

    def ask(self, call: Call, keep: Keep) -> Answer:
        """Send a call and return its answer, whatever its status, with its bytes already kept.

        A 5xx, a rate limit, a lost connection is tried again within the patience. Where the vendor says that nothing
        changed since an earlier collection (304), the answer is that one's. Raises Unread: not_collected when all tries
        were not enough, incomplete for a body that breaks off or is too large and for a spent budget.
        """
        trouble = Unread(Reason.NOT_COLLECTED, call.operation, "not asked")
        bucket = self.dialect.bucket(call)
        known = self._known(call, keep)
        tries = limited_tries = 0
        while True:
            self._breaker.check(call.operation)
            self._wait_for_turn(call, bucket)
            try:
                answer = self._send(call, keep, bucket, known)
            except Lost as lost:
                trouble = Unread(Reason.INCOMPLETE if lost.cut else Reason.NOT_COLLECTED, call.operation, str(lost))
            except _NothingSent:
                if known is not None:
                    known = None
                    continue
                said = f"{self.dialect.vendor} answered {UNCHANGED} although it was not asked what had changed"
                trouble = Unread(Reason.NOT_COLLECTED, call.operation, said)
            else:
                if self.dialect.is_limited(answer):
                    limited_tries += 1
                    trouble = self._limited(call, answer, bucket)
                    if isinstance(trouble, _Final) or limited_tries >= self._patience.limited_tries:
                        break
                    continue
                if answer.status < 500:
                    self._breaker.answered(call.operation)
                    return answer
                said = f"{self.dialect.vendor} answered {answer.status} (its own fault)"
                trouble = Unread(Reason.NOT_COLLECTED, call.operation, said)
            tries += 1
            if tries >= self._patience.tries or not self._afford(backoff(tries, self._clockwork.chance())):
                break
        self._breaker.failed(call.operation)
        raise trouble

    def leads_away(self, url: str) -> bool:
        """Whether an address that the vendor sent leaves the base URL: the token must not follow it there."""
        try:
            parts = urlsplit(url)
            same = _origin(parts) == _origin(self._base) and parts.username is None
        except ValueError:
            return True
        return not same or not parts.path.startswith(f"{self._base.path}/") or "/../" in parts.path

    def place(self, call: Call) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The path and the sorted query that a call asks for: equal for two calls that ask for the same."""
        path, query = self._target(call)
        return path, tuple(sorted(query))

    def _target(self, call: Call) -> tuple[str, list[tuple[str, str]]]:
        if call.target.startswith("/"):
            return self._base.path + call.target, list(call.parameters.items())
        parts = urlsplit(call.target)
        return parts.path, [*parse_qsl(parts.query, keep_blank_values=True), *call.parameters.items()]

    def _known(self, call: Call, keep: Keep) -> Known | None:
        """What the call was answered with before, where the vendor can be asked whether that still holds."""
        if not self.dialect.asks_by_etag or call.method != "GET":
            return None
        path, query = self._target(call)
        asked = _asked(path, query)
        return known_to(keep, asked) if len(asked) == len(query) + 1 else None

    def _send(self, call: Call, keep: Keep, bucket: str, known: Known | None) -> Answer:
        budget, is_free = None, False
        try:
            path, query = self._target(call)
            asked = _asked(path, query)
            headers = dict(self._headers(call))
            body = None if call.body is None else orjson.dumps(call.body)
            if body is not None:
                headers["Content-Type"] = "application/json"
                asked["body"] = orjson.dumps(call.body, option=orjson.OPT_SORT_KEYS).decode()
            if known is not None:
                headers["If-None-Match"] = known.etag
            target = f"{path}?{urlencode(sorted(query))}" if query else path
            answer = self._wire.send(call.method, target, headers, body)
            budget = self.dialect.budget(answer, self._clockwork.now())
            is_free = known is not None and answer.status == UNCHANGED
        except TooLarge as error:
            raise Unread(Reason.INCOMPLETE, call.operation, str(error)) from None
        finally:
            self._limiter.done(bucket, budget, is_free)
        status = answer.status
        if status == UNCHANGED:
            earlier = still_holds(known, answer, asked, self.leads_away) if known is not None else None
            if earlier is None:
                raise _NothingSent
            answer = earlier
        if any(secret in answer.body for secret in self._secrets):
            raise Unread(Reason.QUARANTINED, call.operation, "the answer repeats the token and was not kept")
        evidence = keep(
            answer.body, operation=call.operation, parameters=asked, status=status, headers=answer.kept_headers
        )
        return replace(answer, evidence=evidence)

    def _wait_for_turn(self, call: Call, bucket: str) -> None:
        """Wait out a pause that the vendor asked for, and for Kushim's share of its budget."""
        now = self._clockwork.now()
        with self._lock:
            pause = min(self._paused_until.get(bucket, 0.0) - now, self._patience.longest)
        if pause > 0:
            self._clockwork.wait(pause)
        while (wait := self._limiter.take(bucket)) > 0:
            if wait > self._patience.longest:
                allowed, limit = self._limiter.allowance(bucket)
                raise Unread(
                    Reason.INCOMPLETE,
                    call.operation,
                    f"not asked: the {allowed} calls that Kushim may take of {self.dialect.vendor}'s {limit} are "
                    f"used, or others have used them, for another {wait:.0f} s; the next run goes on from here",
                )
            self._clockwork.wait(wait)

    def _limited(self, call: Call, answer: Answer, bucket: str) -> Unread:
        """Note the pause that a limiting answer asks for: it holds for all threads, for it is the token's."""
        now = self._clockwork.now()
        demand = demanded_wait(self.dialect, answer, now)
        vendor = self.dialect.vendor
        if demand > self._patience.longest:
            message = (
                f"{vendor} limits the token ({answer.status}) and asks to wait {demand:.0f} s; collect again later"
            )
            return _Final(Reason.NOT_COLLECTED, call.operation, message)
        demand += self._clockwork.chance() * min(1.0, demand / 10)
        with self._lock:
            self._paused_until[bucket] = max(self._paused_until.get(bucket, 0.0), now + demand)
            self._limited_for += demand
            spent = self._limited_for > self._patience.limited
        kind = _Final if spent else Unread
        return kind(Reason.NOT_COLLECTED, call.operation, f"{vendor} limits the token ({answer.status})")

    def _afford(self, delay: float) -> bool:
        with self._lock:
            self._waited += delay
            if self._waited > self._patience.total:
                return False
        self._clockwork.wait(delay)
        return True


def demanded_wait(dialect: Dialect, answer: Answer, now: float) -> float:
    """Seconds that a limiting answer asks to wait: Retry-After, else the end of a spent budget, else a while."""
    if (said := retry_after(answer, now)) is not None:
        return said
    budget = dialect.budget(answer, now)
    if budget is not None and budget.remaining <= 0 and budget.reset_in > 0:
        return budget.reset_in
    return dialect.unsaid_limit


class _NothingSent(Exception):
    """A 304 that stands for no answer of before."""


class _Final(Unread):
    """Trouble that no further try within this run can mend."""


def _asked(path: str, query: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {"path": path, **dict(sorted(query))}


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
