"""One company at all vendors, read again and again with one thing wrong each time, and judged once for all readings.

Every reading is a tenant of its own in one warehouse. It reads one source; what its other sources said is what they
said to the healthy tenant.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.model import POLICY_TABLE
from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect import run
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import Stores, collect_source, expected_units
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.sandbox import vendors_world
from kushim_pipeline.sandbox.jira_plan import JiraIssue
from kushim_pipeline.sandbox.manifest import Tenant, load
from kushim_pipeline.sandbox.people import Person, people_file
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Asked, Standin
from kushim_pipeline.sandbox.world import dated
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import Shelf, catalogue

NAME = "northwind"
"""The sandbox's company that is mostly sound: nearly every check passes on it."""
HEALTHY = "healthy"
SOURCES = ("github", "okta", "jira", "slack", "file")
CATALOGUE = catalogue()
LONG_LIST = 210
"""So many people left long ago: the vendors' lists of people then have two pages."""

Verdict = tuple[str, str]
"""Status and reason."""
Verdicts = dict[tuple[str, str], Verdict]
"""(check, resource) -> verdict."""


def described() -> Tenant:
    """The company without its AWS accounts, and with a past."""
    tenant = load().tenants[NAME]
    left = {f"former-{n:03}": Person(name=f"Former {n}", ended=400) for n in range(LONG_LIST)}
    org = tenant.github[NAME].model_copy(update={"crowd": 120})
    assert tenant.jira
    projects = tenant.jira.projects
    task = JiraIssue(type="Task", summary="Water the plants", reporter="ada", created=30)
    ops = projects["OPS"].model_copy(update={"issues": (*projects["OPS"].issues, *[task] * 110)})
    jira = tenant.jira.model_copy(update={"projects": {**projects, "OPS": ops}})
    people = {**tenant.people, **left}
    return tenant.model_copy(update={"aws": {}, "people": people, "github": {NAME: org}, "jira": jira})


@dataclass
class Waits:
    """A clock that runs only when somebody waits."""

    asked: list[float] = field(default_factory=list)

    def clockwork(self) -> Clockwork:
        start = datetime.now(UTC).timestamp()
        return Clockwork(self.asked.append, lambda: start + sum(self.asked), lambda: 0.0)


@dataclass(frozen=True)
class Reading:
    """What one reading of a source came to. `asked`: what the vendor saw of it."""

    receipts: Mapping[str, Receipt]
    asked: Sequence[Asked]
    waits: Sequence[float]


