"""How Slack is spoken to: a method answers 200 whether it does what was asked or not, and says in `ok` which.

Sources: Slack, "Web API" (ok, error, needed, provided, warning), "Rate limits" (tiers for each method and workspace;
429 with Retry-After), the table of errors of each method, and "Audit Logs API" (no `ok`; statuses as in other APIs).
"""

import json
import re
from urllib.parse import urlsplit

from pydantic import SecretStr

from kushim_pipeline import __version__
from kushim_pipeline.collect.http.answers import CAP_ERROR_BODY, NOT_ON_PLAN, error_text
from kushim_pipeline.collect.http.call import Answer, Call, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.dialect import Dialect
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Reason

AUDIT = "GET /audit/v1/logs"
MINUTE = 60.0
# "20+ per minute" and the like, of Slack's reference of each method.
_TIERS = {
    "auth.test": 100,
    "team.info": 50,
    "users.list": 20,
    "team.billableInfo": 20,
    "conversations.list": 20,
    "conversations.info": 50,
    "conversations.members": 100,
    "conversations.history": 50,
    "team.externalTeams.list": 20,
    "admin.apps.approved.list": 20,
    "team.integrationLogs": 20,
    "team.accessLogs": 20,
    AUDIT: 50,
}

_BAD_TOKEN = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "invalid_authentication",
        "missing_authentication",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
_WRONG_TOKEN = frozenset(
    {"is_bot", "not_allowed_token_type", "user_is_bot", "user_is_restricted", "user_is_ultra_restricted"}
)
_NO_PLAN = frozenset(
    {
        "enterprise_only",
        "feature_not_enabled",
        "not_an_enterprise",
        "not_paid",
        "paid_only",
        "paid_teams_only",
        "plan_upgrade_required",
        "team_not_eligible",
        "upgrade_required",
    }
)
# The Audit Logs API says these to a workspace that belongs to no Enterprise organisation.
_NO_ORGANIZATION = frozenset({"invalid_workspace", "team_not_authorized"})
_DENIED = frozenset(
    {
        "access_denied",
        "accesslimited",
        "app_management_app_not_installed_on_org",
        "channel_not_found",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "missing_scope",
        "no_permission",
        "not_allowed",
        "not_an_admin",
        "not_authorized",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "team_access_not_granted",
        "team_not_authorized",
        "team_not_found",
        "two_factor_setup_required",
        "user_not_authorized",
    }
)
_LOST_PLACE = frozenset({"invalid_cursor", "over_pagination_limit"})
_LIMITED = frozenset({"ratelimited", "rate_limited"})
_OWN_FAULT = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"})

_OK = re.compile(rb'\s*\{\s*"ok"\s*:\s*true\s*[,}]')


def open_client(base_url: str, token: SecretStr, pace: Pace | None = None) -> Client:
    """A client for one workspace, or for the audit log of one organisation. In: the base URL (already judged, see
    tenants/hosts.py) and the token."""
    headers = {"Authorization": f"Bearer {token.get_secret_value()}", "User-Agent": f"kushim/{__version__}"}
    return Client(base_url, SLACK, lambda _: headers, [token], pace)


def audit_url(base_url: str) -> str:
    """The base of the Audit Logs API: another host than the Web API's at Slack itself (api.slack.com or
    api.slack-gov.com), beside /api anywhere else."""
    parts = urlsplit(base_url)
    if parts.hostname in ("slack.com", "slack-gov.com"):
        return f"https://api.{parts.hostname}/audit/v1"
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/api')}/audit/v1"


def error_code(answer: Answer) -> str:
    """The code of an error, as in `missing_scope`; empty where there is none."""
    if answer.status == 200 and _OK.match(answer.body):
        return ""
    return error_text(answer, "error")


def is_limited(answer: Answer) -> bool:
    """Whether the answer is a rate limit: 429, or its code in an answer that a proxy gave another status."""
    return answer.status == 429 or (answer.status < 500 and error_code(answer) in _LIMITED)


def _refusal(answer: Answer, call: Call) -> Unread | None:
    """What an `error` means. None for an answer that is to be taken, or that its status or its body explains."""
    code = error_code(answer)
    if not code:
        return _without_ok(answer, call)
    shown = f"Slack answered {code}" + (f" (status {answer.status})" if answer.status != 200 else "")
    needs = f"; it needs {call.needs}" if call.needs else ""
    if code in _NO_PLAN or (code in _NO_ORGANIZATION and call.operation == AUDIT):
        return Unread(Reason.DENIED, call.operation, f"{NOT_ON_PLAN}{shown}{needs}")
    if code in _BAD_TOKEN:
        return Unread(
            Reason.DENIED, call.operation, f"{shown}: the token is wrong, expired or revoked; put in a new one"
        )
    if code == "missing_scope":
        return Unread(Reason.DENIED, call.operation, f"{shown}: {_scopes(answer)}{needs}")
    if code in _WRONG_TOKEN:
        return Unread(Reason.DENIED, call.operation, f"{shown}: another kind of token is wanted{needs}")
    if code in _DENIED:
        hidden = ", which is also what it answers for what a token may not see" if code == "channel_not_found" else ""
        return Unread(Reason.DENIED, call.operation, f"{shown}{hidden}: the token may not read this{needs}")
    if code in _LOST_PLACE:
        return Unread(Reason.INCOMPLETE, call.operation, f"{shown}: the list cannot be read to its end")
    if code in _OWN_FAULT:
        return Unread(Reason.NOT_COLLECTED, call.operation, f"{shown} (its own fault)")
    if answer.status != 200:
        return None
    return Unread(Reason.NOT_COLLECTED, call.operation, f"{shown}: this is not how Slack answers this call")


def _without_ok(answer: Answer, call: Call) -> Unread | None:
    """A method of the Web API says `ok: true`, or its answer is none. The Audit Logs API does not say it."""
    if answer.status != 200 or call.operation == AUDIT or _OK.match(answer.body):
        return None
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None  # the strict decoding says what is wrong with it
    if isinstance(body, dict) and body.get("ok") is not True:
        return Unread(Reason.INCOMPLETE, call.operation, "the answer does not say ok")
    return None


def _scopes(answer: Answer) -> str:
    """What a missing scope is about, in Slack's words."""
    needed, provided = error_text(answer, "needed"), error_text(answer, "provided")
    if not needed or len(answer.body) > CAP_ERROR_BODY:
        return "the token lacks a scope"
    return f"the token lacks {needed}" + (f" (it has {provided})" if provided else "")


SLACK = Dialect(
    vendor="Slack",
    bucket=lambda call: call.operation,
    defaults={name: (calls, MINUTE) for name, calls in _TIERS.items()} | {"": (20, MINUTE)},
    is_limited=is_limited,
    unsaid_limit=30.0,
    said=error_code,
    refusal=_refusal,
)
