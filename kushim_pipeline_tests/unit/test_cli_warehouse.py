"""`kushim warehouse …` as a person meets it: lines, exit codes, and no secret in anything that is said."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kushim_pipeline.cli import cli
from kushim_pipeline.commands.warehouse_work import target_url
from kushim_pipeline.warehouse import WarehouseAway, open_writer

PASSWORD = "hunter2-secret"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUSHIM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUSHIM_WAREHOUSE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kushim(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["warehouse", *arguments])


def test_migrate_says_each_step_then_that_there_is_nothing_to_do(here: Path) -> None:
    dry = kushim("migrate", "--dry-run")
    assert dry.exit_code == 0 and "002_rollups" in dry.stdout and "taken back" in dry.stdout
    assert not (here / "home/warehouse").exists()
    assert "steps applied" in kushim("migrate").stdout
    assert "nothing to do" in kushim("migrate").stdout


def test_check_is_0_when_sound_and_1_when_not(here: Path) -> None:
    kushim("migrate")
    sound = kushim("check")
    assert sound.exit_code == 0, sound.output
    assert all(line.startswith(("ok ", "not looked at ")) for line in sound.stdout.splitlines())
    with open_writer(f"duckdb:///{here / 'home/warehouse/kushim.duckdb'}") as warehouse:
        warehouse.query("INSERT INTO verdict.tenant VALUES (?, 'x')", ("a\x1b[31mb",))
    broken = kushim("check")
    assert broken.exit_code == 1
    (line,) = (line for line in broken.stdout.splitlines() if line.startswith("BROKEN"))
    assert "verdict.tenant has 1 rows of a\\x1b[31mb" in line
    found = json.loads(kushim("check", "--format", "json").stdout)
    assert [one["rule"] for one in found if one["state"] == "BROKEN"] == ["tenants"]


def test_a_copy_goes_to_a_url_from_the_environment_and_into_the_trail(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kushim("migrate")
    monkeypatch.setenv("NEW_PLACE", f"duckdb:///{here / 'new.duckdb'}")
    done = kushim("copy", "--to", "env:NEW_PLACE")
    assert done.exit_code == 0, done.output
    assert "both sides hold the same" in done.stdout
    assert "warehouse.copy" in (here / "home/trail/ledger/trail.jsonl").read_text()
    again = kushim("copy", "--to", "env:NEW_PLACE")
    assert again.exit_code == 0  # there was nothing in it to overwrite


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg2://ann:{PASSWORD}@db.test/kushim",
        f"postgresql+psycopg2://ann:{PASSWORD}/x@db.test/kushim",
        f"postgresql+psycopg2://db.test/kushim?password={PASSWORD}",
        f"postgresql+psycopg2://[{PASSWORD}@db.test/kushim",
        f"mysql://ann:{PASSWORD}@db.test/kushim",
        f"env:{PASSWORD}",
    ],
)  # fmt: skip
def test_a_password_in_an_argument_is_refused(here: Path, url: str) -> None:
    refused = kushim("copy", "--to", url)
    assert refused.exit_code == 2
    assert "env:" in refused.output
    if not url.startswith("env:"):
        assert PASSWORD not in refused.output


def test_a_url_without_a_password_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg2://ann@db.test:5433/kushim?sslmode=verify-full"
    assert target_url(url) == url
    monkeypatch.setenv("PLACE", f"postgresql+psycopg2://ann:{PASSWORD}@db.test/kushim")
    assert target_url("env:PLACE").endswith("@db.test/kushim")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg2://ann:{PASSWORD}@127.0.0.1:1/kushim",
        f"postgresql+psycopg2://ann:x@{PASSWORD}@127.0.0.1:1/kushim",
        f"postgresql+psycopg2://ann:{PASSWORD}/x@127.0.0.1:1/kushim",
        f"postgresql+psycopg2://ann:x@127.0.0.1:1/kushim?nonsense={PASSWORD}",
        f"postgresql+psycopg2://ann:%zz{PASSWORD}@127.0.0.1:1/kushim",
    ],
)  # fmt: skip
def test_no_message_about_a_server_that_is_away_holds_the_password(url: str) -> None:
    with pytest.raises(WarehouseAway) as away, open_writer(url):
        pass
    assert PASSWORD not in str(away.value)


def test_export_wants_both_ends_of_a_window(here: Path) -> None:
    refused = kushim("export", "--tenant", "acme", "--from", "2026-01-01", "a.duckdb")
    assert refused.exit_code == 2
    assert "two ends" in refused.output
