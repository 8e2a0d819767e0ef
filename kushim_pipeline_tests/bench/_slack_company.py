"""A Slack workspace of 5,000 members with its logs, and the same one a day later."""

import time
from collections.abc import Mapping
from dataclasses import replace

from kushim_pipeline.sandbox.slack.model import (
    AccessLog,
    App,
    AuditEvent,
    Channel,
    Description,
    ExternalTeam,
    IntegrationLog,
    Member,
    Message,
    Token,
    Workspace,
    made_members,
)
from kushim_pipeline.sandbox.slack.vendor import SlackVendor
from kushim_pipeline.sandbox.standin.paging import Made
from kushim_pipeline.tenants.connection import Connection, SlackConnection

PEOPLE = 5_000
CALLS = 200
# Built from parts, so that nobody takes it for a token that leaked.
SECRETS = {"token": "xoxp-" + "1111-administratorsTokenThatMustNotBeKept"}
BASE_PATH = ""
AGAIN_IS_LIMITED = False  # Slack has no lists of what changed
_NOW = int(time.time())


class Slack(SlackVendor):
    """The vendor, which can become another."""

    def become(self, description: Description) -> None:
        """Contain something else from the next request on."""
        SlackVendor.__init__(self, description)


def vendor() -> Slack:
    """The stand-in, as it is first."""
    return Slack(_described())


def pass_a_day(slack: Slack) -> None:
    """One in a hundred members changes."""
    slack.become(_described(changed=True))


def connection(url: str) -> Connection:
    """How it is connected to."""
    return SlackConnection.model_validate(
        {"source": "slack", "token": "env:TOKEN", "base_url": f"{url}/api/", "announcement_channels": ["security"]}
    )


def settings() -> Mapping[str, str]:
    """The headers that a bare loop needs, too."""
    return {"Authorization": f"Bearer {SECRETS['token']}"}


def _described(*, changed: bool = False) -> Description:
    many = made_members(PEOPLE)

    def member(n: int) -> Member:
        found: Member = many[n]
        return replace(found, updated=_NOW, two_factor=not found.two_factor) if changed and n % 100 == 50 else found

    def access(n: int) -> AccessLog:
        last = _NOW - 3_900 * n - 60
        return AccessLog(f"U{n % PEOPLE:08d}", f"192.0.2.{n % 250}", f"Slack/{n}", last - 90, last, count=n % 9 + 1)

    everybody = tuple(many[n].id for n in range(PEOPLE) if not many[n].deleted)
    message = Message(f"{_NOW - 900}.000100", "U00000000", "Please update your laptops")
    workspace = Workspace(
        "T0ACME001",
        "Acme Inc.",
        "acme",
        plan="enterprise",
        enterprise="E0ACME001",
        members=Made(PEOPLE, member),
        channels=(
            Channel("C00000001", "general", everybody, general=True),
            Channel("C00000002", "security", everybody, messages=(message,)),
            *(Channel(f"C{n:08d}", f"team-{n}", everybody[n : n + 20]) for n in range(3, 800)),
        ),
        external_teams=(ExternalTeam("T0GLOBEX1", "Globex", "globex"),),
        apps=tuple(App(f"A{n:07d}", f"App {n}") for n in range(120)),
        integration_logs=Made(
            900, lambda n: IntegrationLog(_NOW - 6_000 * n, f"A{n % 40:07d}", f"App {n % 40}", "U00000000")
        ),
        access_logs=Made(1_900, access),
        audit_events=Made(2_000, lambda n: AuditEvent(f"evt-{n:06d}", _NOW - 1_200 * n, "user_login", "U00000005")),
    )
    return Description((workspace,), (Token(SECRETS["token"], "T0ACME001", "U00000000", org=True),), (10**6,) * 4)
