"""What a stand-in GitHub found and wrote down, and who may come in, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kushim_pipeline.sandbox.github.model_work import BORN, CHANGED


@dataclass(frozen=True)
class DependabotAlert:
    """A Dependabot alert."""

    number: int
    package: str = "requests"
    ecosystem: str = "pip"
    severity: Literal["low", "medium", "high", "critical"] = "high"
    state: Literal["auto_dismissed", "dismissed", "fixed", "open"] = "open"
    created_at: str = CHANGED
    fixed_at: str | None = None
    dismissed_at: str | None = None
    dismissed_reason: str | None = None
    patched: str | None = "2.32.0"


@dataclass(frozen=True)
class CodeAlert:
    """A code scanning alert. `severity`: the rule's security severity, None for a rule that is not about security."""

    number: int
    rule: str = "py/sql-injection"
    severity: Literal["low", "medium", "high", "critical"] | None = "high"
    state: Literal["open", "dismissed", "fixed"] = "open"
    tool: str = "CodeQL"
    created_at: str = CHANGED
    fixed_at: str | None = None
    dismissed_at: str | None = None
    dismissed_reason: str | None = None


@dataclass(frozen=True)
class SecretAlert:
    """A secret scanning alert. `secret`: what was found, shown to who does not ask to hide it."""

    number: int
    kind: str = "github_personal_access_token"
    state: Literal["open", "resolved"] = "open"
    resolution: str | None = None
    created_at: str = CHANGED
    resolved_at: str | None = None
    validity: Literal["active", "inactive", "unknown"] = "unknown"
    bypassed: bool = False
    secret: str = "planted-secret"  # noqa: S105 # planted


@dataclass(frozen=True)
class CodeAnalysis:
    """One run of code scanning. `error`: why it failed."""

    id: int
    created_at: str = CHANGED
    tool: str = "CodeQL"
    ref: str = ""  # the default branch
    commit: str = ""  # its head
    error: str = ""
    results: int = 0
    rules: int = 67


@dataclass(frozen=True)
class Installation:
    """A GitHub App that is installed. `permissions`: name -> read, write or admin."""

    id: int
    app: str
    permissions: Mapping[str, str] = field(default_factory=lambda: {"metadata": "read"})
    selection: Literal["all", "selected"] = "selected"
    events: tuple[str, ...] = ()
    suspended_at: str | None = None
    updated_at: str = CHANGED


@dataclass(frozen=True)
class TokenGrant:
    """A fine-grained personal access token that may reach the organisation."""

    id: int
    login: str
    name: str = "automation"
    permissions: Mapping[str, str] = field(default_factory=lambda: {"contents": "read"})
    selection: Literal["none", "all", "subset"] = "all"
    granted_at: str = BORN
    expires_at: str | None = None
    last_used_at: str | None = CHANGED


@dataclass(frozen=True)
class AuditEvent:
    """An entry of the audit log. `at`: milliseconds since 1970. `more`: what this action says beside the usual."""

    id: str
    at: int
    action: str
    actor: str
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """Who somebody is at the identity provider. `login` "": linked to no account."""

    guid: str
    name_id: str
    login: str = ""
    emails: tuple[str, ...] = ()
    scim: str = ""


@dataclass(frozen=True)
class IdentityProvider:
    """An organisation's SAML identity provider, and who is linked to it."""

    sso_url: str = "https://idp.test/sso/saml"
    issuer: str = "https://idp.test/issuer"
    identities: Sequence[Identity] = ()
