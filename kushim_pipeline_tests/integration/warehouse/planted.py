"""A Postgres warehouse of many tenants, in which every value says whose it is, and sessions that look around in it."""

import io
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg2

from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.fixtures import AS_OF, catalogue
from kushim_pipeline_tests.postgres import as_login, connect, execute

# Words that all tenants share, so that the marts' joins find partners. Every other value is the tenant's own.
_SHARED = {
    "check_id": "SHARED-001", "status": "FAIL", "stream": "aws.iam_user", "source": "aws", "outcome": "complete",
    "scope": "global", "framework": "soc2", "fact_table": "aws_iam_user",
}  # fmt: skip
_DAY_ZERO = date(1971, 1, 1)
_NUMBER_ZERO = 7_100_000
_MARK = re.compile(r"mark(\d{3})x|\b7100(\d{3})\b|\b(1971-\d\d-\d\d)")

TENANT_TABLES = """
    SELECT n.nspname, c.relname
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('raw', 'facts', 'verdict', 'ops', 'vault') ORDER BY 1, 2
"""


def tenant(number: int) -> str:
    """The id of a planted tenant, which is also its mark."""
    return f"mark{number:03d}x"


def value(number: int, type_: str) -> Any:
    """What stands in a tenant's first row in a column of a type, where the column's word is not shared."""
    if type_ in ("text", "character varying"):
        return f"{tenant(number)}0"
    if type_ in ("bigint", "integer", "numeric", "double precision"):
        return _NUMBER_ZERO + number
    if type_ in ("date", "timestamp with time zone"):
        return (_DAY_ZERO + timedelta(days=number)).isoformat()
    return None


def whose(text: str) -> set[int]:
    """The numbers of the tenants whose values stand in a text."""
    found = set()
    for name, number, day in _MARK.findall(text):
        found.add(int(name or number) if name or number else (date.fromisoformat(day) - _DAY_ZERO).days)
    return found


def build(url: str, tenants: int) -> None:
    """Make the warehouse as Kushim does, and plant three rows a tenant in every table that has tenants.

    Beside Kushim's own tables stand one of the vault's kind and one of the operators', whichever others there are.
    """
    with open_writer(url) as warehouse:
        set_clock(warehouse, AS_OF)
        build_facts(warehouse, catalogue())
        build_marts(warehouse)
    execute(
        url,
        "SET ROLE kushim_owner",
        "CREATE SCHEMA IF NOT EXISTS vault",
        "CREATE TABLE vault.planted (tenant_id VARCHAR NOT NULL, name VARCHAR NOT NULL, PRIMARY KEY (tenant_id, name))",
        "CREATE TABLE ops.planted (tenant_id VARCHAR NOT NULL, name VARCHAR NOT NULL)",
        "CREATE TABLE ops.planted_plain (name VARCHAR NOT NULL)",
        "SELECT ops.wall_off('vault', 'planted'), ops.wall_off('ops', 'planted'), ops.wall_off('ops', 'planted_plain')",
        "GRANT USAGE ON SCHEMA vault TO kushim_app, kushim_loader",
    )
    with connect(url) as link, link.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(TENANT_TABLES)
        for schema, table in cursor.fetchall():
            _plant(cursor, schema, table, tenants)
        cursor.execute("INSERT INTO ops.planted_plain SELECT 'mark' || lpad(g::text, 3, '0') || 'x' FROM "
                       f"generate_series(0, {tenants - 1}) AS g")  # fmt: skip
        cursor.execute(
            "INSERT INTO catalogue.check_definition VALUES ('SHARED-001', 'A check', 'low', 'aws', 'aws.iam.user', "
            "'aws_iam_user', 24, '', '', 'v1')"
        )
        cursor.execute("INSERT INTO catalogue.control VALUES ('KC-1', 'A control', '', '')")
        cursor.execute("INSERT INTO catalogue.control_check VALUES ('KC-1', 'SHARED-001')")
        cursor.execute("INSERT INTO catalogue.control_criterion VALUES ('KC-1', 'soc2', 'CC6.1')")
        cursor.execute("INSERT INTO catalogue.criterion VALUES ('soc2', 'CC6.1', 1, 'A criterion', '')")
        cursor.execute("ANALYZE")


