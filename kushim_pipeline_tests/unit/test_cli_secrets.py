"""`kushim secrets`: values come from standard input, a prompt or a variable, and are never shown."""

import base64
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kushim_pipeline.cli import cli, explain
from kushim_pipeline.evidence.trail import Trail
from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import WeakKey, open_vault
from kushim_pipeline.vault.table import SECRET
from kushim_pipeline.vault.vault import NoSuchSecret

VALUE = "canary-of-the-command-3e81"
TENANT = """
tenant: acme
name: Acme
connections:
  - {source: github, org: acme, token: secret:github-token}
  - {source: slack, token: env:SLACK_TOKEN}
"""
Run = Callable[..., Result]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "acme.yaml").write_text(TENANT)
    return {"KUSHIM_HOME": str(tmp_path / "home"), "KUSHIM_TENANTS": str(tmp_path / "tenants"), "SLACK_TOKEN": "xoxb"}


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    def run_(*arguments: str, value: str | None = None, **more: str) -> Result:
        return CliRunner(env={**environ, **more}).invoke(cli, ["secrets", *arguments], input=value)

    return run_


def kept(environ: dict[str, str], name: str = "github-token") -> str:
    vault = open_vault(Settings.read(environ), environ)
    try:
        return vault.get("acme", name).get_secret_value()
    finally:
        vault.close()


def test_a_value_from_standard_input(run: Run, environ: dict[str, str]) -> None:
    done = run("set", "github-token", "--tenant", "acme", value=f"{VALUE}\n")
    assert done.exit_code == 0, done.output
    assert "is set (version 1); write secret:github-token in the tenant's file" in done.output
    assert kept(environ) == VALUE
    assert VALUE not in done.output
    assert f"a key that seals evidence and secrets was made in {environ['KUSHIM_HOME']}/keys" in done.output
    assert "was made in" not in run("set", "github-token", "--tenant", "acme", value=VALUE).output


def test_a_value_from_a_variable(run: Run, environ: dict[str, str]) -> None:
    done = run("set", "github-token", "--tenant", "acme", "--from-env", "MINE", MINE=VALUE)
    assert (done.exit_code, kept(environ)) == (0, VALUE)
    assert VALUE not in done.output
    missing = run("set", "github-token", "--tenant", "acme", "--from-env", "NOT_THERE")
    assert missing.exit_code == 2
    assert kept(environ) == VALUE


