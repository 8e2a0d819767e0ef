"""Nothing is read without a live grant, an entry that is committed to the log, and the tenant that was entered."""

from contextlib import closing

import psycopg2
import pytest

from kushim_pipeline.access.grants import entries, grants, revoke, revoke_all
from kushim_pipeline.access.roles import Role
from kushim_pipeline.warehouse.session import AccessDenied, enter, is_person
from kushim_pipeline_tests.integration.access.company import Company, day
from kushim_pipeline_tests.postgres import as_login, connect

COUNT = "SELECT count(*) FROM mart_v1.check_result_history"


def test_a_session_that_has_not_entered_reads_nothing(company: Company) -> None:
    given = company.grant(Role.COMPLIANCE_MANAGER)
    with company.session(given.login) as person:
        assert "no tenant is set" in person.refusal(COUNT)
        person.rows("SELECT set_config('app.tenant', 'acme', false)")
        assert "has not entered a tenant" in person.refusal(COUNT)
        person.rows("SELECT set_config('app.entry', '1', false)")
        # Another session's number proves nothing.
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ObjectNotInPrerequisiteState)):
            person.rows(COUNT)


def test_every_session_that_reads_is_in_the_log(company: Company) -> None:
    with company.person(Role.AUDITOR) as person:
        assert person.one(COUNT) > 0
        pid = person.one("SELECT pg_backend_pid()")
        found = entries(company.settings, login=person.login)
        row = dict(zip(found.columns, found.rows[0], strict=True))
        assert len(found.rows) == 1
        assert (row["tenant_id"], row["role"], row["backend_pid"], row["grant_id"]) == (
            "acme", "auditor", pid, person.grant_id,
        )  # fmt: skip
        assert row["client_address"].startswith("127.0.0.1")


def test_nothing_is_read_in_the_transaction_of_the_entry(company: Company) -> None:
    """A rollback would take the entry out of the log, and leave what was read."""
    given = company.grant(Role.COMPLIANCE_MANAGER)
    with company.session(given.login) as person:
        person.rows("BEGIN")
        person.rows("SELECT ops.enter('acme')")
        assert "not committed yet" in person.refusal(COUNT)
        person.rows("ROLLBACK")
        assert "no tenant is set" in person.refusal(COUNT)
        person.rows("BEGIN; SAVEPOINT a; SELECT ops.enter('acme'); RELEASE a")
        assert "not committed yet" in person.refusal(COUNT)
        person.rows("ROLLBACK; BEGIN; SELECT ops.enter('acme'); ROLLBACK")
        person.rows("SELECT set_config('app.tenant', 'acme', false), set_config('app.entry', '999999', false)")
        assert "not in the log" in person.refusal(COUNT)
    assert entries(company.settings, login=given.login).rows == []


def test_an_entry_is_for_one_tenant(company: Company) -> None:
    given = company.grant(Role.AUDITOR, "acme")
    company.grant(Role.AUDITOR, "globex", login=given.login)
    with company.session(given.login, "acme") as person:
        assert {row[0] for row in person.rows("SELECT tenant_id FROM mart_v1.check_result")} == {"acme"}
        person.rows("SELECT set_config('app.tenant', 'globex', false)")
        assert "has entered acme, not globex" in person.refusal(COUNT)
        person.rows("SELECT ops.enter('globex')")
        assert {row[0] for row in person.rows("SELECT tenant_id FROM mart_v1.check_result")} == {"globex"}
        person.rows("SELECT set_config('app.tenant', 'acme', false)")
        assert "has entered globex" in person.refusal(COUNT)
    assert [row[3] for row in entries(company.settings, login=given.login).rows] == ["globex", "acme"]


def test_who_is_granted_one_tenant_enters_no_other(company: Company) -> None:
    given = company.grant(Role.AUDITOR, "globex")
    with company.session(given.login) as person:
        for tenant in ("acme", "no-such-tenant"):
            assert f"has no grant for the tenant {tenant}" in person.refusal(f"SELECT ops.enter('{tenant}')")
        for word in ("'*'", "''", "NULL", "'Acme'"):
            with pytest.raises(psycopg2.errors.InvalidParameterValue):
                person.rows(f"SELECT ops.enter({word})")


def test_access_ends_by_itself(company: Company) -> None:
    with company.person(Role.AUDITOR) as person:
        assert person.one(COUNT) > 0
        company.owner("UPDATE access.grants SET expires_at = %s WHERE grant_id = %s", day(-1), person.grant_id)
        assert "ended on" in person.refusal(COUNT)
        assert "ended on" in person.refusal("SELECT ops.enter('acme')")
    given = company.owner(
        "INSERT INTO access.grants (tenant_id, login, role, granted_by, expires_at) "
        "VALUES ('acme', %s, 'viewer', 'test', now() - interval '1 second') RETURNING grant_id",
        company.grant(Role.VIEWER, "globex").login,
    )
    assert given