def _plant(cursor: Any, schema: str, table: str, tenants: int) -> None:
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "ORDER BY ordinal_position",
        (schema, table),
    )
    columns = cursor.fetchall()
    names = ", ".join(f'"{name}"' for name, _ in columns)
    values = ", ".join(_planted(name, type_) for name, type_ in columns)
    cursor.execute(
        f'INSERT INTO {schema}."{table}" ({names}) SELECT {values} '
        f"FROM generate_series(0, {tenants - 1}) AS i, generate_series(0, 2) AS k ON CONFLICT DO NOTHING"
    )


def _planted(name: str, type_: str) -> str:
    mark = "'mark' || lpad(i::text, 3, '0') || 'x'"
    day = f"(DATE '{_DAY_ZERO}' + i)"
    if name == "tenant_id":
        return mark
    if name in ("valid_to", "superseded_at"):
        return f"CASE WHEN k = 1 THEN {day} END"
    if name in _SHARED:
        return f"'{_SHARED[name]}'"
    if name == "fresh_until":
        return "NULL"  # else all verdicts are stale, and no mart of failures has a row
    if name == "connection_id":
        return f"'aws:' || {mark} || k"
    texts = {
        "boolean": "i % 2 = 0",
        "json": f"json_build_object('m', {mark} || k)",
        "jsonb": f"jsonb_build_object('m', {mark} || k)",
        "bytea": f"convert_to({mark} || k, 'UTF8')",
        "ARRAY": f"ARRAY[{mark} || k]",
        "date": day,
        "timestamp with time zone": f"{day}::timestamptz",
    }
    if type_ in ("bigint", "integer", "numeric", "double precision"):
        return f"{_NUMBER_ZERO} + i"
    return texts.get(type_, f"{mark} || k")


@dataclass(frozen=True)
class Answer:
    """What a session got: rows or an error, everything that it could read of either as text, and what it touched.

    `count` is how many rows a statement touched, -1 where it is no statement about rows.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    error: str | None = None
    text: str = ""
    count: int = 0


class Session:
    """A login's connection, reading one tenant."""

    def __init__(self, url: str, number: int | None = None) -> None:
        """In: the login's URL, and the tenant to set, if any."""
        self.link = connect(url)
        self.number = number
        self.run("SET TimeZone = 'UTC'")
        if number is not None:
            self.be(number)

    def be(self, number: int | None) -> Answer:
        """Set the tenant of the session; None unsets it."""
        self.number = number
        return self.run("SELECT set_config('app.tenant', %s, false)", "" if number is None else tenant(number))

    def run(self, sql: str, *parameters: Any) -> Answer:
        """Run a statement, or a COPY … TO STDOUT, as it is. Out: all that can be seen of what happened."""
        self.link.notices.clear()
        with self.link.cursor() as cursor:
            try:
                if sql.lstrip().startswith("COPY") and "STDOUT" in sql:
                    out = io.StringIO()
                    cursor.copy_expert(sql, out)
                    return Answer([(line,) for line in out.getvalue().splitlines()], None, out.getvalue())
                cursor.execute(sql, parameters or None)
                rows = [tuple(map(_readable, row)) for row in cursor.fetchall()] if cursor.description else []
                return Answer(rows, None, f"{rows} {self.link.notices}", cursor.rowcount)
            except psycopg2.Error as error:
                told = f"{error.diag.sqlstate} {error}"
                more = [error.diag.message_detail, error.diag.message_hint, error.diag.context, self.link.notices]
                return Answer([], told, f"{told} {more}")

    def foreign(self, sql: str, answer: Answer) -> set[int]:
        """The other tenants whose values stand in an answer though they do not stand in the question."""
        return whose(answer.text) - {self.number} - whose(sql)

    def close(self) -> None:
        """Hang up."""
        self.link.close()


def _readable(value: Any) -> Any:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, memoryview) else value


@contextmanager
def logins(url: str, roles: Iterable[str]) -> Iterator[dict[str, str]]:
    """A login for each role: role -> its URL. They go away at the end, and what they own with them."""
    made = {role: f"probe_{role}_{secrets.token_hex(4)}" for role in roles}
    for role, name in made.items():
        execute(url, f"CREATE ROLE {name} LOGIN IN ROLE {role}")
    try:
        yield {role: as_login(url, name) for role, name in made.items()}
    finally:
        for name in made.values():
            execute(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


@contextmanager
def session(url: str, number: int | None = None) -> Iterator[Session]:
    """A Session that hangs up at the end."""
    opened = Session(url, number)
    try:
        yield opened
    finally:
        opened.close()
