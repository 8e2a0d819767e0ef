"""`kushim access`: what it makes of logins, what it refuses, and what it writes down."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from kushim_pipeline.access.grants import AccessRefused, entries, grant, grants, revoke, revoke_all
from kushim_pipeline.access.login import end_sessions
from kushim_pipeline.access.roles import Role
from kushim_pipeline.access.wanted import wanted
from kushim_pipeline.cli import cli
from kushim_pipeline.evidence.trail import Trail
from kushim_pipeline.settings import Settings
from kushim_pipeline.warehouse import open_reader
from kushim_pipeline.warehouse.session import AccessDenied
from kushim_pipeline_tests.integration.access.company import CATALOGUE, Company, window
from kushim_pipeline_tests.postgres import as_login, connect

CANARY = "canary-Zq7-hunter-2"


def run(company: Company, *words: str, url: str | None = None, **environ: str) -> Result:
    settings = {"KUSHIM_WAREHOUSE_URL": url or company.url, "KUSHIM_HOME": str(company.settings.home), **environ}
    return CliRunner().invoke(cli, ["access", *words], env=settings)


def told(company: Company, action: str, login: str) -> list[dict[str, object]]:
    return [
        dict(entry.payload)
        for entry in Trail(company.settings.home).entries()
        if entry.kind == action and entry.payload["login"] == login
    ]


@contextmanager
def role(company: Company, made: str) -> Iterator[str]:
    """A login made by somebody else; gone at the end."""
    name = company.grant(Role.VIEWER).login + "_x"
    company.owner(f"CREATE ROLE {name} LOGIN {made}")
    try:
        yield name
    finally:
        company.owner(f"DROP OWNED BY {name}")
        company.owner(f"DROP ROLE {name}")


def test_a_grant_by_the_command_reads_lists_and_ends(company: Company) -> None:
    login = company.grant(Role.VIEWER).login + "c"
    done = run(
        company, "grant", login, "--role", "auditor", "--tenant", "acme", "--framework", "soc2", "--window",
        window(-200, 100), "--password", "env:ANNS", ANNS=CANARY, KUSHIM_ACTOR="boss",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"{login} is made and may read tenant acme as auditor until" in done.output
    with company.session(login, "acme") as person:
        assert person.one("SELECT count(*) FROM mart_v1.check_result") > 0
    listed = {row["login"]: row for row in json.loads(run(company, "list", "--format", "json").output)}
    assert listed[login]["granted_by"] == "boss"
    assert (listed[login]["state"], listed[login]["framework"], listed[login]["controls"]) == ("live", "soc2", None)
    logged = json.loads(run(company, "log", "--tenant", "acme", "--login", login, "--format", "json").output)
    assert [row["role"] for row in logged] == ["auditor"]
    taken = run(company, "revoke", login, KUSHIM_ACTOR="boss")
    assert taken.exit_code == 0 and f"{login} may no longer read tenant acme as auditor" in taken.output
    assert login not in run(company, "list").output
    assert "revoked" in run(company, "list", "--all", "--format", "csv").output
    assert [entry["actor"] for entry in told(company, "access.grant", login)] == ["boss"]
    assert [entry["tenant_id"] for entry in told(company, "access.revoke", login)] == ["acme"]
    assert isinstance(run(company, "revoke", login).exception, AccessRefused)


def test_a_login_is_bounded_and_its_password_is_kept_as_a_verifier(company: Company) -> None:
    given = company.grant(Role.VIEWER, login=None)
    asked = wanted(given.login, Role.VIEWER, "globex", CATALOGUE)
    grant(company.settings, asked, SecretStr(CANARY))
    row = company.owner(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit, rolpassword, "
        "rolvaliduntil FROM pg_authid WHERE rolname = %s",
        given.login,
    )[0]
    assert row[:6] == (False, False, False, False, False, 5)
    assert row[6].startswith("SCRAM-SHA-256$") and CANARY not in row[6]
    assert row[7] == max(given.expires_at, asked.expires_at)
    with company.session(given.login) as person:
        assert person.one("SHOW statement_timeout") == "5min"
        assert person.one("SHOW idle_in_transaction_session_timeout") == "5min"
    found = company.owner(
        "SELECT datname FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()", f"%{CANARY}%"
    )
    assert found == []


def test_a_password_is_nowhere(company: Company, tmp_path: Path) -> None:
    for path in company.settings.home.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()
    login = company.grant(Role.VIEWER).login
    for where in (CANARY, "env:NOT_SET_ANYWHERE"):
        done = run(company, "grant", login, "--role", "viewer", "--tenant", "globex", "--password", where)
        assert done.exit_code != 0 and CANARY not in done.output + str(done.exception)
    short = run(company, "grant", login, "--role", "viewer", "--tenant", "globex", "--password", "env:S", S="short")
    assert "shorter than 12" in str(short.exception)


def test_one_login_has_one_role_and_one_grant_for_one_thing(company: Company) -> None:
    given = company.grant(Role.AUDITOR)
    with pytest.raises(AccessRefused, match="has this access already"):
        company.grant(Role.AUDITOR, login=given.login)
    with pytest.raises(AccessRefused, match="one role only"):
        company.grant(Role.COMPLIANCE_MANAGER, "globex", login=given.login)
    revoke(company.settings, given.login)
    company.grant(Role.VIEWER, login=given.login)  # after the revocation it may become something else
    with company.session(given.login, "acme") as person:
        assert person.one("SELECT count(*) FROM viewer_v1.check_result") > 0


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("SUPERUSER", "rights of its own"),
        ("BYPASSRLS", "rights of its own"),
        ("CREATEROLE", "rights of its own"),
        ("REPLICATION", "rights of its own"),
        ("IN ROLE kushim_loader", "is a member of kushim_loader"),
        ("IN ROLE kushim_reader", "is a member of kushim_reader"),
        ("IN ROLE pg_read_all_data", "is a member of pg_read_all_data"),
        ("IN ROLE kushim_compliance_manager", "is a member of kushim_compliance_manager"),
    ],
)
def test_a_login_that_is_something_else_becomes_no_person(company: Company, made: str, words: str) -> None:
    with role(company, made) as name:
        with pytest.raises(AccessRefused, match=words):
            company.grant(Role.AUDITOR, login=name)
        assert told(company, "access.grant", name) == []
        assert name not in {row[0] for row in grants(company.settings, ended=True).rows}


def test_a_refused_grant_leaves_no_login_behind(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    login = company.grant(Role.VIEWER).login + "n"

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Trail, "add", full)
    with pytest.raises(OSError, match="no space"):
        company.grant(Role.VIEWER, login=login)
    assert company.owner("SELECT count(*) FROM pg_roles WHERE rolname = %s", login) == [(0,)]
    assert login not in {row[0] for row in grants(company.settings, ended=True).rows}


def test_who_may_not_grant_is_told_who_may(company: Company) -> None:
    with company.person(Role.ADMIN, "*") as person:
        own = replace(company.settings, warehouse_url=as_login(company.url, person.login))
        asked = wanted("somebody", Role.VIEWER, "acme", CATALOGUE)
        with pytest.raises(AccessRefused, match="use the one that migrates the warehouse"):
            grant(own, asked)
        with pytest.raises(AccessRefused, match="use the one that migrates the warehouse"):
            revoke(own, person.login)
        assert {row[0] for row in grants(own).rows} == {row[0] for row in grants(company.settings).rows}
        assert len(entries(own).rows) == len(entries(company.settings).rows)
    viewer = company.grant(Role.VIEWER).login
    own = replace(company.settings, warehouse_url=as_login(company.url, viewer))
    assert {row[0] for row in grants(own).rows} == {viewer}


def test_a_login_that_is_no_superuser_gives_and_takes_access(company: Company) -> None:
    """The one that made the roles: CREATEROLE, a member of the owner, with ADMIN on the roles of persons."""
    if company.owner("SELECT current_setting('server_version_num')::integer < 160000")[0][0]:
        pytest.skip("before Postgres 16 CREATEROLE is enough for everything")
    with role(company, "CREATEROLE") as name:
        company.owner(f"GRANT kushim_owner TO {name}")
        company.owner(f"GRANT kushim_auditor, kushim_viewer TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        own = Company(company.url, replace(company.settings, warehouse_url=as_login(company.url, name)))
        given = own.grant(Role.AUDITOR, login=name + "_p")
        try:
            with company.session(given.login, "acme") as person:
                assert person.one("SELECT count(*) FROM mart_v1.check_result") > 0
                done = revoke(own.settings, given.login)
                assert (done.ended, done.left) == (1, 0)
                with pytest.raises(psycopg2.OperationalError):
                    person.rows("SELECT 1")
            assert company.owner("SELECT pg_has_role(%s, %s, 'USAGE')", name, given.login) == [(False,)]
        finally:
            company.owner(f"DROP ROLE {given.login}")
        with pytest.raises(AccessRefused, match="needs CREATEROLE, and ADMIN"):
            own.grant(Role.OPERATOR, login=name + "_q")


def test_sessions_that_nobody_may_end_are_refused_everything(company: Company) -> None:
    """Where the revoking login did not make the person's, and is no superuser."""
    with company.person(Role.VIEWER) as person, role(company, "") as name:
        with closing(connect(as_login(company.url, name))) as link:
            assert end_sessions(link, person.login) == (0, 1)
        assert person.one("SELECT count(*) FROM viewer_v1.check_result") > 0
        company.owner(f"REVOKE kushim_viewer FROM {person.login}")  # what a revocation does beside
        assert "permission denied" in person.refusal("SELECT count(*) FROM viewer_v1.check_result")


