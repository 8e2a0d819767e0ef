"""Every object of the warehouse is open to exactly the roles that roles.py names, by privilege and by trying."""

import psycopg2
import pytest

from kushim_pipeline.access import roles
from kushim_pipeline.access.roles import Role, may_call, may_read
from kushim_pipeline_tests.integration.access.company import Company
from kushim_pipeline_tests.unit.test_docs import ROOT

OURS = "('pg_catalog', 'information_schema', 'pg_toast')"


def relations(company: Company) -> list[str]:
    return [
        row[0]
        for row in company.owner(
            "SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            f"WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT IN {OURS} ORDER BY 1"
        )
    ]


@pytest.mark.parametrize("role", list(Role))
def test_privileges_are_those_of_the_table_of_roles(company: Company, role: Role) -> None:
    given = company.owner(
        "SELECT n.nspname || '.' || c.relname, "
        "has_schema_privilege(%s, n.oid, 'USAGE') AND has_table_privilege(%s, c.oid, 'SELECT'), "
        "has_table_privilege(%s, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') "
        "OR has_any_column_privilege(%s, c.oid, 'INSERT, UPDATE, REFERENCES') "
        "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        f"WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN {OURS}",
        *(role.group,) * 4,
    )
    assert given == [(table, role in may_read(table), False) for table, _, _ in given]


@pytest.mark.parametrize("role", list(Role))
def test_nothing_of_the_owners_room_is_open(company: Company, role: Role) -> None:
    for room, usable in company.owner(
        "SELECT nspname, has_schema_privilege(%s, oid, 'USAGE') FROM pg_namespace WHERE nspname IN ('access', 'vault')",
        role.group,
    ):
        assert not usable, room
    assert company.owner(
        "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'access'::regnamespace "
        "AND c.relkind IN ('r', 'S') AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(%s, c.oid, "
        "'USAGE, SELECT, UPDATE') ELSE has_table_privilege(%s, c.oid, 'SELECT, INSERT, UPDATE, DELETE') END",
        role.group, role.group,
    ) == []  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_single_columns_are_open_only_where_the_table_of_roles_says_so(company: Company, role: Role) -> None:
    found = {
        row[0]
        for row in company.owner(
            "SELECT n.nspname || '.' || c.relname || '.' || a.attname FROM pg_attribute AS a "
            "JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            f"WHERE a.attnum > 0 AND c.relkind IN ('r', 'p', 'v') AND n.nspname NOT IN {OURS} "
            "AND has_column_privilege(%s, c.oid, a.attnum, 'SELECT') AND NOT has_table_privilege(%s, c.oid, 'SELECT')",
            role.group, role.group,
        )
    }  # fmt: skip
    assert found == ({"verdict.evaluation.as_of"} if role in may_read("verdict.evaluation.as_of") else set())


@pytest.mark.parametrize("role", list(Role))
def test_functions_are_those_of_the_table_of_roles(company: Company, role: Role) -> None:
    for name, callable_ in company.owner(
        "SELECT n.nspname || '.' || p.proname, has_schema_privilege(%s, n.oid, 'USAGE') "
        "AND has_function_privilege(%s, p.oid, 'EXECUTE') "
        f"FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname NOT IN {OURS}",
        role.group, role.group,
    ):  # fmt: skip
        assert callable_ == (role in may_call(name)), name


@pytest.mark.parametrize("role", list(Role))
def test_a_person_of_each_role_is_answered_and_refused_as_the_table_says(company: Company, role: Role) -> None:
    with company.person(role) as person:
        for table in relations(company):
            if table == "access.entry_number":
                continue
            if role in may_read(table):
                person.rows(f"SELECT * FROM {table} LIMIT 1")
            else:
                assert "permission denied" in person.refusal(f"SELECT * FROM {table} LIMIT 1")
            with pytest.raises(psycopg2.Error):
                person.rows(f"DELETE FROM {table}")


def test_the_roles_group_grants_no_more_than_its_members_need(company: Company) -> None:
    for (table,) in company.owner(
        "SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        f"WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname NOT IN {OURS} "
        "AND has_table_privilege('kushim_person', c.oid, 'SELECT')"
    ):
        assert may_read(table) == frozenset(Role), table


def test_the_walls_have_no_gap_that_access_made(company: Company) -> None:
    gaps = company.owner("SELECT object, gap FROM ops.wall_gaps() WHERE object NOT LIKE 'vault.%%'")
    assert [gap for gap in gaps if not gap[0].startswith(("login", "role", "database", "schema public"))] == []


def test_the_page_shows_the_table_of_roles() -> None:
    assert roles.table() in (ROOT / "docs" / "access.md").read_text("utf-8")


def test_an_operator_of_any_tenant_reads_one_at_a_time(company: Company) -> None:
    with company.person(Role.OPERATOR, "*") as person:
        tenants = "SELECT DISTINCT tenant_id FROM raw.receipt"
        assert person.rows(tenants) == [("acme",)]
        person.rows("SELECT ops.enter('globex')")
        assert person.rows(tenants) == [("globex",)]
        assert person.one("SELECT count(*) FROM mart_v1.source_health") > 0


def test_a_compliance_manager_sees_all_of_one_tenant(company: Company) -> None:
    with company.person(Role.COMPLIANCE_MANAGER) as person:
        for table in (
            "verdict.check_result", "verdict.check_status", "verdict.freshness", "verdict.daily_change", "raw.record",
            "raw.receipt", "raw.receipt_error", "raw.unit", "facts.aws_iam_user", "verdict.tenant_framework",
        ):  # fmt: skip
            everything = company.owner(f"SELECT count(*) FROM {table} WHERE tenant_id = 'acme'")[0][0]
            assert person.one(f"SELECT count(*) FROM {table}") == everything > 0, table
            assert person.rows(f"SELECT DISTINCT tenant_id FROM {table}") == [("acme",)]
        assert "arn:aws:iam::111122223333:user/alice" in {
            row[0] for row in person.rows("SELECT resource_id FROM mart_v1.check_result")
        }