def test_a_transaction_that_began_in_time_ends_in_time(company: Company) -> None:
    with company.person(Role.COMPLIANCE_MANAGER) as person:
        person.rows("BEGIN")
        assert person.one(COUNT) > 0
        company.owner("UPDATE access.grants SET expires_at = clock_timestamp() WHERE grant_id = %s", person.grant_id)
        assert "ended on" in person.refusal(COUNT)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_cannot_outlive_a_revocation(company: Company, level: str) -> None:
    with company.person(Role.COMPLIANCE_MANAGER) as person:
        person.rows(f"BEGIN ISOLATION LEVEL {level}")
        assert "READ COMMITTED only" in person.refusal(COUNT)


def test_a_revocation_holds_for_the_next_statement(company: Company) -> None:
    with company.person(Role.COMPLIANCE_MANAGER) as person:
        assert person.one(COUNT) > 0
        # As somebody who may not end other people's sessions would revoke.
        company.owner(
            "UPDATE access.grants SET revoked_at = now(), revoked_by = 'test' WHERE grant_id = %s", person.grant_id
        )
        assert "was revoked on" in person.refusal(COUNT)
        assert "was revoked on" in person.refusal("SELECT ops.enter('acme')")


def test_revoking_ends_the_sessions_and_shuts_the_login(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        done = revoke(company.settings, person.login)
        assert [one.grant_id for one in done.grants] == [person.grant_id]
        assert done.ended == 1
        with pytest.raises(psycopg2.OperationalError):
            person.rows("SELECT 1")
        with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
            connect(as_login(company.url, person.login))
        assert company.owner("SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", person.login) == [(0,)]
        assert person.login not in {row[0] for row in grants(company.settings).rows}
        assert person.login in {row[0] for row in grants(company.settings, ended=True).rows}


def test_what_is_left_after_a_revocation_stays(company: Company) -> None:
    given = company.grant(Role.AUDITOR, "acme", expires=day(40).date())
    company.grant(Role.AUDITOR, "globex", login=given.login, expires=day(20).date())
    until = "SELECT rolvaliduntil FROM pg_roles WHERE rolname = %s"
    assert company.owner(until, given.login)[0][0].date() == day(41).date()
    revoke(company.settings, given.login, "acme")
    assert company.owner(until, given.login)[0][0].date() == day(21).date()
    with company.session(given.login, "globex") as person:
        assert person.one(COUNT) > 0
        assert "was revoked" in person.refusal("SELECT ops.enter('acme')")


def test_offboarding_takes_everybodys_access_to_the_tenant(company: Company) -> None:
    first = company.grant(Role.VIEWER, "leaving")
    second = company.grant(Role.AUDITOR, "leaving")
    other = company.grant(Role.AUDITOR, "acme", login=second.login)
    taken = revoke_all(company.settings, "leaving").grants
    assert {one.grant_id for one in taken} == {first.grant_id, second.grant_id}
    assert all(one.revoked_at for one in taken)
    assert revoke_all(company.settings, "leaving").grants == ()
    with company.session(other.login, "acme") as person:
        assert person.one(COUNT) > 0


def test_an_auditor_of_two_frameworks_says_which(company: Company) -> None:
    # The catalogue holds one framework's criteria only, so the second grant is written by hand.
    given = company.grant(Role.AUDITOR)
    company.owner(
        "INSERT INTO access.grants (tenant_id, login, role, framework, window_from, window_to, granted_by, expires_at) "
        "SELECT tenant_id, login, role, 'iso27001', window_from, window_to, 'test', expires_at FROM access.grants "
        "WHERE grant_id = %s",
        given.grant_id,
    )
    with company.session(given.login) as person:
        with pytest.raises(
            psycopg2.errors.InvalidParameterValue, match="say for which framework, one of iso27001, soc2"
        ):
            person.rows("SELECT ops.enter('acme')")
        person.rows("SELECT ops.enter('acme', 'iso27001')")
        assert {row[0] for row in person.rows("SELECT check_id FROM mart_v1.check_result")} == {"ZZ-ISO-001"}
        person.rows("SELECT ops.enter('acme', 'soc2')")
        assert "ZZ-ISO-001" not in {row[0] for row in person.rows("SELECT check_id FROM mart_v1.check_result")}


def test_the_log_and_the_grants_cannot_be_changed(company: Company) -> None:
    with company.person(Role.AUDITOR) as person:
        for table in ("ops.access_log", "access.entries", "access.grants", "ops.access_grant"):
            for verb in (
                "UPDATE {} SET login = 'x'",
                "DELETE FROM {}",
                "INSERT INTO {} (login) VALUES ('x')",
                "TRUNCATE {}",
            ):
                with pytest.raises(psycopg2.Error, match="permission denied|cannot|is not a table"):
                    person.rows(verb.format(table))
        assert "permission denied" in person.refusal("SELECT nextval('access.entry_number')")
        assert "permission denied" in person.refusal("SELECT setval('access.entry_number', 1)")
        for change in (
            f"UPDATE access.entries SET login = 'nobody' WHERE login = '{person.login}'",
            f"DELETE FROM access.entries WHERE login = '{person.login}'",
            f"UPDATE access.grants SET expires_at = expires_at + interval '1 day' WHERE login = '{person.login}'",
            f"UPDATE access.grants SET framework = 'iso27001' WHERE login = '{person.login}'",
            f"DELETE FROM access.grants WHERE login = '{person.login}'",
            "TRUNCATE access.entries",
        ):  # not even by a mistake of the owner's
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="append-only"):
                company.owner(change)


