"""How Okta is spoken to: the SDK's configuration, our wire; its limits, its words, its denials.

What the SDK (okta 3.4) is used for was decided by putting the recordings through it. Its models refuse real bodies, and
a page that holds one such body is lost whole (one of three recorded lists of factors). Its calls, raw or not, write the
kind of the token and the token without a space, follow a next page with its query decoded, raise AttributeError at a
timeout or at a 429 without a reset, sleep without a cap, and read ~/.okta/okta.yaml. So its `Configuration` writes the
Authorization header, and everything after that is done in collect/http. `okta.client` is never imported: it takes 3.5 s
and 100 MB. OKTA_TESTING_TESTINGDISABLEHTTPSCHECK is not needed: tenants/hosts.py judges the URL, and more strictly.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from kushim_pipeline import __version__
from kushim_pipeline.collect.http.answers import CAP_ERROR_BODY, NOT_ON_PLAN, error_text
from kushim_pipeline.collect.http.call import Answer, Call, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.dialect import Budget, Dialect
from kushim_pipeline.collect.http.patience import server_time, whole_number
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason

API = "/api/v1"
MINUTE = 60.0
NOT_FOUND = "E0000007"
NO_SUCH_FEATURE = "E0000015"
ILLEGAL_ARGUMENT = "E0000002"


class OtherEngine(Unread):
    """The kind of policy that was asked for belongs to Identity Engine, and this organisation runs on Classic
    Engine."""


def open_client(org_url: str, token: SecretStr, pace: Pace | None = None) -> Client:
    """A client for one organisation. In: its URL (already judged, see tenants/hosts.py) and the token."""
    headers = headers_of(org_url.rstrip("/"), token)
    return Client(org_url, OKTA, lambda _: headers, [token], pace)


def headers_of(org_url: str, token: SecretStr) -> Mapping[str, str]:
    """The headers of every call.

    In: an API token, or an OAuth 2.0 access token (a JWT, RFC 7519), which Okta takes as a Bearer.
    """
    from okta.configuration import Configuration

    # By api_key and its prefix: with access_token, the SDK would write kind and token without a space between them.
    configuration: Any = Configuration(
        host=org_url,
        api_key={"apiToken": token.get_secret_value()},
        api_key_prefix={"apiToken": "Bearer" if is_access_token(token) else "SSWS"},
    )
    settings = configuration.auth_settings()["apiToken"]
    return {
        settings["key"]: settings["value"],
        "Accept": "application/json",
        "User-Agent": f"kushim/{__version__}",
    }


def is_access_token(token: SecretStr) -> bool:
    """Whether a token is an OAuth 2.0 access token, and no API token: three parts, the first a JSON object."""
    secret = token.get_secret_value()
    return secret.startswith("eyJ") and secret.count(".") == 2


def bucket(call: Call) -> str:
    """Its endpoint. Which endpoints share a budget depends on the plan and on the age of the organisation: what the
    answers tell of limits and counts shows it (see collect/http/limiter.py)."""
    return call.operation.partition(" ")[2].partition("?")[0]


def budget(answer: Answer, now: float) -> Budget | None:
    """A minute's budget by Okta's headers. All callers share it, so what others use counts as ours."""
    limit, remaining, reset = (
        whole_number(answer.headers.get(f"x-rate-limit-{name}", "")) for name in ("limit", "remaining", "reset")
    )
    if limit is None or remaining is None or reset is None:
        return None
    # One second more: it is not said when in that second the reset comes.
    left = max(0.0, reset - server_time(answer, now)) + 1.0
    return Budget(limit, remaining, left, used=max(0, limit - remaining))


def error_code(answer: Answer) -> str:
    """Okta's own code in an error body, such as E0000007; empty where there is none."""
    code = error_text(answer, "errorCode")
    return code if code.startswith("E") and code[1:].isdigit() else ""


def said(answer: Answer) -> str:
    """Okta's own words in an error body with their code, at most 200 characters; empty where there are none."""
    code, summary = error_code(answer), error_text(answer, "errorSummary")
    text = ": ".join(part for part in (code, summary, _first_cause(answer)) if part)
    return text[:200]


def _first_cause(answer: Answer) -> str:
    if len(answer.body) > CAP_ERROR_BODY:
        return ""
    try:
        causes = json.loads(answer.body)["errorCauses"]
        summary = causes[0]["errorSummary"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return summary if isinstance(summary, str) else ""


def _refusal(answer: Answer, call: Call) -> Unread | None:
    """Source: Okta, "Okta error codes and descriptions"; the recordings answer 401 with E0000015, not 403."""
    code = error_code(answer) if answer.status in (400, 401, 403) else ""
    if code == NO_SUCH_FEATURE:
        message = (
            f"{NOT_ON_PLAN}Okta answered {answer.status} ({said(answer)}): the organisation does not have this "
            "feature, or the token's administrator may not use it"
        )
        return Unread(Reason.DENIED, call.operation, message)
    if code == ILLEGAL_ARGUMENT and "Invalid policy type" in said(answer):
        message = f"{NOT_ON_PLAN}Okta answered {answer.status} ({said(answer)}): only Identity Engine has such policies"
        return OtherEngine(Reason.DENIED, call.operation, message)
    return None


# Source: Okta, "Management rate limits": requests a minute, here the lower of what the two workforce plans have, until
# an answer says more. A 429 that says nothing is waited out for a whole window.
OKTA = Dialect(
    vendor="Okta",
    bucket=bucket,
    budget=budget,
    defaults={
        "": (600, MINUTE),
        f"{API}/apps": (100, MINUTE),
        f"{API}/groups": (500, MINUTE),
        f"{API}/logs": (50, MINUTE),
    },
    counts_together=True,
    unsaid_limit=MINUTE,
    said=said,
    refusal=_refusal,
)
