"""What a stand-in Slack contains, as plain data: workspaces, and the tokens that may look at them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kushim_pipeline.sandbox.standin.paging import Made

Plan = Literal["free", "pro", "business", "enterprise"]


@dataclass(frozen=True)
class Member:
    """A member of a workspace. `restricted`: a guest (`ultra_restricted`: of one channel only). `deleted`: deactivated.
    `two_factor`: what administrators are shown as has_2fa."""

    id: str
    name: str
    email: str = ""
    deleted: bool = False
    owner: bool = False
    primary_owner: bool = False
    admin: bool = False
    restricted: bool = False
    ultra_restricted: bool = False
    bot: bool = False
    two_factor: bool = True
    invited: bool = False
    guest_until: int = 0
    updated: int = 1_767_600_000


@dataclass(frozen=True)
class Message:
    """A message. `ts` as Slack writes it: seconds with six places. `subtype`: channel_join and the like."""

    ts: str
    user: str
    text: str = ""
    subtype: str = ""


@dataclass(frozen=True)
class Channel:
    """A channel. `members`: their ids; a private one is seen by them alone. `connected`: the other organisations in
    it. `messages`: newest first."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    private: bool = False
    archived: bool = False
    general: bool = False
    ext_shared: bool = False
    org_shared: bool = False
    connected: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    created: int = 1_700_000_000


@dataclass(frozen=True)
class ExternalTeam:
    """An organisation that is connected by Slack Connect."""

    id: str
    name: str
    domain: str
    status: Literal["CONNECTED", "DISCONNECTED", "BLOCKED", "IN_REVIEW"] = "CONNECTED"
    last_active: int = 1_767_500_000


@dataclass(frozen=True)
class App:
    """An app, approved for the organisation or restricted."""

    id: str
    name: str
    scopes: tuple[str, ...] = ()
    restricted: bool = False
    directory_approved: bool = True
    updated: int = 1_750_000_000


@dataclass(frozen=True)
class IntegrationLog:
    """A change to an integration. `service`: an old-style integration, which has service_id instead of app_id."""

    date: int
    app_id: str
    app_name: str
    user: str
    change_type: str = "added"
    scope: str = ""
    service: bool = False
    reason: str = ""
    channel: str = ""
    user_name: str = ""


@dataclass(frozen=True)
class AccessLog:
    """What one member did from one address with one program, summed up."""

    user: str
    ip: str
    user_agent: str
    first: int
    last: int
    count: int = 1
    country: str = "US"
    region: str = "CA"
    user_name: str = ""


@dataclass(frozen=True)
class AuditEvent:
    """An entry of the audit log of an Enterprise organisation."""

    id: str
    date: int
    action: str
    actor: str
    entity_type: str = "user"
    entity: str = ""
    ip: str = "192.0.2.10"


@dataclass(frozen=True)
class Workspace:
    """A workspace. Its logs are held newest first. `members` may be made when somebody looks at them."""

    id: str
    name: str
    domain: str
    plan: Plan = "business"
    enterprise: str = ""
    members: Sequence[Member] = ()
    channels: tuple[Channel, ...] = ()
    external_teams: tuple[ExternalTeam, ...] = ()
    apps: tuple[App, ...] = ()
    integration_logs: Sequence[IntegrationLog] = ()
    access_logs: Sequence[AccessLog] = ()
    audit_events: Sequence[AuditEvent] = ()

    @property
    def is_paid(self) -> bool:
        """Whether logs of integrations and accesses are part of its plan."""
        return self.plan != "free"

    @property
    def is_enterprise(self) -> bool:
        """Whether the methods of an organisation are part of its plan."""
        return self.plan == "enterprise"


Scope = Literal[
    "admin",
    "admin.apps:read",
    "auditlogs:read",
    "channels:history",
    "channels:read",
    "conversations.connect:manage",
    "groups:history",
    "groups:read",
    "team:read",
    "users:read",
    "users:read.email",
]

ALL_SCOPES: tuple[Scope, ...] = (
    "admin",
    "admin.apps:read",
    "auditlogs:read",
    "channels:history",
    "channels:read",
    "conversations.connect:manage",
    "groups:history",
    "groups:read",
    "team:read",
    "users:read",
    "users:read.email",
)


@dataclass(frozen=True)
class Token:
    """A token, and what Slack lets it see. `user`: whose it is (a member's id); a bot's shows as its kind.

    `org`: it was issued by an installation on the whole organisation. `admin`: its user administers the workspace.
    """

    value: str = field(repr=False)
    team: str
    user: str
    scopes: tuple[Scope, ...] = ALL_SCOPES
    kind: Literal["user", "bot"] = "user"
    admin: bool = True
    org: bool = False
    state: Literal["active", "revoked", "expired", "inactive"] = "active"


@dataclass(frozen=True)
class Description:
    """All that a stand-in knows. `tiers`: calls a minute of Slack's rate limit tiers 1 to 4, for each method."""

    workspaces: tuple[Workspace, ...] = ()
    tokens: tuple[Token, ...] = ()
    tiers: tuple[int, int, int, int] = (1, 20, 50, 100)


def made_members(count: int, prefix: str = "U") -> Made:
    """As many members as a large workspace has, each made when somebody looks at it."""

    def member(n: int) -> Any:
        return Member(
            f"{prefix}{n:08d}",
            f"member-{n:05d}",
            f"member-{n:05d}@acme.test",
            deleted=n % 17 == 3,
            primary_owner=n == 0,
            owner=n < 2,
            admin=n < 5,
            restricted=n % 23 == 7,
            two_factor=n % 50 != 9,
        )

    return Made(count, member)