def test_a_value_that_is_typed_is_not_shown(environ: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kushim_pipeline.cli", "secrets", "set", "github-token", "--tenant", "acme"],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **environ}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    for prompt in (b"value of github-token: ", b"confirmation: "):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1024)
        os.write(ours, f"{VALUE}\n".encode())
    try:
        while more := os.read(ours, 1024):
            shown += more
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, shown
    assert b"is set (version 1)" in shown
    assert VALUE.encode() not in shown
    assert kept(environ) == VALUE


def test_a_value_is_never_an_argument(run: Run) -> None:
    done = run("set", "github-token", VALUE, "--tenant", "acme")
    assert done.exit_code == 2
    assert "unexpected extra argument" in done.output


@pytest.mark.parametrize("value", ["", "\n", "x" * 65_537, b"\xff\xfe"])
def test_what_is_no_value_is_refused(run: Run, environ: dict[str, str], value: str) -> None:
    assert run("set", "github-token", "--tenant", "acme", value=value).exit_code != 0
    with pytest.raises(NoSuchSecret):
        kept(environ)


def test_the_list_shows_everything_but_values(run: Run) -> None:
    run("set", "github-token", "--tenant", "acme", value=VALUE)
    run("set", "github-token", "--tenant", "acme", value=f"{VALUE}-2")
    noted = run("set", "other", "--tenant", "nobody", value=VALUE)
    assert "no tenant file names nobody yet" in noted.output
    [row] = json.loads(run("list", "--tenant", "acme", "--format", "json").output)
    assert list(row) == ["tenant_id", "name", "version", "set_at", "key_id", "wrapped_by"]
    assert (row["tenant_id"], row["name"], row["version"]) == ("acme", "github-token", 2)
    for form in ("table", "csv", "json"):
        shown = run("list", "--format", form)
        assert shown.exit_code == 0
        assert "nobody" in shown.output
        assert VALUE not in shown.output


def test_every_change_is_in_the_trail(run: Run, environ: dict[str, str]) -> None:
    run("set", "github-token", "--tenant", "acme", value=VALUE, KUSHIM_ACTOR="ann")
    run("rotate")
    run("rotate", "--tenant", "acme")
    run("delete", "github-token", "--tenant", "acme")
    entries = list(Trail(Path(environ["KUSHIM_HOME"])).entries())
    assert [entry.kind for entry in entries] == ["secret.set", "keys.rotated", "keys.rotated", "secret.deleted"]
    assert entries[0].payload["actor"] == "ann"
    assert [entry.payload["tenant_id"] for entry in entries] == ["acme", None, "acme", "acme"]
    assert entries[0].payload["version"] == 1
    assert VALUE not in str(entries)


def test_rotation_says_what_it_did(run: Run, environ: dict[str, str]) -> None:
    run("set", "github-token", "--tenant", "acme", value=VALUE)
    assert "is the new key-encryption key, and wraps 1 data keys" in run("rotate").output
    assert "2 older key files are destroyed" in run("rotate", "--retire-old").output
    assert "tenant acme has new data keys, and 1 secrets" in run("rotate", "--tenant", "acme").output
    assert run("rotate", "--tenant", "acme", "--retire-old").exit_code == 2
    assert kept(environ) == VALUE


def test_rotation_of_a_key_of_the_environment_says_who_has_to_act(run: Run) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    run("set", "github-token", "--tenant", "acme", value=VALUE, KUSHIM_KEYS="env:K", K=key)
    done = run("rotate", KUSHIM_KEYS="env:K", K=key)
    assert "to have another, put it into KUSHIM_KEYS" in done.output
    newer = base64.b64encode(os.urandom(32)).decode()
    done = run("rotate", KUSHIM_KEYS="env:K", K=newer, K_PREVIOUS=key)
    assert "wraps 1 more data keys now" in done.output
    assert key not in done.output


def test_check_names_each_reference_that_cannot_be_read(run: Run) -> None:
    done = run("check")
    assert done.exit_code == 1
    assert "acme, github:acme, token: tenant acme has no secret github-token" in done.output
    assert "1 references can be read, 1 things are wrong" in done.output
    run("set", "github-token", "--tenant", "acme", value=VALUE)
    done = run("check")
    assert (done.exit_code, VALUE in done.output) == (0, False)
    assert "2 references can be read, 0 things are wrong" in done.output


def test_check_notices_a_row_that_was_put_back(run: Run, environ: dict[str, str]) -> None:
    run("set", "github-token", "--tenant", "acme", value="old value")
    vault = open_vault(Settings.read(environ), environ)
    with vault.table.reading("acme") as connection:
        assert connection is not None
        old = connection.execute(SECRET.select()).one()
    run("set", "github-token", "--tenant", "acme", value=VALUE)
    with vault.table.writing("acme") as connection:
        connection.execute(SECRET.delete())
        connection.execute(SECRET.insert().values(**old._mapping))
    vault.close()
    assert kept(environ) == "old value"  # the database alone does not tell
    done = run("check")
    assert done.exit_code == 1
    assert "is version 1, but the trail says that version 2 was set later: an older row was put back" in done.output
    run("set", "github-token", "--tenant", "acme", value=VALUE)
    run("delete", "github-token", "--tenant", "acme")
    assert "put back" not in run("check").output


def test_a_shredded_tenant_gets_new_keys_only_when_told(run: Run, environ: dict[str, str]) -> None:
    run("set", "github-token", "--tenant", "acme", value=VALUE)
    vault = open_vault(Settings.read(environ), environ)
    vault.shred("acme")
    vault.close()
    refused = run("set", "github-token", "--tenant", "acme", value=VALUE)
    assert refused.exit_code == 1
    assert isinstance(refused.exception, Exception)
    assert "--new-keys" in explain(refused.exception)
    assert run("set", "github-token", "--tenant", "acme", "--new-keys", value=VALUE).exit_code == 0
    kinds = [entry.kind for entry in Trail(Path(environ["KUSHIM_HOME"])).entries("acme")]
    assert kinds == ["secret.set", "keys.renewed", "secret.set"]


@pytest.mark.parametrize("command", [["check"], ["list"], ["set", "x", "--tenant", "acme"], ["rotate"]])
def test_a_weak_key_stops_every_command_at_the_start(run: Run, environ: dict[str, str], command: list[str]) -> None:
    done = run(*command, value=VALUE, KUSHIM_KEYS="env:K", K=base64.b64encode(b"\x00" * 32).decode())
    assert isinstance(done.exception, WeakKey)
    assert not (Path(environ["KUSHIM_HOME"]) / "vault.sqlite").exists()


def test_a_weak_key_stops_a_run_at_the_start(environ: dict[str, str]) -> None:
    done = CliRunner(env={**environ, "KUSHIM_KEYS": "env:K", "K": "cGFzc3dvcmQ="}).invoke(cli, ["run"])
    assert isinstance(done.exception, WeakKey)
    assert "64 bits, and 256 are needed" in explain(done.exception)
