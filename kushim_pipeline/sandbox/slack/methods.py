"""What a method takes and how often: its scopes, its tier, and the plan that has it."""

from dataclasses import dataclass
from typing import Literal

from kushim_pipeline.sandbox.slack.model import Scope, Token, Workspace
from kushim_pipeline.sandbox.slack.shapes import error
from kushim_pipeline.sandbox.standin.vendor import Reply


@dataclass(frozen=True)
class Method:
    """`tier`: Slack's rate limit tier. `scopes`: all of them are needed. `plan`: what the workspace must have paid for,
    and `unpaid` the error where it has not. `user_token`, `org_token`: which tokens may call it."""

    tier: int
    scopes: tuple[Scope, ...] = ()
    plan: Literal["any", "paid", "enterprise"] = "any"
    unpaid: str = ""
    user_token: bool = False
    org_token: bool = False


METHODS: dict[str, Method] = {
    "auth.test": Method(4),
    "team.info": Method(3, ("team:read",)),
    "users.list": Method(2, ("users:read",)),
    "users.conversations": Method(3, ("channels:read",)),
    "conversations.list": Method(2, ("channels:read",)),
    "conversations.info": Method(3, ("channels:read",)),
    "conversations.members": Method(4, ("channels:read",)),
    "conversations.history": Method(3, ("channels:history",)),
    "team.billableInfo": Method(2, ("admin",), user_token=True),
    "team.integrationLogs": Method(2, ("admin",), "paid", "paid_teams_only", user_token=True),
    "team.accessLogs": Method(2, ("admin",), "paid", "paid_only", user_token=True),
    "team.externalTeams.list": Method(
        2, ("conversations.connect:manage", "team:read"), "enterprise", "team_not_eligible"
    ),
    "admin.apps.approved.list": Method(
        2, ("admin.apps:read",), "enterprise", "feature_not_enabled", user_token=True, org_token=True
    ),
    "admin.apps.restricted.list": Method(
        2, ("admin.apps:read",), "enterprise", "feature_not_enabled", user_token=True, org_token=True
    ),
}
AUDIT = Method(3, ("auditlogs:read",), "enterprise", "feature_not_enabled", user_token=True, org_token=True)


def refusal(method: Method, workspace: Workspace, token: Token) -> str:
    """The error with which Slack refuses a method to a token; empty where it does not."""
    if token.state != "active":
        return {"revoked": "token_revoked", "expired": "token_expired", "inactive": "account_inactive"}[token.state]
    if method.user_token and token.kind != "user":
        return "not_allowed_token_type"
    if method.plan == "enterprise" and not workspace.is_enterprise:
        return method.unpaid
    if not set(method.scopes) <= set(token.scopes):
        return "missing_scope"
    if method.org_token and not token.org:
        return "not_allowed_token_type"
    if method.user_token and not token.admin:
        return "not_an_admin" if method.plan == "enterprise" else "not_allowed"
    if method.plan == "paid" and not workspace.is_paid:
        return method.unpaid
    return ""


def refused(code: str, method: Method, token: Token) -> Reply:
    """A refusal as Slack writes it: status 200, and for a missing scope what is needed and what the token has."""
    if code != "missing_scope":
        return Reply(body=error(code))
    needed = ",".join(scope for scope in method.scopes if scope not in token.scopes)
    return Reply(body=error(code, needed=needed, provided=",".join(token.scopes)))
