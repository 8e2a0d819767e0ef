"""PyGithub, used raw: one Requester a thread, the bytes kept, every wait capped, every redirect refused."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import SecretStr

from kushim_pipeline import __version__
from kushim_pipeline.collect.github.patience import (
    Patience,
    backoff,
    demanded_wait,
    is_limited,
    seconds_to_reset,
    whole_number,
)
from kushim_pipeline.collect.github.problem import Answer, Call, Keep, Unread
from kushim_pipeline.collect.github.transport import Limits, Lost, TooLarge, Unfollowed, Wire
from kushim_pipeline.evidence.receipt import Reason

if TYPE_CHECKING:
    from github.Requester import Requester

API_VERSION = "2022-11-28"
MEDIA_TYPE = "application/vnd.github+json"


@dataclass(frozen=True)
class Clockwork:
    """What a test replaces: how to wait (seconds), what time it is (seconds since 1970), chance (0 to 1)."""

    wait: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random


class Client:
    """Reads of one connection. Safe to use from several threads; nothing is shared with another connection."""

    def __init__(
        self,
        base_url: str,
        token: SecretStr,
        *,
        patience: Patience | None = None,
        limits: Limits | None = None,
        clockwork: Clockwork | None = None,
    ) -> None:
        """In: the base URL (already judged, see tenants/hosts.py) and the token."""
        self._base_url = base_url.rstrip("/")
        self._base = urlsplit(self._base_url)
        self._token = token
        self._patience = patience or Patience()
        self._limits = limits or Limits()
        self._clockwork = clockwork or Clockwork()
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._wires: list[Wire] = []
        self._paused_until = 0.0
        self._waited = 0.0
        self._failed_in_a_row: Counter[str] = Counter()
        self._budget: tuple[int, int, float] | None = None  # remaining, limit, time of reset

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for wire in self._wires:
            wire.close()

    def ask(self, call: Call, keep: Keep) -> Answer:
        """Send a GET and return its answer, whatever its status, with its bytes already kept.

        A 5xx, a rate limit, a lost connection is tried again within the patience. Raises Unread: not_collected when
        that was not enough, incomplete for a body that breaks off or is too large and for a spent hourly budget.
        """
        trouble = Unread(Reason.NOT_COLLECTED, call.operation, "not asked")
        for attempt in range(1, self._patience.tries + 1):
            self._gate(call)
            delay: float | None = backoff(attempt, self._clockwork.chance())
            try:
                answer = self._send(call, keep)
            except Lost as lost:
                trouble = Unread(Reason.INCOMPLETE if lost.cut else Reason.NOT_COLLECTED, call.operation, str(lost))
            else:
                limited = is_limited(answer)
                if not limited and answer.status < 500:
                    self._heard(call, answer)
                    return answer
                if limited:
                    trouble, delay = self._limited(call, answer), None
                else:
                    trouble = Unread(
                        Reason.NOT_COLLECTED, call.operation, f"GitHub answered {answer.status} (its own fault)"
                    )
            if attempt == self._patience.tries or not self._afford(trouble, delay):
                break
        with self._lock:
            self._failed_in_a_row[call.operation] += 1
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
        if call.target.startswith("/"):
            return self._base.path + call.target, tuple(sorted(call.parameters.items()))
        parts = urlsplit(call.target)
        return parts.path, tuple(sorted([*parse_qsl(parts.query), *call.parameters.items()]))

    def _send(self, call: Call, keep: Keep) -> Answer:
        requester, wire = self._connection()
        try:
            # Suppressed with the redirects: PyGithub turns the rate headers into numbers and trips over other texts.
            with contextlib.suppress(Unfollowed, ValueError, OverflowError):
                requester.requestJson(
                    "GET", call.target, dict(call.parameters), {"Accept": MEDIA_TYPE}, cnx=cast(Any, wire)
                )
        except TooLarge as error:
            raise Unread(Reason.INCOMPLETE, call.operation, str(error)) from None
        answer = wire.take()
        if answer is None:
            raise Lost("the request could not be sent")
        if self._token.get_secret_value().encode() in answer.body:
            raise Unread(Reason.QUARANTINED, call.operation, "the answer repeats the token and was not kept")
        path, query = self.place(call)
        evidence = keep(
            answer.body, operation=call.operation, parameters={"path": path, **dict(query)}, status=answer.status
        )
        return replace(answer, evidence=evidence)

    def _connection(self) -> tuple["Requester", Wire]:
        """This thread's Requester and wire: PyGithub does not say that a Requester may be shared."""
        if not hasattr(self._of_thread, "pair"):
            from github import Auth, Github

            client = Github(
                base_url=self._base_url,
                auth=Auth.Token(self._token.get_secret_value()),
                user_agent=f"kushim/{__version__}",
                per_page=100,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
                lazy=True,
                api_version=API_VERSION,
            )
            wire = Wire(f"{self._base.scheme}://{self._base.netloc}", self._limits)
            with self._lock:
                self._wires.append(wire)
            self._of_thread.pair = (client.requester, wire)
        return cast("tuple[Requester, Wire]", self._of_thread.pair)

    def _gate(self, call: Call) -> None:
        """Wait out a pause that GitHub asked for; refuse what cannot succeed or would overdraw the hourly budget."""
        now = self._clockwork.now()
        with self._lock:
            if self._failed_in_a_row[call.operation] >= self._patience.give_up_after:
                raise Unread(
                    Reason.NOT_COLLECTED,
                    call.operation,
                    f"not asked: this call failed {self._patience.give_up_after} times in a row",
                )
            pause = min(self._paused_until - now, self._patience.longest)
            if self._budget is not None:
                remaining, limit, reset = self._budget
                if remaining <= limit // 100 and now < reset:
                    if reset - now > self._patience.longest:
                        raise Unread(
                            Reason.INCOMPLETE,
                            call.operation,
                            f"not asked: the token has {remaining} of {limit} requests left for another "
                            f"{reset - now:.0f} s; collect again later",
                        )
                    pause = max(pause, reset - now)
                    self._budget = None
                else:
                    self._budget = (remaining - 1, limit, reset)
        if pause > 0:
            self._clockwork.wait(pause)

    def _heard(self, call: Call, answer: Answer) -> None:
        remaining, limit = (
            whole_number(answer.headers.get(f"x-ratelimit-{name}", "")) for name in ("remaining", "limit")
        )
        now = self._clockwork.now()
        reset = seconds_to_reset(answer, now)
        with self._lock:
            self._failed_in_a_row[call.operation] = 0
            if remaining is not None and limit is not None and reset is not None:
                self._budget = (remaining, limit, now + reset)

    def _limited(self, call: Call, answer: Answer) -> Unread:
        """Note the pause that a limiting answer asks for: it holds for all threads, for it is the token's."""
        now = self._clockwork.now()
        demand = demanded_wait(answer, now)
        if demand > self._patience.longest:
            message = f"GitHub limits the token ({answer.status}) and asks to wait {demand:.0f} s; collect again later"
            return _Final(Reason.NOT_COLLECTED, call.operation, message)
        demand += self._clockwork.chance() * min(1.0, demand / 10)
        with self._lock:
            self._paused_until = max(self._paused_until, now + demand)
            self._waited += demand
        return Unread(Reason.NOT_COLLECTED, call.operation, f"GitHub limits the token ({answer.status})")

    def _afford(self, trouble: Unread, delay: float | None) -> bool:
        """Wait before the next try, if there is patience left for one."""
        if isinstance(trouble, _Final):
            return False
        with self._lock:
            self._waited += delay or 0.0
            if self._waited > self._patience.total:
                return False
        if delay:
            self._clockwork.wait(delay)
        return True


class _Final(Unread):
    """Trouble that no further try within this run can mend."""


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
