"""The README's first check of one's own does what the README says of it."""

import re
from pathlib import Path

import pytest

from kushim_pipeline.catalogue.lint import lint
from kushim_pipeline.catalogue.load import load
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline_tests.unit.verdicts.world import ACCOUNT, World, day, world

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


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (None, {"i-1": "PASS", "i-2": "FAIL"}),
        (Reason.DENIED, {ACCOUNT: "UNKNOWN:denied"}),
        (Reason.INCOMPLETE, {ACCOUNT: "UNKNOWN:incomplete"}),
    ],
)
def test_a_check_of_ten_lines_obeys_law_one(tmp_path: Path, problem: Reason | None, expected: dict[str, str]) -> None:
    check_id = own_check(tmp_path / "my-checks")
    catalogue = load(extra_checks=tmp_path / "my-checks")
    assert [found for found in lint(catalogue) if check_id in str(found)] == []
    with world(tmp_path, units=(INSTANCES,)) as here:
        assert isinstance(here, World)
        bodies = {"i-1": instance("running"), "i-2": instance("stopped")}
        here.collect(INSTANCES, day(0), {} if problem is Reason.DENIED else bodies, problem=problem)
        here.judge(catalogue.model_copy(update={"checks": {check_id: catalogue.checks[check_id]}}), day(0.1))
        assert here.verdicts(check_id) == expected
