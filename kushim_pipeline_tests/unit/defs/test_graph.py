"""The graph: what it holds, how its lines run, and what loading it costs."""

import difflib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import AssetCheckKey, AssetKey, Definitions

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.run import SOURCES
from kushim_pipeline.defs import names
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.specs import tables_of
from kushim_pipeline_tests.unit.defs import snapshot


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="module")
def definitions(catalogue: Catalogue) -> Definitions:
    return build(Kushim(catalogue))


def ancestors(definitions: Definitions, key: AssetKey) -> set[AssetKey]:
    graph = definitions.resolve_asset_graph()
    found: set[AssetKey] = set()
    pending = [key]
    while pending:
        more = set(graph.get(pending.pop()).parent_keys) - found
        found |= more
        pending.extend(more)
    return found


def test_the_graph_is_the_one_that_was_last_agreed_on(definitions: Definitions) -> None:
    before, now = snapshot.FILE.read_text("utf-8"), snapshot.text(definitions)
    changes = [
        line
        for line in difflib.unified_diff(before.splitlines(), now.splitlines(), "graph.json", "now", n=0, lineterm="")
    ]
    assert not changes, (
        "the asset graph has changed. If that is meant, write the file anew with\n"
        "  .venv/bin/python -m kushim_pipeline_tests.unit.defs.snapshot\n" + "\n".join(changes)
    )


def test_a_framework_reaches_the_evidence_of_every_source(definitions: Definitions) -> None:
    reached = ancestors(definitions, names.framework("soc2"))
    assert {names.evidence("aws"), names.evidence("github"), names.raw("kushim")} <= reached


def test_everything_of_the_catalogue_is_an_asset(definitions: Definitions, catalogue: Catalogue) -> None:
    keys = set(definitions.resolve_asset_graph().get_all_asset_keys())
    assert {names.fact(table) for table in catalogue.facts} <= keys
    assert {names.control(control) for control in catalogue.controls} <= keys
    assert {names.framework(framework) for framework in catalogue.frameworks} <= keys
    assert len(keys) <= 200, "an asset costs 20 ms of CPU a run: streams and checks are rows in metadata"


def test_a_control_stands_on_every_table_that_its_checks_read(definitions: Definitions, catalogue: Catalogue) -> None:
    graph = definitions.resolve_asset_graph()
    for control in catalogue.controls.values():
        parents = set(graph.get(names.control(control.id)).parent_keys)
        assert parents == {names.fact(table) for table in tables_of(catalogue, control)}
        for check in (catalogue.checks[name] for name in control.checks if name in catalogue.checks):
            assert names.fact(check.population) in parents
            for other in check.depends_on:
                assert names.fact(catalogue.checks[other].population) in parents


def test_a_table_of_facts_stands_on_the_sources_of_its_streams(definitions: Definitions, catalogue: Catalogue) -> None:
    graph = definitions.resolve_asset_graph()
    for fact in catalogue.facts.values():
        sources = {stream.split(".")[0] for stream in fact.streams}
        assert set(graph.get(names.fact(fact.table)).parent_keys) == {names.raw(source) for source in sources}


def test_every_layer_is_checked_and_its_checks_block(definitions: Definitions, catalogue: Catalogue) -> None:
    graph = definitions.resolve_asset_graph()
    wanted = {AssetCheckKey(names.raw(source), names.RECEIPTS_CHECK) for source in (*SOURCES, "kushim")}
    wanted |= {AssetCheckKey(names.fact(table), names.FACTS_CHECK) for table in catalogue.facts}
    wanted |= {AssetCheckKey(names.control(control), names.VERDICTS_CHECK) for control in catalogue.controls}
    assert set(graph.asset_check_keys) == wanted
    assert all(graph.get(key).blocking for key in wanted)


def test_a_control_says_its_checks_criteria_and_owner(definitions: Definitions, catalogue: Catalogue) -> None:
    graph = definitions.resolve_asset_graph()
    for control in catalogue.controls.values():
        text = graph.get(names.control(control.id)).description or ""
        for word in (control.title, control.owner, *control.checks, *control.criteria.get("soc2", ())):
            assert word in text


def test_a_check_of_a_users_own_joins_its_control(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = tmp_path / "github"
    folder.mkdir()
    text = catalogue.checks["GH-REPO-001"].path.read_text("utf-8").replace("id: GH-REPO-001", "id: MY-REPO-001")
    (folder / "MY-REPO-001.sql").write_text(text.replace("severity:", "controls: [KC-CM-01]\nseverity:"), "utf-8")
    own = load(extra_checks=tmp_path)
    assert "MY-REPO-001 (" in (
        build(Kushim(own)).resolve_asset_graph().get(names.control("KC-CM-01")).description or ""
    )


def test_loading_the_definitions_is_quick_and_touches_nothing(tmp_path: Path) -> None:
    """Under 4 CPU-seconds for the whole process; no warehouse, no network, no tenant files, no Great Expectations."""
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('the network was touched')\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        "import sys, kushim_pipeline.definitions as d\n"
        "d.defs.get_repository_def().load_all_definitions()\n"
        "heavy = ('great_expectations', 'duckdb', 'pandas', 'boto3', 'botocore', 'github', 'moto', 'okta')\n"
        "print('loaded', [name for name in heavy if name in sys.modules])\n"
    )
    environ = {**os.environ, "KUSHIM_HOME": str(tmp_path / "data"), "KUSHIM_TENANTS": str(tmp_path / "nowhere")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, env=environ
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "loaded []" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4


def test_a_tenant_file_with_a_mistake_does_not_keep_the_definitions_from_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    (tmp_path / "bad.yaml").write_text("tenant: [")
    monkeypatch.setenv("KUSHIM_TENANTS", str(tmp_path))
    build(Kushim(catalogue)).get_repository_def().load_all_definitions()
