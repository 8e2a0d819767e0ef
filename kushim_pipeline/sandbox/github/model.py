"""What a stand-in GitHub contains, as plain data: organisations, and the tokens that may look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kushim_pipeline.sandbox.github.model_security import AuditEvent as AuditEvent
from kushim_pipeline.sandbox.github.model_security import CodeAlert as CodeAlert
from kushim_pipeline.sandbox.github.model_security import CodeAnalysis as CodeAnalysis
from kushim_pipeline.sandbox.github.model_security import DependabotAlert as DependabotAlert
from kushim_pipeline.sandbox.github.model_security import Identity as Identity
from kushim_pipeline.sandbox.github.model_security import IdentityProvider as IdentityProvider
from kushim_pipeline.sandbox.github.model_security import Installation as Installation
from kushim_pipeline.sandbox.github.model_security import SecretAlert as SecretAlert
from kushim_pipeline.sandbox.github.model_security import TokenGrant as TokenGrant
from kushim_pipeline.sandbox.github.model_work import BORN as BORN
from kushim_pipeline.sandbox.github.model_work import CHANGED as CHANGED
from kushim_pipeline.sandbox.github.model_work import Check as Check
from kushim_pipeline.sandbox.github.model_work import Commit as Commit
from kushim_pipeline.sandbox.github.model_work import DeployKey as DeployKey
from kushim_pipeline.sandbox.github.model_work import PullRequest as PullRequest
from kushim_pipeline.sandbox.github.model_work import Review as Review
from kushim_pipeline.sandbox.github.model_work import Signature as Signature


@dataclass(frozen=True)
class User:
    """A person. As a member, `owner` makes an owner of the organisation (role admin)."""

    login: str
    owner: bool = False
    two_factor: bool = True


@dataclass(frozen=True)
class Protection:
    """Classic protection of a default branch. `reviews` None: changes need no pull request."""

    reviews: int | None = 1
    dismiss_stale: bool = True
    code_owners: bool = False
    last_push_approval: bool = False
    enforce_admins: bool = True
    checks: tuple[str, ...] = ()
    strict_checks: bool = True
    force_pushes: bool = False
    deletions: bool = False
    linear_history: bool = False
    signatures: bool = False
    conversation_resolution: bool = False
    lock_branch: bool = False
    bypass: tuple["BypassActor", ...] = ()  # who needs no pull request: User (its login as `name`), Team, Integration


@dataclass(frozen=True)
class BypassActor:
    """Who may bypass a ruleset, as the API names it (actor 5 of type RepositoryRole: repository administrators).
    `name`: the slug of a team or an app, the login of a user."""

    actor_id: int = 5
    actor_type: str = "RepositoryRole"
    bypass_mode: str = "always"
    name: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule of a ruleset: `type` as the API names it (pull_request, deletion, non_fast_forward …)."""

    type: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ruleset:
    """A ruleset on default branches. Of an organisation: `repositories` are the names it applies to, none means all."""

    id: int
    name: str
    rules: tuple[Rule, ...]
    bypass_actors: tuple[BypassActor, ...] = ()
    enforcement: Literal["active", "evaluate", "disabled"] = "active"
    repositories: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActionsPolicy:
    """How GitHub Actions may be used. `enabled`: in a repository; an organisation says of which repositories."""

    enabled: bool = True
    enabled_repositories: Literal["all", "none", "selected"] = "all"
    allowed: Literal["all", "local_only", "selected"] = "selected"
    sha_pinning: bool = False
    default_permissions: Literal["read", "write"] = "read"
    can_approve: bool = False


@dataclass(frozen=True)
class Repository:
    """A repository. `empty`: nothing was pushed yet, so its default branch does not exist.

    `commits`: the default branch's history, newest first; without any, each merged pull request left one. `files`: on
    the default branch, path -> content; bytes are binary. `pull_requests` and `commits` may be lists that are made when
    looked at. `code_security`, `secret_scanning`, `vulnerability_alerts`: whether the feature is on; its alerts show
    only then.
    """

    name: str
    visibility: Literal["public", "private", "internal"] = "private"
    default_branch: str = "main"
    archived: bool = False
    empty: bool = False
    protection: Protection | None = None
    rulesets: tuple[Ruleset, ...] = ()
    fork: bool = False
    created_at: str = BORN
    pushed_at: str | None = CHANGED
    updated_at: str = CHANGED
    pull_requests: Sequence[PullRequest] = ()
    commits: Sequence[Commit] = ()
    deploy_keys: tuple[DeployKey, ...] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    actions: ActionsPolicy = ActionsPolicy()
    vulnerability_alerts: bool = True
    code_security: bool = True
    secret_scanning: bool = True
    push_protection: bool = True
    security_updates: bool = True
    dependabot_alerts: tuple[DependabotAlert, ...] = ()
    code_alerts: tuple[CodeAlert, ...] = ()
    secret_alerts: tuple[SecretAlert, ...] = ()
    analyses: tuple[CodeAnalysis, ...] = ()


@dataclass(frozen=True)
class Team:
    """A team: logins of its members, some of them maintainers. `parent`: the slug of the team that it is part of."""

    slug: str
    members: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    parent: str = ""
    secret: bool = False


@dataclass(frozen=True)
class Organization:
    """An organisation. `plan`: what it pays for; the audit log's API comes with `enterprise`. `audit_log`: oldest
    first."""

    login: str
    members: tuple[User, ...] = ()
    outside_collaborators: tuple[User, ...] = ()
    repositories: tuple[Repository, ...] = ()
    rulesets: tuple[Ruleset, ...] = ()
    two_factor_required: bool = True
    default_repository_permission: Literal["none", "read", "write", "admin"] = "read"
    plan: Literal["free", "team", "enterprise"] = "team"
    teams: tuple[Team, ...] = ()
    saml: IdentityProvider | None = None
    actions: ActionsPolicy = ActionsPolicy()
    installations: tuple[Installation, ...] = ()
    token_grants: tuple[TokenGrant, ...] = ()
    audit_log: Sequence[AuditEvent] = ()


Lack = Literal["administration", "checks", "members", "security"]


@dataclass(frozen=True)
class Token:
    """A token, and what GitHub lets it see. `owner`: whose it is, for the ledger.

    `role`: in the organisation `org`. `repositories`: the names that it was given, None means all of them. `lacks`:
    permissions that it was not given, answered with 403 (security: alerts and analyses; checks: GraphQL's check runs).
    `app`: it is an installation's of a GitHub App.
    """

    value: str = field(repr=False)
    owner: str
    org: str
    role: Literal["owner", "member", "outsider"] = "owner"
    repositories: tuple[str, ...] | None = None
    lacks: tuple[Lack, ...] = ()
    app: bool = False


@dataclass(frozen=True)
class Description:
    """All that a stand-in knows. Each token has `rate_limit` requests and `points` of GraphQL an hour."""

    organizations: tuple[Organization, ...] = ()
    tokens: tuple[Token, ...] = ()
    rate_limit: int = 5000
    points: int = 5000
