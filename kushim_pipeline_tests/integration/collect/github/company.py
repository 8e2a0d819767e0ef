"""An organisation to read, and a way to read it without waiting."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.collect.before import Head, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github import streams
from kushim_pipeline.collect.http.limiter import SHARE
from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.sandbox.github.model import (
    BypassActor,
    Description,
    Organization,
    Protection,
    Repository,
    Rule,
    Ruleset,
    Token,
    User,
)
from kushim_pipeline.tenants.config import GithubConnection

OWNER = "ghp_ownersTokenThatMustNotBeKept0001"
MEMBER = "ghp_membersTokenThatMustNotBeKept002"
OUTSIDER = "ghp_outsidersTokenThatMustNotBeKep03"
PARTLY = "github_pat_withoutAdministration0004"
LOGIN = "acme"

REVIEW = Rule("pull_request", {"required_approving_review_count": 2, "dismiss_stale_reviews_on_push": True})

ACME = Organization(
    LOGIN,
    members=tuple(User(f"person-{n:03}", owner=n < 2, two_factor=n % 50 != 7) for n in range(230)),
    outside_collaborators=(User("visitor-1"), User("visitor-2", two_factor=False)),
    repositories=(
        *(Repository(f"plain-{n:03}", protection=Protection()) for n in range(6)),
        Repository("bare"),
        Repository("slashed", default_branch="release/1.0", protection=Protection(checks=("build",))),
        Repository("ruled", rulesets=(Ruleset(71, "own", (Rule("deletion"), REVIEW), (BypassActor(),)),)),
        Repository("old", archived=True),
        Repository("empty", empty=True),
        Repository("site", visibility="public", protection=Protection(reviews=None)),
    ),
    rulesets=(
        Ruleset(9001, "everywhere", (Rule("non_fast_forward"),)),
        Ruleset(9002, "some", (REVIEW,), (BypassActor(1, "OrganizationAdmin"),), repositories=("ruled", "bare")),
        Ruleset(9003, "trial", (REVIEW,), enforcement="evaluate"),
    ),
)
TOKENS = (
    Token(OWNER, "person-000", LOGIN),
    Token(MEMBER, "person-005", LOGIN, role="member"),
    Token(OUTSIDER, "stranger", "elsewhere"),
    Token(PARTLY, "person-001", LOGIN, lacks=("administration",)),
)
COMPANY = Description((ACME,), TOKENS)

BASIC = (
    "github.organization",
    "github.repository",
    "github.member",
    "github.owner",
    "github.member_without_2fa",
    "github.outside_collaborator",
    "github.outside_collaborator_without_2fa",
    "github.branch_protection",
    "github.branch_rule",
    "github.ruleset",
)
"""What is read unless a test says otherwise: who belongs to the organisation, and how its branches are protected."""
EVERYTHING = tuple(spec.name for spec in streams.STREAMS)
PER_REPOSITORY = ("github.branch_protection", "github.branch_rule", "github.ruleset")


@dataclass
class Waits:
    """A clock that runs only when somebody waits. `asked` are the seconds of every wait."""

    asked: list[float] = field(default_factory=list)
    start: float = 0.0

    def clockwork(self, start: float) -> Clockwork:
        self.start = start
        return Clockwork(self.asked.append, lambda: self.start + sum(self.asked), lambda: 0.0)


@dataclass(frozen=True)
class Found:
    """What a collection left behind: receipts by stream, and the folder of its evidence."""

    receipts: Mapping[str, Receipt]
    store: FileStore
    heads: Mapping[str, Head] = field(default_factory=dict)

    def outcome(self, stream: str) -> Outcome:
        return self.receipts[stream].outcome

    def reasons(self, stream: str) -> set[Reason]:
        return {error.reason for error in self.receipts[stream].errors}

    def records(self, stream: str) -> dict[str, Any]:
        """What was read now, without what stands from before."""
        receipt = self.receipts[stream]
        parts = [*([receipt.records_sha256] if receipt.records_sha256 else []), *receipt.records_more]
        lines = [json.loads(line) for part in parts for line in self.store.get("t", part).splitlines()]
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
    org: str = LOGIN,
    token: str = OWNER,
    only: Sequence[str] = BASIC,
    before: Found | None = None,
    patience: Patience | None = None,
    limits: Limits | None = None,
    clockwork: Clockwork | None = None,
    share: float = SHARE,
    sample: bool = False,
) -> Found:
    """Read the streams of an organisation at a base URL, building on what was found before, without waiting."""
    connection = GithubConnection(source="github", org=org, token="env:T", base_url=url)  # type: ignore[arg-type]
    secrets = {"token": SecretStr(token)}
    store = FileStore(root)
    collections: dict[Unit, Collection] = {}
    receipts: dict[str, Receipt] = {}
    heads = dict(before.heads) if before else {}

    def open_collection(unit: Unit) -> Collection:
        head = heads.get(unit.stream, Head())
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
        receipt = receipts[unit.stream] = collections[unit].finish()
        digest, last = write_receipt(store, receipt), heads.get(unit.stream, Head())
        heads[unit.stream] = (
            Head(digest, receipt.population) if receipt.lists_all else replace(last, shrunk_to=receipt.shrunk_to)
        )

    wanted = [unit for unit in streams.units("t", connection) if unit.stream in only]
    streams.collect(
        connection,
        secrets,
        wanted,
        open_collection,
        finish,
        Pace(
            share=share,
            sample=sample,
            patience=patience or Patience(),
            limits=limits or Limits(),
            clockwork=clockwork or Clockwork(wait=lambda _: None),
        ),
    )
    assert sorted(receipts) == sorted(unit.stream for unit in wanted)
    return Found(receipts, store, heads)
