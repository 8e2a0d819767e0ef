"""A workspace to read, and a way to read it without waiting."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.collect.before import Head, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.slack import streams
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt
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
from kushim_pipeline.sandbox.standin.paging import Made
from kushim_pipeline.tenants.connection import SlackConnection

# Built from parts, so that nobody takes them for tokens that leaked.
ADMIN = "xoxp-" + "1111-administratorsTokenThatMustNotBeKept"
MEMBER = "xoxp-" + "2222-membersTokenThatMustNotBeKept00000001"
BOT = "xoxb-" + "3333-botsTokenThatMustNotBeKept0000000000002"
ORG = "xoxp-" + "4444-organisationsTokenThatMustNotBeKept0003"
DEAD = "xoxp-" + "5555-revokedTokenThatMustNotBeKept000000004"

NOW = 1_767_700_000
DAY = 86_400
TEAM = "T0ACME001"
PEOPLE = 520
ADMINISTRATOR, SOMEBODY, HELPER = "U00000000", "U00000005", "UBOT00001"


def _members() -> Sequence[Member]:
    many = made_members(PEOPLE)
    return Made(PEOPLE + 1, lambda n: Member(HELPER, "helper", bot=True) if n == PEOPLE else many[n])


def _integration(n: int) -> IntegrationLog:
    return IntegrationLog(
        NOW - 600 * n, f"A{n % 40:07d}", f"App {n % 40}", ADMINISTRATOR, "added" if n % 2 else "updated"
    )


def _access(n: int) -> AccessLog:
    last = NOW - 4000 * n
    return AccessLog(f"U{n % PEOPLE:08d}", f"192.0.2.{n % 250}", f"Slack/{n}", last - 90, last, count=n % 9 + 1)


def _audit(n: int) -> AuditEvent:
    return AuditEvent(f"evt-{n:06d}", NOW - 2000 * n, "user_login", f"U{n % PEOPLE:08d}", entity=f"U{n % PEOPLE:08d}")


EVERYBODY = tuple(f"U{n:08d}" for n in range(PEOPLE) if n % 17 != 3)
ACME = Workspace(
    TEAM,
    "Acme Inc.",
    "acme",
    plan="enterprise",
    enterprise="E0ACME001",
    members=_members(),
    channels=(
        Channel("C00000001", "general", EVERYBODY, general=True),
        Channel(
            "C00000002",
            "security",
            EVERYBODY[:50],
            messages=(
                Message("1767600200.000100", SOMEBODY, subtype="channel_join"),
                Message("1767600100.000100", ADMINISTRATOR, "Please update your laptops"),
            ),
        ),
        Channel("C00000003", "silent", (ADMINISTRATOR,)),
        Channel("C00000004", "with-globex", (SOMEBODY,), ext_shared=True, connected=("T0GLOBEX1",)),
        Channel("C00000005", "old", (), archived=True),
        Channel("C00000006", "secret-seen", (ADMINISTRATOR,), private=True),
        Channel("C00000007", "secret-unseen", (SOMEBODY,), private=True),
    ),
    external_teams=(ExternalTeam("T0GLOBEX1", "Globex", "globex"), ExternalTeam("T0INITECH", "Initech", "initech")),
    apps=(
        App("A0000001", "Kushim", ("admin.apps:read",)),
        App("A0000002", "Calendar"),
        App("A0000003", "No", restricted=True),
    ),
    integration_logs=Made(1_030, _integration),
    access_logs=Made(1_020, _access),
    audit_events=Made(1_010, _audit),
)
TOKENS = (
    Token(ADMIN, TEAM, ADMINISTRATOR),
    Token(ORG, TEAM, ADMINISTRATOR, org=True),
    Token(MEMBER, TEAM, SOMEBODY, ("channels:read", "groups:read", "team:read", "users:read", "admin"), admin=False),
    Token(BOT, TEAM, HELPER, ("channels:read", "channels:history", "team:read", "users:read"), kind="bot", admin=False),
    Token(DEAD, TEAM, ADMINISTRATOR, state="revoked"),
)
FAST = (10_000, 10_000, 10_000, 10_000)
COMPANY = Description((ACME,), TOKENS, FAST)
ANNOUNCED = ("#security", "silent", "C00000001")


@dataclass
class Clock:
    """A clock that runs only when somebody waits. `asked` are the seconds of every wait."""

    time: float = NOW
    asked: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.time += seconds

    @property
    def works(self) -> Clockwork:
        return Clockwork(self.wait, lambda: self.time, lambda: 0.0)


@dataclass(frozen=True)
class Found:
    """What a collection left behind: receipts by stream, and the folder of its evidence."""

    receipts: Mapping[str, Receipt]
    store: FileStore

    def outcome(self, stream: str) -> Outcome:
        return self.receipts[stream].outcome

    def reasons(self, stream: str) -> set[Reason]:
        return {error.reason for error in self.receipts[stream].errors}

    def said(self, stream: str) -> str:
        return "\n".join(error.message for error in self.receipts[stream].errors)

    def records(self, stream: str) -> dict[str, Any]:
        receipt = self.receipts[stream]
        digests = [digest for digest in (receipt.records_sha256, *receipt.records_more) if digest]
        lines = [json.loads(line) for digest in digests for line in self.store.get("t", digest).splitlines()]
        return {line["id"]: line["body"] for line in lines}

    def unread(self, stream: str) -> dict[str | None, Reason]:
        return {error.resource_id: error.reason for error in self.receipts[stream].errors}

    def contents(self) -> dict[str, tuple[Outcome, str]]:
        """What every stream came to, comparable between two collections."""
        return {name: (receipt.outcome, receipt.contents_sha256) for name, receipt in self.receipts.items()}


def collect(
    url: str,
    root: Path,
    *,
    token: str = ADMIN,
    audit_token: str | None = ORG,
    only: Sequence[str] = (),
    announced: Sequence[str] = ANNOUNCED,
    workspace: str | None = None,
    after: Found | None = None,
    clock: Clock | None = None,
    patience: Patience | None = None,
    limits: Limits | None = None,
    sample: bool = False,
) -> Found:
    """Read the streams (`only` these, or all) of a workspace, `after` an earlier reading of the same."""
    connection = SlackConnection(
        source="slack",
        token="env:T",  # type: ignore[arg-type]
        audit_token="env:A" if audit_token else None,  # type: ignore[arg-type]
        base_url=f"{url}/api/",
        announcement_channels=tuple(announced),
        workspace=workspace,
    )
    secrets = {"token": SecretStr(token)} | ({"audit_token": SecretStr(audit_token)} if audit_token else {})
    store = FileStore(root)
    collections: dict[Unit, Collection] = {}
    receipts: dict[str, Receipt] = {}

    def open_collection(unit: Unit) -> Collection:
        earlier = after.receipts[unit.stream] if after else None
        head = Head(write_receipt(store, earlier), earlier.population) if earlier and earlier.lists_all else Head()
        collections[unit] = Collection(
            unit,
            store,
            code_version="test",
            mask=masking(secrets.values()),
            head=head,
            before=partial(load_before, store, "t", head),
        )
        return collections[unit]

    def finish(unit: Unit) -> None:
        receipts[unit.stream] = collections[unit].finish()

    wanted = [unit for unit in streams.units("t", connection) if not only or unit.stream in only]
    pace = Pace(
        patience=patience or Patience(),
        limits=limits or Limits(),
        clockwork=(clock or Clock()).works,
        sample=sample,
        share=1.0 if clock is None else 0.5,
    )
    streams.collect(connection, secrets, wanted, open_collection, finish, pace)
    assert sorted(receipts) == sorted(unit.stream for unit in wanted)
    return Found(receipts, store)
