"""`run_pipeline` from tenant files to published marts, against GitHub's stand-in over real HTTP."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.event_log.migration import ASSET_KEY_INDEX_COLS

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.github.streams import STREAMS
from kushim_pipeline.defs import judge as judge_steps
from kushim_pipeline.defs import names
from kushim_pipeline.defs.event_log import kept_engines
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.home import prepare_dagster_home
from kushim_pipeline.defs.lease import of_this_process, renew
from kushim_pipeline.defs.resource import Kushim
from kushim_pipeline.defs.run import RunSummary, run_pipeline
from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, Token, User
from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline.settings import Settings
from kushim_pipeline.warehouse import open_reader, open_writer
from kushim_pipeline_tests.part import judged_by

ALL = len(STREAMS)
PAID = {("github.saml_identity",), ("github.audit_event",), ("github.pat_grant",)}
"""What these organisations' plan and token do not give."""
TOKENS = {"acme": "ghp_acme00000000000000000000000000000001", "beta": "ghp_beta00000000000000000000000000000002"}


def organization(login: str, sound: bool) -> Organization:
    people = tuple(User(f"{login}-{name}", owner=name == "ada", two_factor=sound) for name in ("ada", "bob", "cleo"))
    return Organization(login, people, repositories=(Repository("app"),), two_factor_required=sound)


@dataclass
class Place:
    """A data folder, its tenant files, and what was said while a pipeline ran on them."""

    folder: Path
    part: tuple[str, ...] = ()
    """The sources whose checks are judged; all checks by default, which costs three times as much."""
    said: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        home = self.folder / "home"
        return Settings(home, self.folder / "tenants", f"duckdb:///{home / 'warehouse' / 'kushim.duckdb'}", True)

    def tenant(self, name: str, url: str) -> None:
        self.settings.tenants.mkdir(parents=True, exist_ok=True)
        (self.settings.tenants / f"{name}.yaml").write_text(
            f"tenant: {name}\nname: {name}\nconnections:\n"
            f"  - {{source: github, org: {name}, token: env:TOKEN_{name.upper()}, base_url: {url}}}\n"
        )

    @property
    def catalogue(self) -> Catalogue:
        return judged_by(*self.part) if self.part else load()

    def run(self, tenants: Sequence[str] = (), sources: Sequence[str] = (), *, full: bool = False) -> RunSummary:
        self.said.clear()
        judged = self.catalogue if self.part else None
        return run_pipeline(self.settings, tenants, sources, self.said.append, full=full, catalogue=judged)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with open_reader(self.settings.warehouse_url) as reader:
            return reader.query(sql).rows

    def instance(self) -> DagsterInstance:
        return DagsterInstance.from_config(str(prepare_dagster_home(self.settings)))


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        for name, token in TOKENS.items():
            patch.setenv(f"TOKEN_{name.upper()}", token)
        yield


@pytest.fixture(scope="module")
def github() -> Iterator[Server]:
    server = start(
        Description(
            organizations=(organization("acme", sound=True), organization("beta", sound=False)),
            tokens=tuple(Token(token, owner=name, org=name) for name, token in TOKENS.items()),
        )
    )
    yield server
    server.stop()


def ran(github: Server, folder: Path, *part: str) -> tuple[Place, RunSummary]:
    """Two tenants, run once."""
    place = Place(folder, part)
    place.tenant("acme", github.url)
    place.tenant("beta", github.url)
    return place, place.run()


