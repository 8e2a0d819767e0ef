"""The README's first check of one's own does what the README says of it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.lint import lint
from kushim_pipeline.catalogue.load import load
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline_tests.unit.verdicts.world import ACCOUNT, day, world

README = Path(__file__).resolve().parents[3] / "README.md"
INSTANCES = Unit("acme", f"aws:{ACCOUNT}", "aws", ACCOUNT, "aws.ec2_instance", "us-east-1")


def own_check(folder: Path) -> str:
    """Write the check where the README says, and return its id."""
    (sql,) = re.findall(r"```sql\n(.*?)```", README.read_text(), re.DOTALL)
    (name,) = re.findall(r"`my-checks/aws/([A-Z0-9-]+)\.sql`", README.read_text())
    assert len(sql.splitlines()) <= 10
    (folder / "aws").mkdir(parents=True)
    (folder / "aws" / f"{name}.sql").write_text(sql)
    return str(name)


def instance(state: str) -> dict[str, object]:
    return {"State": {"Name": state}, "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"}}


CASES: dict[str, tuple[Reason | None, dict[str, str]]] = {
    "whole": (None, {"i-1": "PASS", "i-2": "FAIL"}),
    "denied": (Reason.DENIED, {ACCOUNT: "UNKNOWN:denied"}),
    "incomplete": (Reason.INCOMPLETE, {ACCOUNT: "UNKNOWN:incomplete"}),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What the check says of each case, all judged at once as tenants."""
    folder = tmp_path_factory.mktemp("readme")
    check_id = own_check(folder / "my-checks")
    catalogue = load(extra_checks=folder / "my-checks")
    assert [problem for problem in lint(catalogue) if check_id in str(problem)] == []
    with world(folder, units=(INSTANCES,), tenants=tuple(CASES)) as here:
        bodies = {"i-1": instance("running"), "i-2": instance("stopped")}
        for name, (problem, _) in CASES.items():
            unit = replace(INSTANCES, tenant_id=name)
            here.collect(unit, day(0), {} if problem is Reason.DENIED else bodies, problem=problem)
        here.judge(catalogue.model_copy(update={"checks": {check_id: catalogue.checks[check_id]}}), day(0.1))
        return {name: here.verdicts(check_id, name) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_a_check_of_ten_lines_obeys_law_one(found: dict[str, dict[str, str]], name: str) -> None:
    assert found[name] == CASES[name][1]
