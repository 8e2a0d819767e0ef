"""How GitHub is spoken to: PyGithub's headers, our wire; its limits, its words, its denials.

PyGithub writes the headers (authentication, API version, media type, user agent). Everything after that is done in
collect/http, because PyGithub keeps no bytes: it reads a body whole, guesses its encoding, follows a 301, sleeps and
asks again without end at a 202, and throttles itself to four calls a second.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import SecretStr

from kushim_pipeline import __version__
from kushim_pipeline.collect.http.answers import NOT_ON_PLAN, error_text
from kushim_pipeline.collect.http.call import Answer, Call, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.dialect import Budget, Dialect
from kushim_pipeline.collect.http.patience import server_time, whole_number
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason

API_VERSION = "2022-11-28"
MEDIA_TYPE = "application/vnd.github+json"
GRAPHQL = "POST /graphql"
HOUR = 3600.0
SOLD = (
    "upgrade to github",
    "must be enabled for this repository",
    "must be enabled for this organization",
    "is not enabled for this organization",
    "not available for this",
    "requires github enterprise",
)
"""Words by which GitHub says that a plan, or a product sold beside it, is missing."""


def open_client(base_url: str, token: SecretStr, pace: Pace | None = None) -> Client:
    """A client for one organisation. In: the base URL (already judged, see tenants/hosts.py) and the token."""
    headers = _headers(base_url.rstrip("/"), token)
    return Client(base_url, GITHUB, lambda _: headers, [token], pace)


def graphql_url(base_url: str) -> str:
    """Where GraphQL is asked: beside the REST paths of an Enterprise Server, below them on github.com."""
    base = base_url.rstrip("/")
    return f"{base.removesuffix('/v3')}/graphql" if base.endswith("/api/v3") else f"{base}/graphql"


def is_limited(answer: Answer) -> bool:
    """Whether the answer is a rate limit, and not a denial: GitHub uses 403 for both."""
    if answer.status == 429:
        return True
    if answer.status == 200:
        # As GraphQL tells it: {"errors":[{"type":"RATE_LIMITED", …}]}, of late also "RATE_LIMIT".
        return b'"errors"' in answer.body[:2000] and b'"RATE_LIMIT' in answer.body[:2000]
    if answer.status != 403:
        return False
    if "retry-after" in answer.headers:
        return True
    message = said(answer).casefold()
    # The texts by which PyGithub tells limits too (Requester.isRateLimitError).
    return (
        message.startswith(("api rate limit exceeded", "you have exceeded a secondary rate limit"))
        or message.endswith("please retry your request again later.")
        or message.endswith("please wait a few minutes before you try again.")
        or (not message and answer.headers.get("x-ratelimit-remaining") == "0")
    )


def budget(answer: Answer, now: float) -> Budget | None:
    """The hourly budget by GitHub's headers; a 304 and a search count by themselves or not at all."""
    limit, remaining, reset = (
        whole_number(answer.headers.get(f"x-ratelimit-{name}", "")) for name in ("limit", "remaining", "reset")
    )
    if remaining is None or reset is None:
        return None
    # One second more: it is not said when in that second the reset comes.
    left = max(0.0, reset - server_time(answer, now)) + 1.0
    return Budget(limit or 0, remaining, left, used=max((limit or 0) - remaining, 0))


def said(answer: Answer) -> str:
    """GitHub's own words in an error body, at most 200 characters; empty where there are none."""
    return error_text(answer, "message")


def _bucket(call: Call) -> str:
    """By GitHub's own names of them (X-RateLimit-Resource)."""
    if call.operation.startswith(GRAPHQL):
        return "graphql"
    return "audit_log" if "/audit-log" in call.operation else "core"


def _refusal(answer: Answer, call: Call) -> Unread | None:
    if answer.status in (403, 404, 422, 451) and "x-github-sso" in answer.headers:
        return Unread(
            Reason.DENIED,
            call.operation,
            f"GitHub answered {answer.status} ({said(answer)}): the token may not read this; authorise it for the "
            "organisation's single sign-on",
        )
    words = said(answer) if answer.status in (402, 403) else ""
    if words and any(each in words.casefold() for each in SOLD):
        return Unread(Reason.DENIED, call.operation, f"{NOT_ON_PLAN}GitHub answered {answer.status} ({words})")
    return None


# Source: GitHub REST, "Rate limits for the REST API": 5,000 requests an hour for a token, 5,000 points for GraphQL;
# after a 403 or 429 wait for `retry-after`, else (at `x-ratelimit-remaining: 0`) until the reset, else at least a
# minute. "Best practices": a 304 to a conditional request with the token is not counted. "Using the audit log API":
# 1,750 queries an hour. Whether they count among the others, too, is not said, and a server of one's own may do so.
GITHUB = Dialect(
    vendor="GitHub",
    bucket=_bucket,
    budget=budget,
    defaults={"": (5000, HOUR), "audit_log": (1750, HOUR)},
    counts_together=True,
    is_limited=is_limited,
    unsaid_limit=60.0,
    said=said,
    refusal=_refusal,
    asks_by_etag=True,
)


def _headers(base_url: str, token: SecretStr) -> Mapping[str, str]:
    """The headers that PyGithub sends, caught on their way."""
    from github import Auth, Github

    client = Github(
        base_url=base_url,
        auth=Auth.Token(token.get_secret_value()),
        user_agent=f"kushim/{__version__}",
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
        api_version=API_VERSION,
    )
    caught = _Caught(urlsplit(base_url).netloc)
    client.requester.requestJson("GET", "/", None, {"Accept": MEDIA_TYPE}, cnx=cast(Any, caught))
    return dict(caught.sent)


class _Caught:
    """A connection that sends nothing and remembers the headers."""

    status = 200

    def __init__(self, host: str) -> None:
        self.host = host
        self.sent: Mapping[str, str] = {}

    def request(self, verb: str, url: str, input: object, headers: Mapping[str, str], stream: bool = False) -> None:
        self.sent = headers

    def getresponse(self) -> "_Caught":
        return self

    def getheaders(self) -> list[tuple[str, str]]:
        return []

    def read(self) -> str:
        return ""
