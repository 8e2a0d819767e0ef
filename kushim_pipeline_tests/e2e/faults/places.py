"""A data folder, two tenants with an organisation each, and the invariants that hold whatever happened.

They are asked of whoever was there: the stand-in's own ledger, the bytes on disk, and SQL on what was published.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import orjson

from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.verify import read_receipt
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, Token, User
from kushim_pipeline.sandbox.github.server import Server
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.warehouse import NothingPublished, open_reader
from kushim_pipeline_tests.e2e.commands import surroundings
from kushim_pipeline_tests.e2e.faults.moments import Strike, arm, hurry
from kushim_pipeline_tests.e2e.forked import Ended, Prepare, Running, judging, start

TENANTS = ("acme", "beta")
TOKENS = {name: f"ghp_{name}0000000000000000000000000000canary" for name in TENANTS}
PASSWORD = "canary-password-of-a-database"
_VERDICTS = "SELECT tenant_id, check_id, connection_id, resource_id, status, reason FROM mart_v1.check_result"
_TWICE = {
    "two receipts of one collection": "SELECT collection_id FROM raw.receipt GROUP BY 1 HAVING count(*) > 1",
    "a version of what did not change": "SELECT tenant_id, connection_id, stream, scope, resource_id FROM raw.record "
    "WHERE source <> 'kushim' GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1",
    "two verdicts at one time": "SELECT tenant_id, check_id, connection_id, resource_id FROM verdict.check_result "
    "WHERE valid_to IS NULL GROUP BY 1, 2, 3, 4 HAVING count(*) > 1",
}
_FOREIGN = (
    "SELECT tenant_id, connection_id, resource_id FROM raw.record "
    "WHERE source = 'github' AND (account_id <> tenant_id OR connection_id <> 'github:' || tenant_id)"
)


def description() -> Description:
    """Two organisations: in one all is well, in the other nothing."""
    return Description(
        organizations=tuple(_organization(name, sound=name == "acme") for name in TENANTS),
        tokens=tuple(Token(token, owner=name, org=name) for name, token in TOKENS.items()),
    )


def _organization(login: str, *, sound: bool) -> Organization:
    people = tuple(User(f"{login}-{name}", owner=name == "ada", two_factor=sound) for name in ("ada", "bob", "cleo"))
    return Organization(login, people, repositories=(Repository("app"),), two_factor_required=sound)


@dataclass
class Place:
    """Where a test's Kushim lives. `home` may lie on a disk of its own; `extra` is added to the environment."""

    folder: Path
    github: Server
    home: Path = field(default_factory=Path)
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.folder / "home" if self.home == Path() else self.home
        (self.folder / "tenants").mkdir(parents=True, exist_ok=True)
        for name in TENANTS:
            (self.folder / "tenants" / f"{name}.yaml").write_text(
                f"tenant: {name}\nname: {name}\nconnections:\n"
                f"  - {{source: github, org: {name}, token: env:TOKEN_{name.upper()}, base_url: {self.github.url}}}\n"
            )

    @property
    def environment(self) -> dict[str, str]:
        tokens = {f"TOKEN_{name.upper()}": token for name, token in TOKENS.items()}
        return surroundings(
            KUSHIM_HOME=str(self.home), KUSHIM_ALLOW_PRIVATE_HOSTS="1", KUSHIM_TENANTS=str(self.folder / "tenants"),
            **tokens, **self.extra,
        )  # fmt: skip

    @property
    def settings(self) -> Settings:
        return Settings.read(self.environment)

    @property
    def published(self) -> Path:
        return self.home / "warehouse" / "kushim.published.duckdb"

    def run(self, strike: Strike | None = None, *, tenant: str = "") -> Ended:
        """`kushim run` to its end, whatever that is. In: what happens to it; which tenant to read (default: both)."""
        return self.start(strike, tenant=tenant).ends()

    def start(self, strike: Strike | None = None, *, tenant: str = "") -> Running:
        """`kushim run`, begun. Only GitHub's checks are judged, which is what the stand-in has."""
        prepare: list[Prepare] = [hurry, judging("github")]
        if strike:
            prepare.append(partial(arm, strike))
        chosen = ["--tenant", tenant] if tenant else []
        return start(self.folder, self.environment, ["run", *chosen], *prepare)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the published warehouse answers."""
        with open_reader(self.settings.warehouse_url) as reader:
            return reader.query(sql).rows

    def verdicts(self) -> set[tuple[Any, ...]]:
        """Every current verdict that readers see; none before the first run."""
        try:
            return set(self.rows(_VERDICTS))
        except NothingPublished:
            return set()

    def acknowledged(self) -> dict[str, str]:
        """The receipts in the ledgers' own bytes: digest -> tenant."""
        found = {}
        for path in sorted((self.home / "evidence" / "ledger").glob("*.jsonl")):
            for line in path.read_bytes().split(b"\n")[:-1]:
                entry = orjson.loads(line)
                if entry["kind"] == "receipt":
                    found[entry["payload"]["receipt"]] = path.stem
        return found


