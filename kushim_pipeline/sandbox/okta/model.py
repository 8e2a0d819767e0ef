"""What a stand-in Okta organisation contains, as plain data, and the tokens that may look at it.

Lists are sequences: one that makes its items when they are looked at (`Made`) keeps 5,000 people cheap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

BORN = "2024-01-17T20:14:26.000Z"
CHANGED = "2026-01-05T09:30:00.000Z"

Status = Literal[
    "STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"
]
PolicyType = Literal["PASSWORD", "OKTA_SIGN_ON", "MFA_ENROLL", "ACCESS_POLICY"]
IDENTITY_ENGINE_ONLY = ("ACCESS_POLICY",)


@dataclass(frozen=True)
class Factor:
    """A second factor of a user: `type` and `provider` as the API names them (push, webauthn, sms, signed_nonce …)."""

    type: str
    provider: str = "OKTA"
    status: Literal["ACTIVE", "PENDING_ACTIVATION", "INACTIVE"] = "ACTIVE"


@dataclass(frozen=True)
class Role:
    """A role given to a user, directly (USER) or by a group (GROUP)."""

    type: str
    assignment: Literal["USER", "GROUP"] = "USER"
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


@dataclass(frozen=True)
class User:
    """A person or a service account. The id begins with 00u."""

    id: str
    login: str
    first: str = "Ada"
    last: str = "Example"
    email: str = ""
    status: Status = "ACTIVE"
    created: str = BORN
    updated: str = CHANGED
    last_login: str | None = CHANGED
    factors: tuple[Factor, ...] = ()
    roles: tuple[Role, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A group. `updated` and `membership_updated`: when its profile and its members changed."""

    id: str
    name: str
    type: Literal["OKTA_GROUP", "BUILT_IN", "APP_GROUP"] = "OKTA_GROUP"
    description: str | None = None
    updated: str = CHANGED
    membership_updated: str = CHANGED


@dataclass(frozen=True)
class GroupRule:
    """A rule that puts users into groups."""

    id: str
    name: str
    expression: str
    group_ids: tuple[str, ...]
    status: Literal["ACTIVE", "INACTIVE", "INVALID"] = "ACTIVE"
    updated: str = CHANGED


@dataclass(frozen=True)
class Assignment:
    """A user's account in an application. `scope`: given to the user or by a group."""

    user_id: str
    username: str
    scope: Literal["USER", "GROUP"] = "USER"
    status: str = "ACTIVE"
    updated: str = CHANGED


@dataclass(frozen=True)
class App:
    """An application with its assignments. `access_policy`: the id of its authentication policy, if it has one."""

    id: str
    label: str
    sign_on: str = "SAML_2_0"
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    name: str = "template_saml_2_0"
    updated: str = CHANGED
    users: Sequence[Assignment] = ()
    group_ids: tuple[str, ...] = ()
    access_policy: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyRule:
    """A rule of a policy: `type` as the API names it (PASSWORD, SIGN_ON, MFA_ENROLL, ACCESS_POLICY)."""

    id: str
    name: str
    type: str
    actions: Mapping[str, Any]
    conditions: Mapping[str, Any] | None = None
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    priority: int = 1
    system: bool = False


@dataclass(frozen=True)
class Policy:
    """A policy with its rules."""

    id: str
    type: PolicyType
    name: str
    settings: Mapping[str, Any] | None = None
    conditions: Mapping[str, Any] | None = None
    rules: tuple[PolicyRule, ...] = ()
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    priority: int = 1
    system: bool = False


@dataclass(frozen=True)
class ApiToken:
    """The metadata of an API token."""

    id: str
    name: str
    user_id: str
    network: str = "ANYWHERE"
    created: str = BORN
    updated: str = CHANGED
    expires: str = "2026-12-31T00:00:00.000Z"


@dataclass(frozen=True)
class Authenticator:
    """An authenticator of the organisation: `key` and `type` as the API names them."""

    id: str
    key: str
    type: str
    name: str
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Zone:
    """A network zone."""

    id: str
    name: str
    gateways: tuple[str, ...] = ()
    usage: Literal["POLICY", "BLOCKLIST"] = "POLICY"
    system: bool = False
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


@dataclass(frozen=True)
class Event:
    """An event of the system log. `targets`: (type, id, display name)."""

    uuid: str
    published: str
    type: str
    actor: str
    targets: tuple[tuple[str, str, str], ...] = ()
    result: Literal["SUCCESS", "FAILURE"] = "SUCCESS"
    message: str = ""


@dataclass(frozen=True)
class Org:
    """An organisation. `classic`: Classic Engine, which has no authenticators and no authentication policies.
    `events` stand in the order of `published`."""

    subdomain: str
    company: str = "Acme"
    users: Sequence[User] = ()
    groups: Sequence[Group] = ()
    group_rules: tuple[GroupRule, ...] = ()
    apps: Sequence[App] = ()
    policies: tuple[Policy, ...] = ()
    api_tokens: tuple[ApiToken, ...] = ()
    authenticators: tuple[Authenticator, ...] = ()
    zones: tuple[Zone, ...] = ()
    events: Sequence[Event] = ()
    classic: bool = False


@dataclass(frozen=True)
class Token:
    """An API token (`kind` SSWS) or an OAuth 2.0 access token (Bearer), and what it may see.

    `lacks`: OAuth scopes, or the same reads by an administrator's role, that it was not given: 403 E0000006.
    `state`: a token that is not valid is answered with 401 E0000011.
    """

    value: str = field(repr=False)
    owner: str
    kind: Literal["SSWS", "Bearer"] = "SSWS"
    lacks: tuple[str, ...] = ()
    state: Literal["valid", "expired", "revoked"] = "valid"


WORKFORCE_LIMITS: Mapping[str, int] = {
    "/api/v1/users": 600,
    "/api/v1/groups": 500,
    "/api/v1/apps": 100,
    "/api/v1/logs": 120,
    "/api/v1": 1200,
}
"""Requests a minute of each bucket. Source: Okta, "Management rate limits", column Workforce identity."""


@dataclass(frozen=True)
class Description:
    """All that a stand-in knows. `limits`: requests a minute of each bucket; a call counts against the longest bucket
    that its path has (see `routes.bucket_of`)."""

    org: Org
    tokens: tuple[Token, ...] = ()
    limits: Mapping[str, int] = field(default_factory=lambda: WORKFORCE_LIMITS)
