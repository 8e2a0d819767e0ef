"""The example of docs/sources/file.md loads and its files are read; an old list of people blinds a check."""

import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kushim_pipeline.catalogue.policy import resolve
from kushim_pipeline.collect.file.streams import STREAMS
from kushim_pipeline.collect.run import Stores, collect_source, expected_units
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.json_door import decode
from kushim_pipeline.evidence.receipt import Outcome
from kushim_pipeline.land.ledger import land
from kushim_pipeline.land.tenants import register
from kushim_pipeline.tenants.config import FileConnection, TenantConfig
from kushim_pipeline.tenants.load import load_tenants
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.fixtures import Shelf, catalogue

PAGE = Path(__file__).resolve().parents[4] / "docs" / "sources" / "file.md"
_EXAMPLE = re.compile(r"<!-- example: (\S+) -->\n *```\w+\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, str]:
    """The files that the page shows, by name."""
    found = _EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    return {name: re.sub(r"^   ", "", text, flags=re.MULTILINE) for name, text in found}


def test_the_documented_folder_is_read(tmp_path: Path) -> None:
    files = examples()
    drop = tmp_path / "drop" / "acme"
    drop.mkdir(parents=True)
    (tmp_path / "acme.yaml").write_text(files.pop("acme.yaml"))
    for name, text in files.items():
        (drop / name).write_text(text)
    people = (drop / "people-2026-06.csv").read_bytes()
    (drop / "people-2026-06.csv.sha256").write_text(f"{hashlib.sha256(people).hexdigest()}  people-2026-06.csv\n")
    for path in drop.iterdir():
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 60))
    (tenant,) = load_tenants(tmp_path, environ={}).tenants
    shelf = Shelf(tmp_path / "evidence")
    receipts = collect_source(tenant, "file", Stores(shelf.store, shelf.ledger), {})
    assert {receipt.stream: receipt.outcome for receipt in receipts} == dict.fromkeys(
        ["file.person", "file.training", "file.key_card"], Outcome.COMPLETE
    )
    records = {
        receipt.stream: [decode(line) for line in shelf.store.get("acme", receipt.records_sha256 or "").splitlines()]
        for receipt in receipts
    }
    assert [record["id"] for record in records["file.training"]] == ["1001/security basics", "1002/security basics"]
    assert records["file.training"][0]["body"]["completed_on"] == "2026-03-14"
    assert records["file.key_card"][1]["body"]["returned_on"] == "2026-05-31"


def test_the_documented_columns_are_those_that_are_known() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for spec in STREAMS:
        (row,) = re.findall(rf"^\| `{spec.name.removeprefix('file.')}` \|.*$", text, re.MULTILINE)
        assert {*re.findall(r"`(\w+)`", row)} - {spec.name.removeprefix("file.")} >= {*spec.columns}


def test_an_old_list_of_people_makes_a_check_of_leavers_unknown(tmp_path: Path) -> None:
    """Kushim reads it today, and still does not know who left."""
    found = {}
    for days in (1, 40):
        home = tmp_path / str(days)
        (home / "drop").mkdir(parents=True)
        path = home / "drop" / "people.csv"
        path.write_text("person_id,email,end_date\np1,ann@acme.test,2026-01-01\n")
        moment = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(path, (moment, moment))
        found[days] = _verdict(home)
    assert found == {1: ("FAIL", None), 40: ("UNKNOWN", "stale")}


def _verdict(home: Path) -> tuple[str, str | None]:
    given = {"source": "file", "name": "hr", "folder": "drop", "files": [{"stream": "person", "path": "people.csv"}]}
    drop = FileConnection.model_validate(given).below(home)
    tenant = TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "connections": []})
    tenant = tenant.model_copy(update={"connections": (drop,)})
    shelf = Shelf(home / "evidence")
    okta = [Unit("acme", "okta:acme", "okta", "acme", stream) for stream in ("okta.user", "okta.event")]
    user = {"status": "ACTIVE", "profile": {"login": "ann@acme.test", "email": "ann@acme.test"}}
    now = datetime.now(UTC)
    for unit in okta:
        shelf.collect(unit, {"u1": user} if unit.stream == "okta.user" else {}, at=now - timedelta(minutes=5))
    collect_source(tenant, "file", Stores(shelf.store, shelf.ledger), {})
    ours = catalogue()
    with open_writer(f"duckdb:///{home / 'w.duckdb'}") as warehouse:
        at = now - timedelta(days=1)
        units = [*okta, *expected_units(tenant)]
        register(warehouse, [tenant], units, lambda policy: resolve(ours.policy, policy), at=at)
        land(warehouse, shelf.store, shelf.ledger)
        set_clock(warehouse, datetime.now(UTC))
        build_facts(warehouse, ours, ["tenant_policy", "okta_leaver", "kushim_exception", "kushim_tenant"])
        judge(warehouse, ours, ["OKTA-LIF-001"])
        sql = "SELECT status, reason FROM verdict.check_result WHERE check_id = 'OKTA-LIF-001' AND valid_to IS NULL"
        ((status, reason),) = warehouse.query(sql).rows
    return status, reason if status == "UNKNOWN" else None