def test_people_see_their_own_grants_and_entries_and_an_admin_all(company: Company) -> None:
    with company.person(Role.AUDITOR) as auditor, company.person(Role.ADMIN, "*") as admin:
        for view in ("ops.access_grant", "ops.access_log"):
            assert {row[0] for row in auditor.rows(f"SELECT DISTINCT login FROM {view}")} == {auditor.login}
            assert {auditor.login, admin.login} <= {row[0] for row in admin.rows(f"SELECT login FROM {view}")}
        company.owner("UPDATE access.grants SET expires_at = now() WHERE grant_id = %s", admin.grant_id)
        assert {row[0] for row in admin.rows("SELECT login FROM ops.access_grant")} == {admin.login}
    with company.session(auditor.login) as waiting:  # before any entry too: it says what can be entered
        assert waiting.rows("SELECT tenant_id, framework FROM ops.access_grant") == [("acme", "soc2")]


def test_a_person_becomes_nobody_else(company: Company) -> None:
    roles = [row[0] for row in company.owner("SELECT rolname FROM pg_roles WHERE rolname ~ '^(kushim_|postgres|pg_)'")]
    with company.person(Role.COMPLIANCE_MANAGER) as person:
        if person.one("SELECT current_setting('server_version_num')::integer < 160000"):
            # A member could become its own group before Postgres 16; it gains nothing by it.
            roles = [role for role in roles if role not in ("kushim_person", "kushim_compliance_manager")]
            person.rows("SET ROLE kushim_compliance_manager")
            company.owner("UPDATE access.grants SET expires_at = now() WHERE grant_id = %s", person.grant_id)
            assert "ended on" in person.refusal(COUNT)
            person.rows("RESET ROLE")
        for role in roles:
            assert "permission denied to set role" in person.refusal(f'SET ROLE "{role}"')
        assert "permission denied" in person.refusal("SET SESSION AUTHORIZATION postgres")
        assert "permission denied" in person.refusal("ALTER ROLE current_user VALID UNTIL 'infinity'")
        person.refusal(f"GRANT kushim_admin TO {person.login}")


def test_a_login_with_two_roles_enters_nothing(company: Company) -> None:
    given = company.grant(Role.VIEWER)
    company.owner(f"GRANT kushim_compliance_manager TO {given.login}")
    with company.session(given.login) as person:
        assert "exactly one role" in person.refusal("SELECT ops.enter('acme')")


def test_a_pool_that_resets_its_connections_leaves_nobody_entered(company: Company) -> None:
    with company.person(Role.COMPLIANCE_MANAGER) as person:
        person.rows("DISCARD ALL")
        assert "no tenant is set" in person.refusal(COUNT)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("read_only", [True, False])
def test_a_readers_connection_enters(company: Company, autocommit: bool, read_only: bool) -> None:
    given = company.grant(Role.VIEWER)
    with closing(connect(as_login(company.url, given.login))) as link:
        link.set_session(autocommit=autocommit, readonly=read_only)
        assert is_person(link)
        assert enter(link, "acme").marts == "viewer_v1"
        with link.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM viewer_v1.check_result")
            assert cursor.fetchone()[0] > 0
        if not autocommit:
            link.rollback()
        with pytest.raises(AccessDenied, match="has no grant for the tenant globex"):
            enter(link, "globex")
        with link.cursor() as cursor:  # still where it was
            cursor.execute("SELECT count(*) FROM viewer_v1.check_result")


def test_a_service_sets_its_tenant_and_is_not_logged(company: Company) -> None:
    name = company.grant(Role.VIEWER).login + "svc"
    company.owner(f"CREATE ROLE {name} LOGIN IN ROLE kushim_reader")
    try:
        with closing(connect(as_login(company.url, name))) as link:
            assert not is_person(link)
            assert enter(link, "acme").role is None
            with link.cursor() as cursor:
                cursor.execute(COUNT)
                assert cursor.fetchone()[0] > 0
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute("SELECT ops.enter('acme')")
    finally:
        company.owner(f"DROP ROLE {name}")
