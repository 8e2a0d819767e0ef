"""A site to read, and a way to read it without waiting."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.collect.before import Head, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.jira import streams
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.sandbox.jira import shapes
from kushim_pipeline.sandbox.jira.jql import issue_id
from kushim_pipeline.sandbox.jira.model import (
    AuditRecord,
    Change,
    Group,
    Issue,
    Person,
    Project,
    Site,
    Token,
    Workflow,
)
from kushim_pipeline.sandbox.standin.paging import Made
from kushim_pipeline.tenants.connection import JiraConnection

HOST = "acme.atlassian.net"
ADMIN, READER, PARTLY, BLIND = (f"{name}@acme.test" for name in ("admin", "reader", "partly", "blind"))
SECRETS = {email: f"ATATT3x{n}-theTokenThatMustNotBeKept-{n}" for n, email in enumerate((ADMIN, READER, PARTLY, BLIND))}
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
PEOPLE, MANY = 60, 1_030
PAGE = 20  # issues
FLOW = ("To Do", "In Progress", "In Review", "Done")


def person(n: int) -> Person:
    groups = ("jira-users", *(("jira-admins-acme",) if n < 2 else ()), *(("org-admins",) if n == 2 else ()))
    return Person(f"5b10{n:05d}", f"Person {n}", f"person-{n}@acme.test", active=n % 40 != 7, groups=groups)


def moved(at: datetime, old: str, new: str, author: str) -> Change:
    return Change(at, author, "status", (shapes.STATUSES[old][0], old), (shapes.STATUSES[new][0], new))


def issue(n: int, **others: Any) -> Issue:
    """Issue number n + 1: most went through the whole flow, some were only made, some only talked about."""
    made = START + timedelta(minutes=31 * n)
    author = person(n % 50).account_id
    if n % 5 == 4:
        said = (made + timedelta(hours=2),) if n % 10 == 9 else ()
        found = Issue(n + 1, f"Task {n}", created=made, updated=max([made, *said]), reporter=author, comments=said)
    else:
        steps = [moved(made + timedelta(hours=k + 1), FLOW[k], FLOW[k + 1], author) for k in range(3)]
        renamed = Change(made + timedelta(minutes=90), author, "summary", (None, "Old"), (None, f"Task {n}"))
        changes = tuple(sorted([*steps, renamed], key=lambda change: change.at))
        end = changes[-1].at
        found = Issue(
            n + 1,
            f"Task {n}",
            "Change" if n % 3 else "Incident",
            "Done",
            author,
            person(3).account_id,
            made,
            end,
            end,
            changes=changes,
        )
    return Issue(**{**found.__dict__, **others})


def event(n: int) -> AuditRecord:
    return AuditRecord(n + 1, START + timedelta(minutes=n), f"Event {n}", author=person(0).account_id)


ROLES = {
    "Administrators": (person(0).account_id, "group:jira-admins-acme"),
    "Leads": (person(4).account_id,),
    "Users": ("group:jira-users",),
}
OPS, SEC, EMPTY, TEAM = (
    Project("OPS", "Operations", 10_001, Made(50, issue), person(0).account_id, roles=ROLES),
    Project(
        "SEC",
        "Security",
        10_002,
        tuple(issue(n, level="Confidential" if n % 4 == 0 else "") for n in range(30)),
        roles=ROLES,
    ),
    Project("RISK", "Risks", 10_003, kind="business", roles=ROLES),
    Project(
        "TEAM",
        "Team",
        10_004,
        (issue(0),),
        team_managed=True,
        roles={"Administrator": (person(5).account_id,), "M": ()},
    ),
)
ACME = Site(
    HOST,
    people=Made(PEOPLE, person),
    groups=(
        Group("jira-users", "user"),
        Group("jira-admins-acme", "admin"),
        Group("org-admins", "site-admin"),
        Group("readers"),
    ),
    projects=(OPS, SEC, EMPTY, TEAM),
    workflows=(
        Workflow("jira", (("Start", ("To Do",), "In Progress"), ("Finish", (), "Done"))),
        Workflow("Change", (("Start", ("To Do",), "In Review"), ("Approve", ("In Review",), "Approved"))),
    ),
    audit=Made(40, event),
    tokens=(
        Token(ADMIN, SECRETS[ADMIN], person(0).account_id, levels=("Confidential",)),
        Token(READER, SECRETS[READER], person(6).account_id, ("ADMINISTER",)),
        Token(PARTLY, SECRETS[PARTLY], person(8).account_id, ("ADMINISTER",), projects=("OPS",)),
        Token(BLIND, SECRETS[BLIND], person(9).account_id, ("ADMINISTER", "BROWSE_PROJECTS", "USER_PICKER")),
    ),
    page=PAGE,
    zone="Asia/Kolkata",
    project_admins=("Administrators", "Leads"),
)
BIG = replace(ACME, people=Made(MANY, person), audit=Made(MANY, event))
KEYS = {f"{project.key}-{each.number}" for project in ACME.projects for each in project.issues}


@dataclass
class Clock:
    """A clock that runs only when somebody waits. `asked` are the seconds of every wait."""

    time: datetime = NOW
    asked: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.time += timedelta(seconds=seconds)

    @property
    def works(self) -> Clockwork:
        return Clockwork(self.wait, lambda: self.time.timestamp(), lambda: 0.0)


@dataclass(frozen=True)
class Found:
    """What a collection left behind: receipts by stream, the folder of its evidence, and what it was built on."""

    receipts: Mapping[str, Receipt]
    store: FileStore
    after: "Found | None" = None

    def outcome(self, stream: str) -> Outcome:
        return self.receipts[stream].outcome

    def reasons(self, stream: str) -> set[Reason]:
        return {error.reason for error in self.receipts[stream].errors}

    def said(self, stream: str) -> str:
        return "\n".join(error.message for error in self.receipts[stream].errors)

    def records(self, stream: str) -> dict[str, Any]:
        """What was read in this run."""
        receipt = self.receipts[stream]
        digests = [digest for digest in (receipt.records_sha256, *receipt.records_more) if digest]
        lines = [json.loads(line) for digest in digests for line in self.store.get("t", digest).splitlines()]
        return {line["id"]: line["body"] for line in lines}

    def standing(self, stream: str) -> dict[str, Any]:
        """What is there after this run, what stands from earlier ones included."""
        receipt = self.receipts[stream]
        if receipt.base is None or self.after is None:
            return self.records(stream)
        earlier = self.after.standing(stream)
        return {name: body for name, body in earlier.items() if name not in receipt.gone} | self.records(stream)

    def unread(self, stream: str) -> dict[str | None, Reason]:
        return {error.resource_id: error.reason for error in self.receipts[stream].errors}

    def contents(self) -> dict[str, tuple[Outcome, str]]:
        """What every stream came to, comparable between two collections."""
        return {name: (receipt.outcome, receipt.contents_sha256) for name, receipt in self.receipts.items()}


def collect(
    url: str,
    root: Path,
    *,
    email: str = ADMIN,
    token: str | None = None,
    only: Sequence[str] = (),
    projects: Sequence[str] = (),
    after: Found | None = None,
    clock: Clock | None = None,
    patience: Patience | None = None,
    limits: Limits | None = None,
    sample: bool = False,
) -> Found:
    """Read the streams (`only` these, or all) of a site, `after` an earlier reading of the same."""
    connection = JiraConnection(
        source="jira",
        base_url=url,
        email=email,
        token="env:T",  # type: ignore[arg-type]
        projects=tuple(projects),
    )
    secrets = {"token": SecretStr(token or SECRETS[email])}
    store = FileStore(root)
    collections: dict[Unit, Collection] = {}
    receipts: dict[str, Receipt] = {}

    def open_collection(unit: Unit) -> Collection:
        earlier = after.receipts.get(unit.stream) if after else None
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
        share=1.0,
        patience=patience or Patience(),
        limits=limits or Limits(),
        clockwork=(clock or Clock()).works,
        sample=sample,
    )
    streams.collect(connection, secrets, wanted, open_collection, finish, pace)
    assert sorted(receipts) == sorted(unit.stream for unit in wanted)
    return Found(receipts, store, after)


def number(project: Project, n: int) -> str:
    """The id of issue number n of a project."""
    return str(issue_id(project, Issue(n)))
