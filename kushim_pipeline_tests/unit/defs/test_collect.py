"""The collecting step: every tenant is recorded for itself, and one's failure is nobody else's."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterEventType, DagsterInstance, ExecuteInProcessResult, RetryPolicy

from kushim_pipeline.collect.run import Progress, Stores
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.defs import collect, names
from kushim_pipeline.defs.graph import build
from kushim_pipeline.defs.roster import follow, range_tags
from kushim_pipeline.evidence.receipt import Outcome, Receipt
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline_tests.fixtures import Shelf
from kushim_pipeline_tests.unit.defs.places import Place

BOTH = ("{source: github, org: o, token: env:T}", '{source: aws, account_id: "111122223333", regions: [us-east-1]}')
RETRIES = 2


class Vendor:
    """Stands in for collect_source: it notes who was asked for, and may blow up."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.asked: list[tuple[str, str]] = []
        self.full: set[bool] = set()
        self.explodes: dict[tuple[str, str], int] = {}
        self.outcome: Outcome | None = None

    def __call__(
        self,
        tenant: TenantConfig,
        source: str,
        stores: Stores,
        environ: Mapping[str, str],
        progress: Progress,
        *,
        full: bool,
    ) -> list[Receipt]:
        key = (tenant.tenant, source)
        self.full.add(full)
        self.asked.append(key)
        if self.explodes.get(key, 0) > 0:
            self.explodes[key] -= 1
            raise RuntimeError("cannot write, token=s3cr3t-s3cr3t")
        unit = Unit(tenant.tenant, f"{source}:1", source, "1", f"{source}.thing")
        receipt = self.shelf.collect(unit, {"r1": {}}, at=datetime.now(UTC), outcome=self.outcome)
        progress(receipt)
        return [receipt]


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    found = Vendor(Shelf(tmp_path / "shelf"))
    monkeypatch.setattr(collect, "collect_source", found)
    monkeypatch.setattr(collect, "RETRY_COLLECTION", RetryPolicy(max_retries=RETRIES))
    return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.tenant("acme", *BOTH)
    place.tenant("beta", *BOTH)
    place.tenant("gamma", BOTH[0])
    return place


@pytest.fixture
def instance(place: Place) -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as found:
        follow(found, place.kushim().roster())
        yield found


def run(place: Place, instance: DagsterInstance, **kwargs: Any) -> ExecuteInProcessResult:
    tags = kwargs.pop("tags", {})
    given = {"tags": {**tags, **({} if "partition_key" in kwargs else range_tags("acme", "gamma"))}}
    definitions = build(kwargs.pop("kushim", place.kushim()))
    job = definitions.resolve_job_def(names.COLLECT)
    return job.execute_in_process(instance=instance, raise_on_error=False, **given, **kwargs)


def recorded(instance: DagsterInstance, run_id: str) -> list[tuple[str, str]]:
    """The partitions that a run has materialised, as (tenant, source)."""
    entries = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    return sorted((str(event.partition), event.asset_key.path[-1]) for event in events if event.asset_key)


ALL = [("acme", "aws"), ("acme", "github"), ("beta", "aws"), ("beta", "github"), ("gamma", "github")]


def test_a_range_is_one_run_in_which_everybody_is_recorded(
    place: Place, instance: DagsterInstance, vendor: Vendor
) -> None:
    result = run(place, instance)
    assert result.success
    assert sorted(vendor.asked) == ALL, "who has no connection to a source is not asked for there"
    assert recorded(instance, result.run_id) == ALL


def test_metadata_are_numbers_and_a_table_without_the_vendors_words(
    place: Place, instance: DagsterInstance, vendor: Vendor
) -> None:
    result = run(place, instance, partition_key="gamma")
    (event,) = [e for e in result.all_events if e.event_type == DagsterEventType.ASSET_MATERIALIZATION]
    metadata = event.materialization.metadata
    assert {key: value.value for key, value in metadata.items() if key != "receipts"} == {
        "units": 1, "complete": 1, "partial": 0, "denied": 0, "failed": 0, "pages": 1, "records": 1, "unreadable": 0,
    }  # fmt: skip
    (row,) = metadata["receipts"].records  # type: ignore[attr-defined]
    assert row.data == {
        "account": "1", "stream": "github.thing", "scope": "global", "outcome": "complete", "records": 1,
        "declared_total": "",
    }  # fmt: skip


@pytest.mark.parametrize(("tags", "full"), [({}, False), ({names.FULL: "true"}, True), ({names.FULL: "no"}, False)])
def test_a_tag_of_the_run_has_everything_read_anew(
    place: Place, instance: DagsterInstance, vendor: Vendor, tags: dict[str, str], full: bool
) -> None:
    assert run(place, instance, partition_key="gamma", tags=tags).success
    assert vendor.full == {full}


def test_sources_can_be_chosen(place: Place, instance: DagsterInstance, vendor: Vendor) -> None:
    assert run(place, instance, asset_selection=[names.evidence("aws")]).success
    assert sorted(vendor.asked) == [("acme", "aws"), ("beta", "aws")]


def test_one_failure_stops_nobody_and_only_it_is_tried_again(
    place: Place, instance: DagsterInstance, vendor: Vendor
) -> None:
    vendor.explodes = {("beta", "aws"): 1}
    result = run(place, instance)
    assert result.success
    assert recorded(instance, result.run_id) == ALL
    assert sorted(vendor.asked) == sorted([*ALL, ("beta", "aws")])


def test_a_failure_that_stays_fails_the_step_and_names_whose_it_is(
    place: Place, instance: DagsterInstance, vendor: Vendor
) -> None:
    vendor.explodes = {("beta", "aws"): 99}
    result = run(place, instance)
    assert not result.success
    assert recorded(instance, result.run_id) == [key for key in ALL if key != ("beta", "aws")]
    assert vendor.asked.count(("beta", "aws")) == 1 + RETRIES
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    text = str(failure.step_failure_data.user_failure_data)
    assert "beta aws" in text
    assert "acme" not in text
    everything = "\n".join(str(entry) for entry in instance.all_logs(result.run_id))
    assert "s3cr3t" not in everything


def test_receipts_that_say_failed_are_data_and_fail_no_run(
    place: Place, instance: DagsterInstance, vendor: Vendor
) -> None:
    vendor.outcome = Outcome.FAILED
    kushim = place.kushim()
    assert run(place, instance, partition_key="gamma", kushim=kushim).success
    assert kushim.read == {("gamma", "github"): False}


def test_a_tenant_whose_file_has_a_mistake_is_left_out(place: Place, instance: DagsterInstance, vendor: Vendor) -> None:
    place.path("beta").write_text("tenant: beta\nname: b\nconections: []\n")
    result = run(place, instance)
    assert result.success
    assert recorded(instance, result.run_id) == [key for key in ALL if key[0] != "beta"]


def test_collecting_only_a_tenant_that_cannot_run_says_why(
    place: Place, instance: DagsterInstance, vendor: Vendor
) -> None:
    place.path("beta").write_text("tenant: beta\nname: b\nconections: []\n")
    result = run(place, instance, partition_key="beta")
    assert not result.success
    assert vendor.asked == []
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert "conections" in str(failure.step_failure_data.user_failure_data)
