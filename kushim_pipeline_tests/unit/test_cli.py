"""The `kushim` command: quick, clear about errors, right about exit codes."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from kushim_pipeline import __version__, cli
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.store import FileStore

HEAVY = (
    "boto3", "botocore", "dagster", "duckdb", "github", "great_expectations", "jira", "moto", "numpy", "okta", "pandas",
    "pydantic", "rich", "sqlalchemy", "yaml",
)  # fmt: skip


def kushim(*args: str, home: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user does, in a process and a folder of its own."""
    known = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "kushim_pipeline.cli", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=home,
        env={**known, "KUSHIM_HOME": str(home / "data"), "KUSHIM_TENANTS": str(home / "tenants"), **environ},
    )


def test_help_imports_nothing_heavy_and_answers_quickly(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['kushim', '--help']\n"
        "from kushim_pipeline.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('loaded', [name for name in {HEAVY} if name in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.endswith("loaded []\n"), done.stdout[-200:]
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_the_public_commands_are_there(tmp_path: Path) -> None:
    out = kushim("--help", home=tmp_path).stdout
    public = "demo run results controls receipts query verify version connections quarantine"
    for command in public.split():
        assert f"\n  {command} " in out
    assert (
        kushim("version", home=tmp_path).stdout
        == kushim("--version", home=tmp_path).stdout
        == f"kushim {__version__}\n"
    )


@pytest.mark.parametrize(
    "args", [["results"], ["receipts"], ["controls", "--framework", "soc2"], ["query", "select 1"]]
)
def test_before_the_first_run_the_reader_is_told_what_to_do(tmp_path: Path, args: list[str]) -> None:
    done = kushim(*args, home=tmp_path)
    assert done.returncode == 1
    assert "kushim demo" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in kushim("results", home=tmp_path, KUSHIM_DEBUG="1").stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["controls", "--framework", "iso27001"], "iso27001 is not in the catalogue yet; it holds soc2"),
        (["controls"], "--framework"),
        (["results", "--status", "PASSED"], "there is no status PASSED here; there is PASS"),
        (["results", "--format", "xml"], "xml"),
        (["reslts"], "reslts"),
        (["query"], "SQL"),
    ],
)
def test_a_wrong_call_ends_with_two(tmp_path: Path, args: list[str], message: str) -> None:
    done = kushim(*args, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def tenant_file(tenant: str, reference: str = "env:TOKEN") -> str:
    connection = f"{{source: github, org: {tenant}, token: {reference}}}"
    return f"tenant: {tenant}\nname: {tenant}\nconnections:\n  - {connection}\n"


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    folder = tmp_path / "tenants"
    folder.mkdir()
    (folder / "acme.yaml").write_text(tenant_file("acme"))
    (folder / "beta.yaml").write_text(tenant_file("beta", reference="hunter2hunter2"))
    return tmp_path


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--tenant", "acm"], "there is no tenant acm here; there is acme"),
        (["--source", "gihub"], "there is no source gihub here; there is github"),
        (["--tenant", "acme", "--source", "aws"], "no tenant that would run has a connection to aws"),
    ],
)
def test_run_refuses_unknown_names(tenants: Path, args: list[str], message: str) -> None:
    done = kushim("run", *args, home=tenants, TOKEN="t0ken-value")
    assert done.returncode == 2
    assert message in done.stderr
    assert "hunter2" not in done.stderr


def test_run_without_a_right_tenant_file_says_where_it_is_wrong(tenants: Path) -> None:
    done = kushim("run", "--tenant", "beta", home=tenants, TOKEN="t0ken-value")
    assert done.returncode == 1
    assert "tenants/beta.yaml:4: (tenant beta) token of connection 1 (github)" in done.stderr
    assert "acme" not in done.stderr
    done = kushim("run", home=tenants)
    assert done.returncode == 1
    assert "tenants/acme.yaml:4:" in done.stderr
    assert "the environment variable TOKEN is not set" in done.stderr


def test_verify_without_evidence_says_so(tmp_path: Path) -> None:
    done = kushim("verify", home=tmp_path)
    assert done.returncode == 1
    assert "no evidence" in done.stderr


def test_verify_names_each_broken_record(tmp_path: Path) -> None:
    evidence = tmp_path / "data" / "evidence"
    FileStore(evidence).put("acme", b"{}")
    Ledger(evidence).append("acme", "receipt", {"receipt": "0" * 64, "stream": "aws.iam_user", "scope": "global"})
    done = kushim("verify", home=tmp_path)
    assert done.returncode == 1
    assert "BROKEN acme: aws.iam_user (global)" in done.stdout
    assert "0" * 64 in done.stdout
    assert kushim("verify", "--tenant", "acmee", home=tmp_path).returncode == 2


def test_verify_of_whole_evidence_ends_with_zero(tmp_path: Path) -> None:
    Ledger(tmp_path / "data" / "evidence").append("acme", "plan", {"units": []})
    done = kushim("verify", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "0 receipts verified, 0 broken records\n")


def test_an_error_shows_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUSHIM_WAREHOUSE_URL", "postgresql+psycopg2://kushim:hunter2@host/db")
    monkeypatch.setenv("ACME_GITHUB_TOKEN", "t0ken-value")
    text = cli.explain(RuntimeError("refused: hunter2 and t0ken-value"))
    assert text == "refused: *** and *** (RuntimeError; KUSHIM_DEBUG=1 shows where)"
    assert cli.explain(ValueError("")).startswith("something went wrong")


def test_an_ascii_terminal_and_a_hostile_file_name_stop_nothing(tenants: Path) -> None:
    os.close(os.open(os.fsencode(tenants / "tenants") + b"/\xff\x1b[31m.yaml", os.O_CREAT))
    done = kushim("run", home=tenants, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 1
    assert "\\x1b[31m.yaml:1: the file is empty" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_settings_mistake_is_one_line(tmp_path: Path) -> None:
    done = kushim("results", home=tmp_path, KUSHIM_WAREHOUSE_URL="mysql://u:hunter2@h/d")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_reaping_where_nothing_ran_says_so(tmp_path: Path) -> None:
    done = kushim("reap", home=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no run has lost its process\n")


def test_reaping_makes_the_pool_that_the_daemons_first_runs_wait_at(tmp_path: Path) -> None:
    from dagster import DagsterInstance

    from kushim_pipeline.defs import names

    assert kushim("reap", home=tmp_path).returncode == 0
    with DagsterInstance.from_config(str(tmp_path / "data" / "dagster")) as instance:
        assert instance.event_log_storage.get_concurrency_info(names.WAREHOUSE).slot_count == 1
