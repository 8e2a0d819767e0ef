"""An organisation to read, and a way to read it, again and again, without waiting."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from kushim_pipeline.collect.before import Head, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.okta import streams
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking, repeating
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.sandbox.okta.model import (
    ApiToken,
    App,
    Assignment,
    Authenticator,
    Description,
    Event,
    Factor,
    Group,
    GroupRule,
    Org,
    Policy,
    PolicyRule,
    Role,
    Token,
    User,
    Zone,
)
from kushim_pipeline.tenants.config import OktaConnection

TOKEN = "00tokenThatMustNotBeKeptAnywhere000000000x"
PARTLY = "00tokenWithoutRolesAndLogs00000000000000y"
ACCESS = "eyJhbGciOiJSUzI1NiJ9.eyJzY3AiOlsib2t0YS51c2Vycy5yZWFkIl19.c2lnbmF0dXJlLXRoYXQtaXMtbm9uZQ"
EXPIRED = "00tokenThatExpired0000000000000000000000z"
NOW = datetime.now(UTC).replace(microsecond=0)

PUSH, KEY, SMS = Factor("push"), Factor("webauthn", "FIDO"), Factor("sms", status="PENDING_ACTIVATION")


PEOPLE = 14  # who have not left


def at(**ago: float) -> str:
    """A time so long before the tests began, as Okta writes it."""
    return (NOW - timedelta(**ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def person(number: int, **other: Any) -> User:
    """Somebody. Some have no second factor."""
    factors = () if number == 7 else (PUSH, KEY) if number % 3 else (PUSH, SMS)
    fields = {"status": "ACTIVE", "factors": factors, **other}
    return User(f"00u{number:017d}", f"person-{number:03}@acme.test", f"Person{number}", **fields)


LEAVERS = tuple(person(number, status="DEPROVISIONED", factors=()) for number in range(700, 910))
EVENTS = (
    Event("e-too-old", at(days=95), "user.lifecycle.create", "00u-hr"),
    Event("e-created", at(days=80), "user.lifecycle.create", "00u-hr", (("User", person(1).id, "Person1"),)),
    Event("e-signed-in", at(days=3), "user.session.start", person(1).id),
    Event("e-granted", at(days=2), "user.account.privilege.grant", "00u-hr", (("User", person(0).id, "Person0"),)),
    Event("e-factor", at(days=1), "user.mfa.factor.activate", person(5).id, (("User", person(5).id, "Person5"),)),
)
ACME = Org(
    "acme",
    users=(
        person(0, roles=(Role("SUPER_ADMIN"), Role("READ_ONLY_ADMIN", "GROUP"))),
        *(person(number) for number in range(1, PEOPLE - 1)),
        person(PEOPLE - 1, status="SUSPENDED"),
        *LEAVERS,
    ),
    groups=(Group("00g00000000000000000", "Everyone", "BUILT_IN"), Group("00g00000000000000001", "Engineers")),
    group_rules=(GroupRule("0pr00000000000000001", "Engineers", 'user.department=="R&D"', ("00g00000000000000001",)),),
    apps=tuple(
        App(
            f"0oa{number:017d}",
            f"App {number}",
            users=tuple(Assignment(person(n).id, person(n).login) for n in range(2 * number)),
            group_ids=("00g00000000000000001",) if number % 2 else (),
            access_policy="rst00000000000000001",
        )
        for number in range(6)
    ),
    policies=(
        Policy(
            "00p00000000000000001",
            "PASSWORD",
            "Default Policy",
            settings={"password": {"complexity": {"minLength": 12}, "lockout": {"maxAttempts": 5}}},
            rules=(PolicyRule("0pr00000000000000101", "Default Rule", "PASSWORD", {}),),
        ),
        Policy(
            "00p00000000000000002",
            "OKTA_SIGN_ON",
            "Default Policy",
            rules=(PolicyRule("0pr00000000000000102", "Default Rule", "SIGN_ON", {"signon": {"access": "ALLOW"}}),),
        ),
        Policy("00p00000000000000003", "MFA_ENROLL", "Default Policy"),
        Policy("rst00000000000000001", "ACCESS_POLICY", "Any two factors"),
    ),
    api_tokens=(ApiToken("00T00000000000000001", "Kushim", person(0).id),),
    authenticators=(Authenticator("aut00000000000000001", "okta_password", "password", "Password"),),
    zones=(Zone("nzo00000000000000001", "LegacyIpZone", system=True),),
    events=EVENTS,
)
TOKENS = (
    Token(TOKEN, "auditor"),
    Token(PARTLY, "part", lacks=("okta.roles.read", "okta.logs.read")),
    Token(ACCESS, "service", kind="Bearer"),
    Token(EXPIRED, "gone", state="expired"),
)
PLENTY = {"/api/v1/users": 100_000, "/api/v1/apps": 100_000, "/api/v1/logs": 100_000, "/api/v1": 100_000}
COMPANY = Description(ACME, TOKENS, PLENTY)
FANS_OUT = tuple(spec.name for spec in streams.STREAMS if spec.fans_out)


@dataclass
class Waits:
    """A clock that runs only when somebody waits. `asked` are the seconds of every wait."""

    asked: list[float] = field(default_factory=list)

    def clockwork(self) -> Clockwork:
        start = time.time()
        return Clockwork(self.asked.append, lambda: start + sum(self.asked), lambda: 0.0)


@dataclass(frozen=True)
class Found:
    """What a collection left behind: receipts by stream, what a ledger would say of them, and its evidence."""

    receipts: Mapping[str, Receipt]
    heads: Mapping[str, Head]
    store: FileStore

    def outcome(self, stream: str) -> Outcome:
        return self.receipts[stream].outcome

    def reasons(self, stream: str) -> set[Reason]:
        return {error.reason for error in self.receipts[stream].errors}

    def unread(self, stream: str) -> dict[str | None, Reason]:
        return {error.resource_id: error.reason for error in self.receipts[stream].errors}

    def error(self, stream: str) -> str:
        return self.receipts[stream].error or ""

    def records(self, stream: str) -> dict[str, Any]:
        """What was read now, without what stands from before."""
        receipt = self.receipts[stream]
        parts = [*([receipt.records_sha256] if receipt.records_sha256 else []), *receipt.records_more]
        lines = [json.loads(line) for part in parts for line in self.store.get("t", part).splitlines()]
        return {line["id"]: line["body"] for line in lines}

    def contents(self) -> dict[str, tuple[Outcome, str]]:
        """What every stream came to, comparable between two collections."""
        return {name: (receipt.outcome, receipt.contents_sha256) for name, receipt in self.receipts.items()}


def collect(
    url: str,
    root: Path,
    *,
    token: str = TOKEN,
    only: Sequence[str] = (),
    before: Found | None = None,
    pace: Pace | None = None,
) -> Found:
    """Read the streams (`only` these, or all) of an organisation, building on what was found before. No waits."""
    connection = OktaConnection(source="okta", org_url=url, token="env:T")  # type: ignore[arg-type]
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
            repeats=repeating(secrets.values()),
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

    wanted = [unit for unit in streams.units("t", connection) if not only or unit.stream in only]
    quick = Pace(share=1.0, clockwork=Clockwork(wait=lambda _: None))
    streams.collect(connection, secrets, wanted, open_collection, finish, pace or quick)
    assert sorted(receipts) == sorted(unit.stream for unit in wanted)
    return Found(receipts, heads, store)
