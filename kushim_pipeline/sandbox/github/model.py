"""What a stand-in GitHub contains, as plain data: organisations, and the tokens that may look at them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


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


@dataclass(frozen=True)
class BypassActor:
    """Who may bypass a ruleset, as the API names it (actor 5 of type RepositoryRole: repository administrators)."""

    actor_id: int = 5
    actor_type: str = "RepositoryRole"
    bypass_mode: str = "always"


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
class Repository:
    """A repository. `empty`: nothing was pushed yet, so its default branch does not exist."""

    name: str
    visibility: Literal["public", "private", "internal"] = "private"
    default_branch: str = "main"
    archived: bool = False
    empty: bool = False
    protection: Protection | None = None
    rulesets: tuple[Ruleset, ...] = ()


@dataclass(frozen=True)
class Organization:
    """An organisation."""

    login: str
    members: tuple[User, ...] = ()
    outside_collaborators: tuple[User, ...] = ()
    repositories: tuple[Repository, ...] = ()
    rulesets: tuple[Ruleset, ...] = ()
    two_factor_required: bool = True
    default_repository_permission: Literal["none", "read", "write", "admin"] = "read"


Lack = Literal["administration", "members"]


@dataclass(frozen=True)
class Token:
    """A token, and what GitHub lets it see. `owner`: whose it is, for the ledger.

    `role`: in the organisation `org`. `repositories`: the names that it was given, None means all of them. `lacks`:
    permissions that it was not given (administration, members), answered with 403.
    """

    value: str = field(repr=False)
    owner: str
    org: str
    role: Literal["owner", "member", "outsider"] = "owner"
    repositories: tuple[str, ...] | None = None
    lacks: tuple[Lack, ...] = ()


@dataclass(frozen=True)
class Description:
    """All that a stand-in knows. `rate_limit`: requests an hour that each token has."""

    organizations: tuple[Organization, ...] = ()
    tokens: tuple[Token, ...] = ()
    rate_limit: int = 5000
