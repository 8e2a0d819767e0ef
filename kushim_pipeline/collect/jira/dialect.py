"""How Jira Cloud is spoken to: API v3, Basic authentication by an API token, limits told in three kinds of headers.

Of the `jira` package its session is used: which headers a call is signed with, for API version 3 and without asking the
server anything first. Its own reading is not: it keeps no bytes, retries a POST, does not retry a 502, and raises
ValueError for a Retry-After that is a date.

Sources: Atlassian, "Rate limiting" (429 with Retry-After; X-RateLimit-Limit, -Remaining of a second's burst; -Reset as
an ISO 8601 time without seconds), "Status codes" ({"errorMessages", "errors"}), and "Basic auth for REST APIs": a wrong
token is a stranger, who is answered 401, or 200 with X-Seraph-LoginReason and only what everybody may see.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache

from pydantic import SecretStr

from kushim_pipeline import __version__
from kushim_pipeline.collect.http.answers import CAP_ERROR_BODY, NOT_ON_PLAN, error_text
from kushim_pipeline.collect.http.call import Answer, Call, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.dialect import Budget, Dialect
from kushim_pipeline.collect.http.patience import server_time, whole_number
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason

API = "/rest/api/3"
BURST = (100, 1.0)
"""Calls and seconds, before Jira has said anything."""

_NO_PLAN = re.compile(r"\b(upgrade|your plan|premium plan|enterprise plan|not licensed)\b", re.IGNORECASE)
# "The value 'OPS' does not exist for the field 'project'.": there is none, or the token may not browse it.
_HIDDEN = re.compile(r"does not exist for the field|do not have permission to view", re.IGNORECASE)
_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(Z|[+-]\d\d:?\d\d)")
_EPOCH = 10**9  # a smaller number is one of seconds from now


class Removed(Unread):
    """Jira no longer has this call; another one took its place."""


def open_client(base_url: str, email: str, token: SecretStr, pace: Pace | None = None) -> Client:
    """A client for one site. In: the base URL (already judged, see tenants/hosts.py), the e-mail address and the API
    token of an account."""
    signed = cache(lambda: session_headers(base_url, email, token))
    return Client(base_url, JIRA, lambda _: signed(), [token], pace)


def session_headers(base_url: str, email: str, token: SecretStr) -> dict[str, str]:
    """What the `jira` package's session sends with a request: it is made ready by it, and sent by us."""
    import requests
    from jira import JIRA as JiraSession

    session = JiraSession(
        options={"server": base_url, "rest_api_version": "3"},
        basic_auth=(email, token.get_secret_value()),
        get_server_info=False,
        max_retries=0,
        timeout=1,
    )._session
    prepared = session.prepare_request(requests.Request("GET", base_url))
    # Connection and compression are the wire's; a body names its own type.
    wanted = {"authorization", "accept", "cache-control", "x-atlassian-token"}
    headers = {name: value for name, value in prepared.headers.items() if name.casefold() in wanted}
    return {**headers, "Accept": "application/json", "User-Agent": f"kushim/{__version__}"}


def said(answer: Answer) -> str:
    """Jira's own words in an error: the first of errorMessages, else of the errors by field, else a message."""
    text = error_text(answer, "errorMessages")
    if text or len(answer.body) > CAP_ERROR_BODY:
        return text
    try:
        errors = json.loads(answer.body).get("errors")
    except (ValueError, AttributeError, RecursionError):
        return ""
    by_field = [value for value in errors.values() if isinstance(value, str)] if isinstance(errors, dict) else []
    return by_field[0][:200] if by_field else error_text(answer, "message", "errorMessage")


def budget(answer: Answer, now: float) -> Budget | None:
    """What an answer tells of the limit; its reset is unknown (0.0) where the answer does not name it, and so is the
    limit (0) of a 429 that has only Retry-After."""
    limit, left = (whole_number(answer.headers.get(f"x-ratelimit-{name}", "")) for name in ("limit", "remaining"))
    reset_in = _reset(answer.headers.get("x-ratelimit-reset", ""), server_time(answer, now))
    if reset_in > 0:
        reset_in += 1.0  # it is not said when in that second the reset comes
    if answer.status == 429:
        return Budget(limit or 0, 0, reset_in)
    return None if limit is None or left is None else Budget(limit, left, reset_in)


def _reset(text: str, now: float) -> float:
    number = whole_number(text)
    if number is not None:
        return max(0.0, number - now) if number >= _EPOCH else float(number)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    if _MINUTE.fullmatch(text):
        moment += timedelta(minutes=1)  # the seconds were cut off
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)


def _refusal(answer: Answer, call: Call) -> Unread | None:
    """What Jira means by an answer, where its status alone would mislead."""
    status, words = answer.status, said(answer)
    if "authenticat" in answer.headers.get("x-seraph-loginreason", "").casefold():
        return Unread(
            Reason.DENIED,
            call.operation,
            f"Jira answered {status} as to a stranger: the e-mail address or the token is wrong, expired or revoked",
        )
    if call.operation in REPLACED and status in (404, 410):
        return Removed(Reason.DENIED, call.operation, f"Jira answered {status} ({words}): it no longer has this call")
    needs = f"; it needs {call.needs}" if call.needs else ""
    if status in (402, 403, 404) and _NO_PLAN.search(words):
        return Unread(Reason.DENIED, call.operation, f"{NOT_ON_PLAN}Jira answered {status} ({words}){needs}")
    if status == 400 and _HIDDEN.search(words):
        return Unread(Reason.DENIED, call.operation, f"Jira answered 400 ({words}): the token may not see it{needs}")
    return None


CLASSIC_WORKFLOWS = f"GET {API}/workflow/search"
REPLACED = frozenset({CLASSIC_WORKFLOWS})
JIRA = Dialect(
    vendor="Jira",
    budget=budget,
    defaults={"": BURST},
    unsaid_limit=10.0,
    said=said,
    refusal=_refusal,
)
