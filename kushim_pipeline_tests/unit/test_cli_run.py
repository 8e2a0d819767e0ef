"""What `kushim run` makes of the pipeline's answer: who runs, what is said, and with which exit code it ends.

The pipeline itself is tested end to end; here its answer is given.
"""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kushim_pipeline.cli import cli


def tenant_file(tenant: str, source: str = "{source: github, org: acme, token: env:TOKEN}") -> str:
    return f"tenant: {tenant}\nname: {tenant}\nconnections:\n  - {source}\n"


class Pipeline:
    """Stands for the pipeline: notes what it is asked for and gives the answer that the test sets."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[str]]] = []
        self.full: list[bool] = []
        self.answer = SimpleNamespace(ok=True, messages=["3 tenants judged"])

    def run_pipeline(self, settings: Any, tenants: Any, sources: Any, on_progress: Any, *, full: bool) -> Any:
        self.full.append(full)
        self.asked.append(([tenant.tenant for tenant in tenants], list(sources)))
        on_progress("collecting")
        return self.answer


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    stand_in = Pipeline()
    monkeypatch.setitem(sys.modules, "kushim_pipeline.defs.run", stand_in)  # type: ignore[arg-type]
    return stand_in


@pytest.fixture
def run(tmp_path: Path) -> Any:
    tenants = tmp_path / "tenants"
    tenants.mkdir()
    (tenants / "acme.yaml").write_text(tenant_file("acme"))
    (tenants / "beta.yaml").write_text(
        tenant_file("beta", '{source: aws, account_id: "123456789012", regions: [us-east-1]}')
    )
    environ = {"KUSHIM_HOME": str(tmp_path / "data"), "KUSHIM_TENANTS": str(tenants), "TOKEN": "t0ken"}

    def invoke(*args: str, **files: str) -> Result:
        for name, text in files.items():
            (tenants / f"{name}.yaml").write_text(text)
        return CliRunner(env=environ).invoke(cli, ["run", *args])

    return invoke


def test_all_tenants_run_and_what_happens_is_told(run: Any, pipeline: Pipeline) -> None:
    done = run()
    assert done.exit_code == 0
    assert pipeline.asked == [(["acme", "beta"], [])]
    assert done.stderr == "collecting\n3 tenants judged\n"


def test_chosen_tenants_and_sources_reach_the_pipeline(run: Any, pipeline: Pipeline) -> None:
    assert run("--tenant", "beta", "--source", "aws").exit_code == 0
    assert run("--tenant", "beta", "--tenant", "acme", "--source", "aws", "--source", "github").exit_code == 0
    assert pipeline.asked == [(["beta"], ["aws"]), (["acme", "beta"], ["aws", "github"])]


def test_everything_is_read_anew_only_if_somebody_says_so(run: Any, pipeline: Pipeline) -> None:
    assert run().exit_code == run("--full").exit_code == run("--full", "--tenant", "acme").exit_code == 0
    assert pipeline.full == [False, True, True]


def test_a_refused_tenant_ends_with_one_and_the_others_run(run: Any, pipeline: Pipeline) -> None:
    done = run(gamma=tenant_file("gamma").replace("org", "orgg"))
    assert done.exit_code == 1
    assert pipeline.asked == [(["acme", "beta"], [])]
    assert "gamma.yaml:4: (tenant gamma) connection 1 (github): unknown key orgg; write org" in done.stderr


def test_anothers_mistake_does_not_concern_a_chosen_tenant(run: Any, pipeline: Pipeline) -> None:
    done = run("--tenant", "acme", gamma=tenant_file("gamma").replace("org", "orgg"))
    assert done.exit_code == 0
    assert "gamma" not in done.stderr


def test_a_refused_and_a_right_tenant_are_chosen(run: Any, pipeline: Pipeline) -> None:
    done = run("--tenant", "acme", "--tenant", "gamma", gamma=tenant_file("gamma").replace("org", "orgg"))
    assert done.exit_code == 1
    assert pipeline.asked == [(["acme"], [])]


def test_a_pipeline_that_could_not_ends_with_one(run: Any, pipeline: Pipeline) -> None:
    pipeline.answer = SimpleNamespace(ok=False, messages=["the warehouse is away"])
    done = run()
    assert done.exit_code == 1
    assert "the warehouse is away" in done.stderr


@pytest.mark.parametrize(
    "args", [["--tenant", "nobody"], ["--source", "nothing"], ["--tenant", "acme", "--source", "aws"]]
)
def test_nothing_runs_for_unknown_names(run: Any, pipeline: Pipeline, args: list[str]) -> None:
    assert run(*args).exit_code == 2
    assert pipeline.asked == []