def test_a_duckdb_file_has_no_walls(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, f"duckdb:///{tmp_path / 'w.duckdb'}")
    asked = wanted("ann", Role.VIEWER, "acme", CATALOGUE)
    for call in (
        lambda: grant(settings, asked), lambda: revoke(settings, "ann"),
        lambda: grants(settings), lambda: entries(settings),
    ):  # fmt: skip
        with pytest.raises(AccessRefused, match="one file has no walls.*kushim warehouse export"):
            call()
    assert revoke_all(settings, "acme").grants == ()  # offboarding has nothing to take here
    assert not (tmp_path / "trail").exists()


def test_a_warehouse_without_a_schema_says_so(company: Company, postgres_url: str) -> None:
    with pytest.raises(AccessRefused, match="kushim warehouse migrate"):
        grants(replace(company.settings, warehouse_url=postgres_url))


def test_the_reader_enters_for_a_person(company: Company) -> None:
    given = company.grant(Role.AUDITOR)
    url = as_login(company.url, given.login)
    with open_reader(url, "acme") as reader:
        assert {row[0] for row in reader.query("SELECT DISTINCT tenant_id FROM mart_v1.check_result").rows} == {"acme"}
    assert len(entries(company.settings, login=given.login).rows) == 1
    with pytest.raises(AccessDenied, match="no grant for the tenant globex"), open_reader(url, "globex"):
        pass


def test_the_commands_parse_without_a_database() -> None:
    for words in ([], ["grant", "--help"], ["revoke", "--help"], ["list", "--help"], ["log", "--help"]):
        assert CliRunner().invoke(cli, ["access", *words]).exit_code in (0, 2)


def test_sessions_of_others_are_left_alone(company: Company) -> None:
    with company.person(Role.VIEWER) as leaving, company.person(Role.VIEWER) as staying:
        revoke(company.settings, leaving.login)
        assert staying.one("SELECT count(*) FROM viewer_v1.check_result") > 0
        with pytest.raises(psycopg2.OperationalError):
            leaving.rows("SELECT 1")