@dataclass
class Truth:
    """What a run that nothing happened to comes to."""

    place: Place
    asked: Counter[tuple[str, str, str]]
    """What the stand-in was asked in it, by its own ledger."""

    @cached_property
    def verdicts(self) -> set[tuple[Any, ...]]:
        return self.place.verdicts()

    @cached_property
    def passes(self) -> set[tuple[Any, ...]]:
        return {verdict for verdict in self.verdicts if verdict[4] == "PASS"}

    @cached_property
    def records(self) -> list[tuple[Any, ...]]:
        return self.place.rows(_RECORDS)

    def no_false_pass(self, place: Place) -> None:
        """I3, at any moment: whatever readers can see by now, no PASS is among it that is none."""
        assert {verdict for verdict in place.verdicts() if verdict[4] == "PASS"} <= self.passes

    def holds(self, place: Place, said: Sequence[Ended], asked: Counter[tuple[str, str, str]]) -> None:
        """All five, after the last run, which was undisturbed. In: what every run said, and what the last one asked."""
        # I1: every list of an organisation was asked for again (what hangs on a repository only if it may have
        # changed), and what was acknowledged is whole and has been landed.
        assert _lists(asked) == _lists(self.asked)
        acknowledged = place.acknowledged()
        store = open_stores(place.settings).evidence
        for digest, tenant in acknowledged.items():
            receipt = read_receipt(store, tenant, digest)
            for page in receipt.pages:
                store.get(tenant, page.sha256)
        landed = {digest for (digest,) in place.rows("SELECT receipt_sha256 FROM raw.receipt")}
        assert landed == set(acknowledged)
        assert place.rows(_RECORDS) == self.records, "the same digests as without any fault"
        # I2
        for what, sql in _TWICE.items():
            assert place.rows(sql) == [], what
        assert len(place.rows("SELECT receipt_sha256 FROM raw.receipt")) == len(acknowledged)
        # I3
        assert place.verdicts() == self.verdicts
        # I4
        words = [*TOKENS.values(), PASSWORD]
        for ended in said:
            assert not any(word in ended.said for word in words)
            assert "Traceback" not in ended.said
        for path in (path for path in place.home.rglob("*") if path.is_file() and path.name != "dagster.yaml"):
            data = path.read_bytes()
            assert not any(word.encode() in data for word in words), path
        # I5
        assert place.rows(_FOREIGN) == []
        for tenant in TENANTS:
            others = [name for name in TENANTS if name != tenant]
            sql = f"SELECT body FROM raw.record WHERE tenant_id = '{tenant}' AND source = 'github'"
            assert not any(f'"{other}' in str(body) for (body,) in place.rows(sql) for other in others)


def _lists(asked: Counter[tuple[str, str, str]]) -> set[tuple[str, str]]:
    """Who was asked for which list of an organisation."""
    return {(caller, path) for caller, path, _ in asked if path.startswith("/orgs/")}


_RECORDS = (
    "SELECT tenant_id, connection_id, stream, scope, resource_id, content_hash FROM raw.record "
    "WHERE valid_to IS NULL AND source <> 'kushim' ORDER BY 1, 2, 3, 4, 5"
)


def asked_since(github: Server, before: int) -> Counter[tuple[str, str, str]]:
    """What the stand-in was asked after its ledger was that long."""
    return Counter((asked.caller, asked.path, asked.query) for asked in github.ledger[before:])


def copied(place: Place, folder: Path) -> Place:
    """The place in another folder, with all that it holds."""
    shutil.copytree(place.folder, folder, dirs_exist_ok=True)
    return Place(folder, place.github)


__all__ = ["Ledger", "Place", "Truth", "asked_since", "copied", "description"]