class Company:
    """The company at running stand-ins, and what was read of it."""

    def __init__(self, folder: Path, vendors: vendors_world.Vendors, environment: Mapping[str, str]) -> None:
        self._described = described()
        self._vendors = vendors
        self._environment = environment
        self._folder = folder
        self.shelf = Shelf(folder / "evidence")
        self.readings: dict[str, Reading] = {}
        self.paces: dict[str, Pace] = {}
        self._tenants: dict[str, TenantConfig] = {}
        self.put_people(self.drop(HEALTHY))
        self._tenant(HEALTHY)

    def standin(self, source: str) -> Standin:
        found: dict[str, Standin] = {
            "github": self._vendors.github,
            "okta": self._vendors.okta[NAME],
            "jira": self._vendors.jira[NAME],
            "slack": self._vendors.slack,
        }
        return found[source]

    def page(self, stream: str, holds: str) -> bytes:
        """What the vendor answered in good health: the first page of a stream that holds a text."""
        receipt = self.readings[f"{HEALTHY}-{stream.partition('.')[0]}"].receipts[stream]
        pages = (self.shelf.store.get(HEALTHY, page.sha256) for page in receipt.pages)
        return next(page for page in pages if holds.encode() in page)

    def drop(self, tenant_id: str) -> Path:
        return self._folder / "drop" / tenant_id

    def put_people(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in people_file(NAME, self._described.people).items():
            (folder / name).write_bytes(data)

    def _tenant(self, tenant_id: str) -> TenantConfig:
        folder = self.drop(tenant_id)
        people = {"stream": "person", "path": "people-*.csv", "columns": {"status": "text"}, "proof": "sha256"}
        file = {"source": "file", "name": "hr", "folder": str(folder if folder.exists() else self.drop(HEALTHY))}
        contents = {
            "tenant": tenant_id,
            "name": self._described.name,
            "policy": {key: dated(value) for key, value in self._described.policy.items()},
            "connections": [
                *vendors_world.connections(NAME, self._described, self._vendors),
                {**file, "files": [people]},
            ],
        }
        self._tenants[tenant_id] = TenantConfig.model_validate(contents)
        return self._tenants[tenant_id]

    def read(self, tenant_id: str, source: str, *faults: Fault, pace: Callable[[Pace], Pace] = lambda p: p) -> Reading:
        """Read a source for a tenant while its vendor does this wrong."""
        if source == "file" and not self.drop(tenant_id).exists():
            self.put_people(self.drop(tenant_id))
        tenant = self._tenants.get(tenant_id) or self._tenant(tenant_id)
        waits = Waits()
        standin = None if source == "file" else self.standin(source)
        before = len(standin.ledger) if standin else 0
        if standin:
            standin.set_faults(faults)
        self.paces[tenant_id] = pace(Pace(share=1.0, clockwork=waits.clockwork()))
        receipts = collect_source(tenant, source, Stores(self.shelf.store, self.shelf.ledger), self._environment)
        asked = standin.ledger[before:] if standin else ()
        found = Reading({receipt.stream: receipt for receipt in receipts}, asked, waits.asked)
        self.readings[tenant_id if tenant_id != HEALTHY else f"{HEALTHY}-{source}"] = found
        return found

    def judged(self) -> dict[str, Verdicts]:
        """Land and judge what was read of all tenants, once. Out: tenant -> verdicts."""
        read = {tenant_id: self.readings[tenant_id].receipts for tenant_id in self._tenants if tenant_id != HEALTHY}
        return judged(self._folder, self.shelf, list(self._tenants.values()), read, SOURCES)


def judged(
    folder: Path,
    shelf: Shelf,
    tenants: Sequence[TenantConfig],
    read: Mapping[str, Iterable[str]],
    sources: Sequence[str],
) -> dict[str, Verdicts]:
    """Land and judge all tenants in one warehouse. Out: tenant -> verdicts.

    In: tenant -> the streams that it read itself (in all others it found what the healthy one did), and the sources
    whose checks are asked.
    """
    facts = CATALOGUE.facts
    tables = [POLICY_TABLE, *(name for name, fact in facts.items() if fact.source in (*sources, "kushim"))]
    checks = [name for name, check in CATALOGUE.checks.items() if facts[check.population].source in sources]
    units = [unit for tenant in tenants for unit in expected_units(tenant)]
    now = datetime.now(UTC)
    with open_writer(f"duckdb:///{folder / 'w.duckdb'}") as warehouse:
        policy = CATALOGUE.policy
        register(warehouse, tenants, units, lambda given: resolve(policy, given), at=now - timedelta(days=1))
        land(warehouse, shelf.store, shelf.ledger)
        _share(warehouse, read)
        set_clock(warehouse, now + timedelta(seconds=1))
        build_facts(warehouse, CATALOGUE, tables)
        assert judge(warehouse, CATALOGUE, checks).failed == ()
        rows = warehouse.query(
            "SELECT tenant_id, check_id, resource_id, status, reason FROM verdict.check_result WHERE valid_to IS NULL"
        ).rows
    found: dict[str, Verdicts] = {}
    for tenant_id, check_id, resource_id, status, reason in rows:
        found.setdefault(tenant_id, {})[check_id, resource_id] = (status, reason)
    return found


def _share(warehouse: Warehouse, read: Mapping[str, Iterable[str]]) -> None:
    """Give every tenant of the healthy one's what it did not read itself."""
    warehouse.script("CREATE TEMPORARY TABLE reader (tenant_id VARCHAR)")
    warehouse.script("CREATE TEMPORARY TABLE own (tenant_id VARCHAR, stream VARCHAR)")
    warehouse.load("reader", ("tenant_id",), [(tenant_id,) for tenant_id in read])
    own = [(tenant_id, stream) for tenant_id, streams in read.items() for stream in streams]
    warehouse.load("own", ("tenant_id", "stream"), own)
    for table in ("raw.receipt", "raw.receipt_error", "raw.record"):
        columns = warehouse.query(f"SELECT * FROM {table} LIMIT 0").columns
        mine = ", ".join("d.tenant_id" if column == "tenant_id" else f"r.{column}" for column in columns)
        warehouse.script(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {mine} FROM {table} AS r CROSS JOIN reader AS d "
            f"WHERE r.tenant_id = '{HEALTHY}' AND r.stream NOT LIKE 'kushim.%' AND NOT EXISTS "
            "(SELECT 1 FROM own AS o WHERE o.tenant_id = d.tenant_id AND o.stream = r.stream)"
        )


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    """The company while inside, its stand-ins on loopback."""
    tenants = {NAME: described()}
    environment = vendors_world.made_secrets(tenants)
    with pytest.MonkeyPatch.context() as patch, vendors_world.running(tenants, environment) as vendors:
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        patch.setenv("KUSHIM_DROP", str(folder))
        made = Company(folder, vendors, environment)
        patch.setattr(run, "_pace", lambda tenant, *_: made.paces[tenant.tenant])
        yield made
