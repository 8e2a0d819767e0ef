"""A tenant is forgotten on both engines: its rows and bytes are gone, everybody else's stand as they were."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.trail import Trail
from kushim_pipeline.evidence.verify import Broken, Shredded, verify
from kushim_pipeline.land.ledger import land
from kushim_pipeline.operate.shred import shred
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.tenants.load import Loaded, load_tenants
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf
from kushim_pipeline_tests.integration.warehouse.parity import judge_at
from kushim_pipeline_tests.part import judged_by

CATALOGUE = judged_by("github")
CANARY = "canary-7f3a"
TODAY = date(2026, 7, 1)


@dataclass
class Place:
    """A data folder with two tenants' evidence, landed and judged; `acme` holds the canary and is offboarded."""

    settings: Settings
    shelf: Shelf

    @property
    def loaded(self) -> Loaded:
        return load_tenants(self.settings.tenants, check_secrets=False)

    def judge(self, warehouse: Warehouse) -> None:
        tenants = [tenant for tenant in self.loaded.tenants if tenant.state == "active"]
        units = [unit for tenant in tenants for unit in expected_units(tenant)]
        judge_at(warehouse, CATALOGUE, tenants, units, self.shelf, AS_OF, AS_OF)


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("KUSHIM_KEYS", "KUSHIM_KEYS_PREVIOUS"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    url = f"duckdb:///{home / 'w.duckdb'}" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    settings = Settings(home, tmp_path / "tenants", url)
    settings.tenants.mkdir()
    shelf = Shelf(settings.evidence)
    with open_writer(url) as warehouse:  # the vault's tables, too, are the warehouse's
        warehouse.publish()
    shelf.store = open_stores(settings).evidence
    for name in ("acme", "other"):
        text = f"tenant: {name}\nname: {name}\nconnections:\n- {{source: github, org: {name}, token: env:T}}\n"
        (settings.tenants / f"{name}.yaml").write_text(text)
        (tenant,) = load_tenants(settings.tenants / f"{name}.yaml", check_secrets=False).tenants
        units = expected_units(tenant)
        shelf.plan(units, AS_OF)
        secret = CANARY if name == "acme" else "nothing"
        for unit in units:
            if unit.stream == "github.repository":
                body = {"full_name": f"{name}/{secret}", "default_branch": "main", "private": True, "x": secret * 9}
                shelf.collect(unit, {f"{name}/{secret}": body}, at=AS_OF)
            else:
                shelf.collect(unit, {}, at=AS_OF)
    found = Place(settings, shelf)
    with open_writer(url) as warehouse:
        found.judge(warehouse)
    path = settings.tenants / "acme.yaml"
    path.write_text(path.read_text() + "state: offboarded\nretain_until: 2026-06-30\n")
    yield found


def rows_of(settings: Settings, tenant_id: str) -> dict[str, Counter[str]]:
    """Every row of a tenant in every table that names tenants."""
    with open_writer(settings.warehouse_url) as warehouse:
        tables = warehouse.query(
            "SELECT c.table_schema, c.table_name FROM information_schema.columns AS c "
            "INNER JOIN information_schema.tables AS t ON t.table_schema = c.table_schema "
            "AND t.table_name = c.table_name WHERE c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' "
            "AND c.table_schema IN ('raw', 'facts', 'verdict', 'mart_v1')"
        ).rows
        found = {}
        for schema, table in tables:
            rows = warehouse.query(f"SELECT * FROM {schema}.{table} WHERE tenant_id = ?", (tenant_id,)).rows
            if rows:
                found[f"{schema}.{table}"] = Counter(json.dumps(row, default=str) for row in rows)
        return found


def holding(folder: Path, needle: bytes) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_a_tenant_is_forgotten_and_nobody_else_is(place: Place) -> None:
    settings = place.settings
    before, mine = rows_of(settings, "other"), rows_of(settings, "acme")
    assert {"raw.record", "facts.github_repository", "verdict.check_result"} <= mine.keys()
    embedded = settings.warehouse_url.startswith("duckdb:")
    if embedded:
        assert holding(settings.home, CANARY.encode()), "without the canary the search below proves nothing"

    shred(settings, place.loaded, "acme", TODAY, lambda line: None)

    assert rows_of(settings, "acme").keys() <= {"raw.ledger_position"}
    assert rows_of(settings, "other") == before
    assert holding(settings.home, CANARY.encode()) == []
    found = list(verify(open_stores(settings).evidence, Ledger(settings.evidence), ["acme", "other"]))
    assert [one for one in found if isinstance(one, Broken)] == []
    assert [one.tenant_id for one in found if isinstance(one, Shredded)] == ["acme"]
    (entry,) = [e for e in Trail(settings.home).entries("acme") if e.kind == "tenant.shredded"]
    assert entry.payload["rows"] == sum(sum(rows.values()) for table, rows in mine.items() if "position" not in table)
    assert entry.payload["keys"] == 1


def test_the_pipeline_goes_on_afterwards(place: Place) -> None:
    settings = place.settings
    shred(settings, place.loaded, "acme", TODAY, lambda line: None)
    with open_writer(settings.warehouse_url) as warehouse:
        place.judge(warehouse)
        assert warehouse.query("SELECT DISTINCT tenant_id FROM mart_v1.check_result").rows == [("other",)]
        assert warehouse.query("SELECT count(*) FROM raw.receipt WHERE tenant_id = 'acme'").rows == [(0,)]


def test_a_warehouse_made_anew_leaves_the_forgotten_out(place: Place, tmp_path: Path) -> None:
    settings = place.settings
    before = rows_of(settings, "other")
    shred(settings, place.loaded, "acme", TODAY, lambda line: None)
    anew = Settings(tmp_path / "anew", settings.tenants, f"duckdb:///{tmp_path / 'anew.duckdb'}")
    stores = open_stores(settings)
    with open_writer(anew.warehouse_url) as warehouse:
        assert land(warehouse, stores.evidence, stores.ledger).receipts == sum(before["raw.receipt"].values())
        assert land(warehouse, stores.evidence, stores.ledger).receipts == 0
    assert rows_of(anew, "acme").keys() == {"raw.ledger_position"}


@pytest.mark.parametrize("at", ["rows", "keys", "entry"])
def test_a_crash_in_between_is_made_good(place: Place, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    from kushim_pipeline.operate import shred as module

    settings = place.settings
    names = {"rows": "forget_unsealed", "keys": "shared_vault", "entry": "write_down"}

    def crash(*arguments: Any, **more: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, names[at], crash)
        with pytest.raises(KeyboardInterrupt):
            shred(settings, place.loaded, "acme", TODAY, lambda line: None)
    shred(settings, place.loaded, "acme", TODAY, lambda line: None)
    assert holding(settings.home, CANARY.encode()) == []
    assert not [f for f in verify(open_stores(settings).evidence, Ledger(settings.evidence), ["acme", "other"])
                if isinstance(f, Broken)]  # fmt: skip


def test_what_was_kept_unsealed_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence of earlier versions: in the tenant's folder without a seal, and in the folder of all tenants."""
    monkeypatch.delenv("KUSHIM_KEYS", raising=False)
    settings = Settings(tmp_path / "home", tmp_path / "tenants", f"duckdb:///{tmp_path / 'home' / 'w.duckdb'}")
    settings.tenants.mkdir()
    shelf = Shelf(settings.evidence)
    for name in ("acme", "other"):
        text = f"tenant: {name}\nname: {name}\nconnections: []\n"
        (settings.tenants / f"{name}.yaml").write_text(text + "state: offboarded\nretain_until: 2020-01-01\n")
        for stream, who in (("github.repository", name), ("github.member", "both")):
            unit = _unit(name, stream)
            shelf.collect(unit, {f"{who}-thing": {"canary": who}}, at=AS_OF)
    assert len(list(settings.evidence.glob("objects/*/*/*.gz"))) == 12
    for path in sorted(settings.evidence.glob("objects/acme/*/*.gz")):
        flat = settings.evidence / "objects" / path.parent.name / path.name
        flat.parent.mkdir(exist_ok=True)
        path.rename(flat)
    for path in sorted(settings.evidence.glob("objects/other/*/*.gz"))[:4]:
        flat = settings.evidence / "objects" / path.parent.name / path.name
        flat.parent.mkdir(exist_ok=True)
        path.rename(flat)
    everything = list(verify(FileStore(settings.evidence), Ledger(settings.evidence), ["acme", "other"]))
    assert not [one for one in everything if isinstance(one, Broken)]
    shred(settings, load_tenants(settings.tenants), "acme", TODAY, lambda line: None)
    found = list(verify(open_stores(settings).evidence, Ledger(settings.evidence), ["acme", "other"]))
    assert not [one for one in found if isinstance(one, Broken)]
    assert [one.receipts for one in found if isinstance(one, Shredded)] == [2]


def _unit(tenant: str, stream: str) -> Any:
    from kushim_pipeline.collect.unit import Unit

    return Unit(tenant, f"github:{tenant}", "github", tenant, stream)