@pytest.fixture(scope="module")
def first(github: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, RunSummary]:
    """Two tenants, run once, judged by all checks."""
    return ran(github, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def before(github: Server, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two tenants, run once, judged by GitHub's checks alone."""
    place, summary = ran(github, tmp_path_factory.mktemp("before"), "github")
    assert summary == RunSummary(ok=True, messages=())
    return place


@pytest.fixture
def again(before: Place, tmp_path: Path) -> Place:
    """The latter place after its first run, in a folder of the test's own."""
    shutil.copytree(before.folder, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, before.part)


def judged(place: Place) -> dict[tuple[str, str], int]:
    return {
        (tenant, status): count
        for tenant, status, count in place.query(
            "SELECT tenant_id, status, count(*) FROM mart_v1.check_result GROUP BY 1, 2"
        )
    }


def test_failing_controls_fail_no_run(first: tuple[Place, RunSummary]) -> None:
    place, summary = first
    assert summary == RunSummary(ok=True, messages=())
    found = judged(place)
    assert found["beta", "FAIL"] > 0
    assert found["acme", "PASS"] > 0
    assert ("acme", "GH-ORG-001", "PASS") in place.query("SELECT tenant_id, check_id, status FROM mart_v1.check_result")
    assert ("beta", "GH-ORG-001", "FAIL") in place.query("SELECT tenant_id, check_id, status FROM mart_v1.check_result")


def test_whoever_watches_is_told_how_it_goes(first: tuple[Place, RunSummary]) -> None:
    said = "\n".join(first[0].said)
    read = f"{ALL - len(PAID)} of {ALL} streams complete, {len(PAID)} denied"
    for words in (f"acme github: reading {ALL} streams", f"beta github: {read}", f"landed {2 * ALL} receipts",
                  "fact tables", "judged", "all rules hold", "published"):  # fmt: skip
        assert words in said


def test_the_runs_are_in_the_instance_with_every_asset_and_check(first: tuple[Place, RunSummary]) -> None:
    place = first[0]
    graph = build(Kushim(load())).resolve_asset_graph()
    with place.instance() as instance:
        runs = {run.job_name: run for run in instance.get_runs()}
        assert {name: run.status for name, run in runs.items()} == {
            names.COLLECT: DagsterRunStatus.SUCCESS,
            names.JUDGE: DagsterRunStatus.SUCCESS,
        }
        assert instance.get_materialized_partitions(names.evidence("github")) == {"acme", "beta"}
        unpartitioned = {key for key in graph.get_all_asset_keys() if not graph.get(key).is_partitioned}
        missing = {key for key in unpartitioned if instance.get_latest_materialization_event(key) is None}
        assert missing == set()
        records = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(graph.asset_check_keys))
        assert set(records) == set(graph.asset_check_keys)
        assert {record.status.value for record in records.values()} == {"SUCCEEDED"}
        # Each says which materialization it is about: the one of its own run.
        about = [record.event.dagster_event.asset_check_evaluation_data for record in records.values()]
        judging = runs[names.JUDGE].run_id
        assert {found.target_materialization_data.run_id for found in about} == {judging}


def test_numbers_and_a_table_of_checks_stand_on_a_controls_page(first: tuple[Place, RunSummary]) -> None:
    with first[0].instance() as instance:
        event = instance.get_latest_materialization_event(names.control("KC-AC-02"))
        assert event is not None
        assert event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
    assert metadata["tenants"].value == 2
    assert isinstance(metadata["fail"].value, int)
    assert metadata["fail"].value > 0
    rows = {row.data["check"]: row.data for row in metadata["checks"].records}  # type: ignore[attr-defined] # a table
    assert set(rows) == set(load().controls["KC-AC-02"].checks)
    assert rows["GH-ORG-001"]["fail"] == 1
    assert rows["GH-ORG-001"]["pass"] == 1


def test_no_secret_stands_in_any_file(first: tuple[Place, RunSummary]) -> None:
    for path in (path for path in first[0].settings.home.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert not any(token.encode() in data for token in TOKENS.values()), path


def test_dagsters_event_log_is_its_own_again_afterwards(first: tuple[Place, RunSummary]) -> None:
    with first[0].instance() as instance:
        storage = instance.event_log_storage
        before = dict(vars(storage))
        with kept_engines(instance):
            with storage.index_connection() as connection:
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1, "NORMAL"
            for _ in range(2):
                assert storage.has_table("asset_keys")
                assert storage.has_secondary_index(ASSET_KEY_INDEX_COLS)
                assert not storage.has_table("nobodys")
                assert not storage.has_secondary_index("nobodys")
            assert storage.has_asset_key_col("last_materialization")
            assert not storage.has_asset_key_col("nobodys")
        assert {name: value for name, value in vars(storage).items() if name in before} == before
        assert not {"has_table", "_connect"} & vars(storage).keys()


def listed(github: Server, tenant: str, since: int) -> list[int]:
    """How GitHub answered who asked for the list of repositories."""
    return [asked.status for asked in github.ledger[since:] if asked.path == f"/orgs/{tenant}/repos"]


def test_the_same_again_changes_no_verdict_and_writes_no_record(again: Place, github: Server) -> None:
    before, calls = (judged(again), again.query("SELECT count(*) FROM raw.record")), len(github.ledger)
    assert again.run(["beta"], ["github"]).ok
    assert listed(github, "beta", calls) == [304]
    assert (judged(again), again.query("SELECT count(*) FROM raw.record")) == before
    assert f"acme github: reading {ALL} streams" not in again.said
    assert f"landed {ALL} receipts, {ALL - len(PAID)} of them without a change" in again.said


def test_a_corrupt_record_blocks_everything_after_it(again: Place) -> None:
    published = judged(again)
    with open_writer(again.settings.warehouse_url) as warehouse:
        warehouse.script("INSERT INTO raw.record SELECT * FROM raw.record WHERE stream = 'github.organization'")
    summary = again.run(["acme"])
    assert not summary.ok
    assert "github: 2 resources with two current versions (two_versions)" in summary.messages
    assert not any(line.startswith(("built", "judged", "published")) for line in again.said)
    assert judged(again) == published
    (line,) = (again.settings.home / "failures.jsonl").read_bytes().splitlines()
    assert orjson.loads(line)["step"] == "check_receipts"


def test_a_corrupt_fact_blocks_the_judging(again: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    build_facts = judge_steps.build_facts

    def corrupted(warehouse: Any, *args: Any) -> dict[str, int]:
        built = build_facts(warehouse, *args)
        warehouse.script("INSERT INTO facts.github_repository SELECT * FROM facts.github_repository LIMIT 1")
        return built

    monkeypatch.setattr(judge_steps, "build_facts", corrupted)
    summary = again.run(["acme"])
    assert not summary.ok
    assert [m for m in summary.messages if m.startswith("github_repository: 2 rows that share tenant")]
    assert not any(line.startswith(("judged", "published")) for line in again.said)
    with again.instance() as instance:
        key = next(
            k
            for k in build(again_kushim(again)).resolve_asset_graph().asset_check_keys
            if k.asset_key == names.fact("github_repository")
        )
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        assert record.status.value == "FAILED"
    monkeypatch.undo()
    for name, token in TOKENS.items():
        monkeypatch.setenv(f"TOKEN_{name.upper()}", token)
    assert again.run(["acme"]).ok, "and once the cause is gone it works again"


def own_check(folder: Path, sql: str) -> None:
    header = (
        "/*\nid: MY-REPO-001\ntitle: Mine\nseverity: low\nresource_type: github.repository\n"
        "population: github_repository\nstreams: [github.repository]\ncriteria: {soc2: [CC6.1]}\n"
        "controls: [KC-CM-01]\n*/\n"
    )
    (folder / "github").mkdir(parents=True)
    (folder / "github" / "MY-REPO-001.sql").write_text(header + sql)


def test_a_users_own_check_is_judged_with_the_others(
    again: Place, github: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_check(
        again.folder / "checks",
        "SELECT tenant_id, resource_id, 'FAIL' AS status, 'no' AS reason FROM facts.github_repository",
    )
    monkeypatch.setenv("KUSHIM_CHECKS", str(again.folder / "checks"))
    calls = len(github.ledger)
    assert again.run(["acme"], full=True).ok
    assert again.query("SELECT DISTINCT status FROM mart_v1.check_result WHERE check_id = 'MY-REPO-001'") == [("FAIL",)]
    assert listed(github, "acme", calls) == [200], "a full reading asks for everything, whatever is known"


def test_a_check_whose_sql_is_refused_is_told_and_takes_no_other_with_it(
    again: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judged(again)
    own_check(again.folder / "checks", "SELECT tenant_id, nonsense FROM facts.github_repository")
    monkeypatch.setenv("KUSHIM_CHECKS", str(again.folder / "checks"))
    summary = again.run(["acme"])
    assert not summary.ok
    assert [message for message in summary.messages if message.startswith("MY-REPO-001 was not judged")]
    rows = again.query("SELECT DISTINCT status, reason FROM mart_v1.check_result WHERE check_id = 'MY-REPO-001'")
    assert rows == [("UNKNOWN", "incomplete")]
    others = {
        (tenant, status): count
        for tenant, status, count in again.query(
            "SELECT tenant_id, status, count(*) FROM mart_v1.check_result WHERE check_id <> 'MY-REPO-001' GROUP BY 1, 2"
        )
    }
    assert others == before


def test_a_vendor_that_refuses_one_tenant_stops_no_other(again: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_BETA", "ghp_withdrawn")
    summary = again.run()
    assert summary.ok, "something could be read, and what could not is UNKNOWN data"
    assert summary.messages == ("beta github: nothing could be read, see kushim receipts --tenant beta",)
    missing = "SELECT DISTINCT stream FROM mart_v1.receipt WHERE tenant_id = 'acme' AND outcome <> 'complete'"
    assert set(again.query(missing)) == PAID
    outcomes = again.query("SELECT DISTINCT outcome FROM mart_v1.receipt WHERE tenant_id = 'beta'")
    assert set(outcomes) <= {("denied",), ("failed",)}
    statuses = again.query(
        "SELECT DISTINCT status FROM mart_v1.check_result WHERE tenant_id = 'beta' AND check_id LIKE 'GH-%'"
    )
    assert statuses == [("UNKNOWN",)]
    assert not again.run(["beta"]).ok, "where nothing at all can be read the pipeline did not do its work"


def test_a_file_with_a_mistake_is_told_and_the_others_run(again: Place) -> None:
    (again.settings.tenants / "beta.yaml").write_text("tenant: beta\nname: b\nconections: []\n")
    summary = again.run()
    assert not summary.ok
    assert any("conections" in message for message in summary.messages)
    assert f"acme github: reading {ALL} streams" in again.said
    assert judged(again)["beta", "FAIL"] > 0, "what was known of it stays"


def test_a_tenant_without_a_file_is_gone_and_its_evidence_stays(again: Place) -> None:
    (again.settings.tenants / "beta.yaml").unlink()
    assert again.run().ok
    assert again.query("SELECT count(*) FROM raw.unit WHERE tenant_id = 'beta' AND valid_to IS NULL") == [(0,)]
    assert (again.settings.evidence / "ledger" / "beta.jsonl").exists()
    with again.instance() as instance:
        assert instance.get_dynamic_partitions(names.TENANTS) == ["acme"]


def test_a_lost_run_is_closed_and_its_slot_is_free(again: Place) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    job = build(again_kushim(again)).resolve_job_def(names.JUDGE)
    with again.instance() as instance:
        run = instance.create_run_for_job(job, status=DagsterRunStatus.STARTED)
        renew(instance, run.run_id, replace(of_this_process(), pid=process.pid))
        instance.event_log_storage.initialize_concurrency_limit_to_default(names.WAREHOUSE)
        claim = instance.event_log_storage.claim_concurrency_slot(names.WAREHOUSE, run.run_id, "publish")
        assert claim.is_claimed
    assert again.run(["acme"]).ok
    assert f"run {run.run_id[:8]} was cut off earlier and is closed now" in again.said
    with again.instance() as instance:
        assert instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])) == []


def again_kushim(place: Place) -> Kushim:
    return Kushim(place.catalogue, place.settings)


def test_a_part_of_the_graph_is_made_anew_as_of_the_last_evaluation(again: Place) -> None:
    with open_writer(again.settings.warehouse_url) as warehouse:
        clock = warehouse.query("SELECT as_of FROM ops.clock").rows
    job = build(again_kushim(again)).resolve_job_def(names.JUDGE)
    chosen: list[AssetKey] = [names.fact("github_repository"), names.control("KC-CM-01")]
    with again.instance() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=chosen)
    assert result.success
    evaluated = {event.asset_key for event in result.get_asset_materialization_events()}
    assert evaluated == set(chosen)
    checked = {evaluation.asset_key for evaluation in result.get_asset_check_evaluations()}
    assert checked <= set(chosen)
    with open_writer(again.settings.warehouse_url) as warehouse:
        assert warehouse.query("SELECT as_of FROM ops.clock").rows == clock
