"""`kushim quarantine` over real evidence: what was set aside, why, and the answer that it stands in."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kushim_pipeline.catalogue.load import SQL_ROOT, load_facts
from kushim_pipeline.cli import cli
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import open_writer

UNIT = Unit("acme", "github:acme", "github", "acme", "github.member", "global")
PAGES = (b'[{"login":"ada"}]', b'[{"login":"bob","name":"\\ud800"}]')


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which one member of two pages was set aside, and one fact."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings.read({"KUSHIM_HOME": str(home)})
    store = open_stores(settings).evidence
    collection = Collection(UNIT, store, code_version="1", mask=lambda text: text)
    digests = [collection.keep(page, operation="GET /members", parameters={}, status=200) for page in PAGES]
    collection.record("ada", {"login": "ada"}, evidence=digests[0])
    collection.unreadable("bob", Reason.QUARANTINED, "GET /members", "half a surrogate")
    collection.unreadable("cleo", Reason.DENIED, "GET /members", "no")
    receipt = collection.finish()
    unit = ("acme", "github:acme", "github", "acme", "github.member", "global")
    with open_writer(settings.warehouse_url) as warehouse:
        warehouse.load("verdict.tenant", ["tenant_id"], [("acme",), ("beta",)])
        columns = ["tenant_id", "connection_id", "source", "account_id", "stream", "scope"]
        warehouse.load("raw.unit", [*columns, "valid_from"], [(*unit, receipt.started_at)])
        common = (
            *unit,
            "partial",
            True,
            2,
            1,
            receipt.started_at,
            receipt.finished_at,
            "1",
            "c",
            1,
            receipt.started_at,
        )
        warehouse.load(
            "raw.receipt",
            [*columns, "outcome", "lists_all", "pages", "records", "started_at", "finished_at", "code_version",
             "contents_sha256", "ledger_sequence", "recorded_at", "collection_id", "receipt_sha256", "superseded_at"],
            [(*common, receipt.collection_id, write_receipt(store, receipt), None),
             (*common, "older", "0" * 64, receipt.started_at)],
        )  # fmt: skip
        errors = [
            (e.resource_id, e.reason.value, e.operation, e.message, receipt.collection_id) for e in receipt.errors
        ]
        warehouse.load(
            "raw.receipt_error",
            ["tenant_id", "connection_id", "stream", "scope", "resource_id", "reason", "operation", "message",
             "collection_id"],
            [("acme", "github:acme", "github.member", "global", *error)
             for error in (*errors, ("dan", "quarantined", "GET /members", "long ago", "older"))],
        )  # fmt: skip
        member = load_facts(SQL_ROOT / "facts")["github_member"]
        warehouse.derive("facts.github_member", f"SELECT f.*, NULL AS unreadable FROM ({member.sql}) AS f")
        row = ("acme", "github:acme", "global", "eve")
        warehouse.load(
            "facts.quarantine",
            ["fact_table", "tenant_id", "connection_id", "scope", "resource_id", "missing"],
            [("github_member", *row, "is_owner without_2fa")],
        )
        build_marts(warehouse)
        warehouse.publish()
    return home


def kushim(home: Path, *args: str) -> Result:
    return CliRunner(env={"KUSHIM_HOME": str(home), "KUSHIM_WAREHOUSE_URL": ""}).invoke(cli, ["quarantine", *args])


def test_each_record_is_named_with_the_answer_that_it_stands_in(home: Path) -> None:
    found: list[dict[str, Any]] = json.loads(kushim(home, "--format", "json").stdout)
    assert [(row["resource_id"], row["where"], row["reason"]) for row in found] == [
        ("bob", "GET /members", "half a surrogate"),
        ("eve", "facts.github_member", "no usable is_owner, without_2fa"),
    ]
    first = found[0]
    assert (first["tenant_id"], first["source"], first["stream"]) == ("acme", "github", "github.member")
    environ = {"KUSHIM_HOME": str(home), "KUSHIM_WAREHOUSE_URL": ""}
    page = open_stores(Settings.read(environ)).evidence.get("acme", first["evidence_sha256"])
    assert page == PAGES[1]
    assert len(first["receipt_sha256"]) == 64


def test_nothing_set_aside_is_told_from_a_mistyped_tenant(home: Path) -> None:
    assert json.loads(kushim(home, "--tenant", "beta", "--format", "json").stdout) == []
    assert len(json.loads(kushim(home, "--tenant", "acme", "--tenant", "beta", "--format", "json").stdout)) == 2
    done = kushim(home, "--tenant", "acmee")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no tenant acmee here" in done.stderr
