"""Two tenants in a Postgres warehouse, judged by the project's catalogue and one check of another framework."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2

from kushim_pipeline.access.grants import Grant, grant
from kushim_pipeline.access.roles import Role
from kushim_pipeline.access.wanted import wanted
from kushim_pipeline.settings import Settings
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.fixtures import catalogue
from kushim_pipeline_tests.postgres import as_login, connect

NOW = datetime.now(UTC).replace(microsecond=0)
CATALOGUE = catalogue()
ACCOUNT = "111122223333"
ALICE, BOB, CAROL = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("alice", "bob", "carol"))
BUCKET = "arn:aws:s3:::ledger"
# A check of its own control in a framework that no other check serves.
OTHER_CHECK, OTHER_CONTROL, OTHER_FRAMEWORK, OTHER_STREAM = "ZZ-ISO-001", "KC-ZZ-01", "iso27001", "aws.zz_thing"


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


def window(first: float, last: float) -> str:
    return f"{day(first).date()}..{day(last).date()}"


@dataclass
class Company:
    """The warehouse, and logins in it whose names no other test uses (logins belong to the server)."""

    url: str
    settings: Settings

    def grant(self, role: Role, tenant: str = "acme", *, login: str | None = None, **limits: Any) -> Grant:
        """A grant as `kushim access grant` gives it."""
        if role is Role.AUDITOR:
            limits = {"framework": "soc2", "window": window(-200, 100), **limits}
        asked = wanted(login or f"p{secrets.token_hex(5)}", role, tenant, CATALOGUE, **limits)
        return grant(self.settings, asked)[0]

    @contextmanager
    def session(self, login: str, tenant: str | None = None, framework: str | None = None) -> Iterator["Reading"]:
        """A person's own session, which has entered the tenant if one is given."""
        with closing(connect(as_login(self.url, login))) as link:
            reading = Reading(link)
            if tenant:
                reading.rows("SELECT ops.enter(%s, %s)", tenant, framework)
            yield reading

    @contextmanager
    def person(self, role: Role, tenant: str = "acme", **limits: Any) -> Iterator["Reading"]:
        """A new person who was granted a role and has entered."""
        given = self.grant(role, tenant, **limits)
        with self.session(given.login, "acme" if tenant == "*" else tenant) as reading:
            reading.login, reading.grant_id = given.login, given.grant_id
            yield reading

    def owner(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """SQL as the server's superuser."""
        with closing(connect(self.url)) as link:
            return Reading(link).rows(sql, *parameters)


@dataclass
class Reading:
    """Statements of one session."""

    link: Any
    login: str = ""
    grant_id: int = 0

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.link.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *parameters: Any) -> Any:
        return self.rows(sql, *parameters)[0][0]

    def refusal(self, sql: str, *parameters: Any) -> str:
        """What the server says against a statement; fails where it answers."""
        try:
            answer = self.rows(sql, *parameters)
        except psycopg2.errors.InsufficientPrivilege as error:
            return str(error)
        raise AssertionError(f"{sql} was answered: {answer[:3]}")


def build(url: str, home: Path) -> Company:
    """Make the warehouse and fill it."""
    with open_writer(url) as warehouse:
        set_clock(warehouse, NOW)
        build_facts(warehouse, CATALOGUE)
        judge(warehouse, CATALOGUE)
        build_marts(warehouse)
    with closing(connect(url)) as link, link.cursor() as cursor:
        _other_framework(cursor)
        for tenant in ("acme", "globex"):
            cursor.execute("INSERT INTO verdict.tenant VALUES (%s, %s)", (tenant, tenant.title()))
            for framework in ("soc2", OTHER_FRAMEWORK):
                cursor.execute("INSERT INTO verdict.tenant_framework VALUES (%s, %s)", (tenant, framework))
            _judged(cursor, tenant)
            _collected(cursor, tenant)
    return Company(url, Settings(home, home / "tenants", url))


def _put(cursor: Any, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("%s" for _ in values)
    cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def _other_framework(cursor: Any) -> None:
    check, control = {"check_id": OTHER_CHECK}, {"control_id": OTHER_CONTROL}
    criterion = {"framework": OTHER_FRAMEWORK, "criterion_id": "A.8.3"}
    _put(
        cursor, "catalogue.check_definition", **check, title="Things are shut", severity="high", source="aws",
        resource_type="aws.s3.bucket", population="aws_s3_bucket", freshness_hours=36, remediation="", unknown_when="",
        check_version="v1",
    )  # fmt: skip
    _put(
        cursor, "catalogue.check_stream", **check, stream=OTHER_STREAM, stream_source="aws", check_source="aws",
        is_population=True, freshness_hours=36,
    )  # fmt: skip
    _put(cursor, "catalogue.control", **control, title="Things", description="Things are shut", owner="Porter")
    _put(cursor, "catalogue.control_check", **control, **check)
    _put(cursor, "catalogue.control_criterion", **control, **criterion)
    _put(cursor, "catalogue.criterion", **criterion, position=1, title="Things", evidence="")


def _judged(cursor: Any, tenant: str) -> None:
    aws, github = f"aws:{ACCOUNT}", f"github:{tenant}-org"
    with_factor = "the user has a console password and a second factor"
    for check, connection, resource, status, reason, begin, end in (
        ("AWS-IAM-004", aws, ALICE, "UNKNOWN", "stale", -900, -800),
        ("AWS-IAM-004", aws, ALICE, "PASS", with_factor, -300, -50),
        ("AWS-IAM-004", aws, ALICE, "FAIL", "the user has a console password and no second factor", -50, None),
        ("AWS-IAM-004", aws, BOB, "PASS", with_factor, -50, None),
        ("AWS-IAM-004", aws, CAROL, "EXCEPTED", "exception EX-1, approved by dora until 2099-01-01", -40, None),
        ("AWS-IAM-005", aws, f"{BOB}/access_key_1", "FAIL", "the key was last rotated on 2020-01-01", -30, None),
        ("AWS-IAM-007", aws, ACCOUNT, "PASS", "length and reuse are as documented", -30, None),
        ("GH-ORG-002", github, "alice-gh", "FAIL", "a member without two-factor authentication", -30, None),
        ("GH-ORG-002", github, f"{tenant}-org", "UNKNOWN", "denied", -30, None),
        ("AWS-S3-002", aws, BUCKET, "FAIL", "the bucket policy opens the bucket to the public", -20, None),
        ("AWS-S3-003", aws, BUCKET, "PASS", "the default encryption uses a key of the customer", -20, -10),
        (OTHER_CHECK, aws, BUCKET, "FAIL", "open", -20, None),
    ):
        of = {"tenant_id": tenant, "check_id": check}
        _put(
            cursor, "verdict.check_result", **of, connection_id=connection, resource_id=resource, status=status,
            reason=reason, evidence_sha256=f"sha-{tenant}", check_version="v1", valid_from=day(begin),
            valid_to=None if end is None else day(end), recorded_at=day(begin),
        )  # fmt: skip
        source = connection.split(":")[0]
        _put(cursor, "verdict.daily_change", **of, source=source, status=status, day=day(begin).date(), step=1)
        if end is None:
            _put(cursor, "verdict.check_status", **of, connection_id=connection, status=status, results=1)
    cursor.execute(
        "INSERT INTO verdict.freshness SELECT DISTINCT tenant_id, connection_id, check_id, %s::timestamptz, "
        "%s::timestamptz FROM verdict.check_result WHERE tenant_id = %s",
        (day(-1), day(900), tenant),
    )


def _collected(cursor: Any, tenant: str) -> None:
    connection = {"tenant_id": tenant, "connection_id": f"aws:{ACCOUNT}"}
    _put(cursor, "raw.plan", **connection, planned_at=day(-10), units=5, recorded_at=day(-10))
    _put(cursor, "raw.ledger_position", tenant_id=tenant, sequence=1, end_offset=1)
    _put(cursor, "facts.aws_iam_user", **connection, resource_id=ALICE)
    for stream in ("aws.iam_credential_report", "aws.s3_bucket", "github.member", OTHER_STREAM, "kushim.exception"):
        unit = {**connection, "stream": stream, "scope": "global"}
        source = {"source": stream.split(".")[0], "account_id": ACCOUNT}
        _put(cursor, "raw.unit", **unit, **source, valid_from=day(-400))
        # Two collections: one before the window of -200 days, one in it.
        for name, begin, end in (("old", day(-600), day(-400)), ("new", day(-20), None)):
            collection = f"{stream}-{name}"
            _put(
                cursor, "raw.receipt", **unit, **source, collection_id=collection, outcome="partial", lists_all=True,
                pages=1, records=1, error="user alice is not authorized", started_at=begin, finished_at=begin,
                superseded_at=end, code_version="v", receipt_sha256="r", contents_sha256="c", ledger_sequence=1,
                recorded_at=begin,
            )  # fmt: skip
            _put(
                cursor, "raw.receipt_error", **unit, collection_id=collection, reason="denied", operation="List",
                message="user alice is not authorized",
            )  # fmt: skip
            _record(cursor, {**unit, **source}, name, begin, end, {"UserName": f"alice-{tenant}"})
    exceptions = {
        **connection,
        "stream": "kushim.exception",
        "scope": "global",
        "source": "kushim",
        "account_id": tenant,
    }
    _record(cursor, exceptions, "EX-1", day(-20), None, {"check": "AWS-IAM-004"})
    _record(cursor, exceptions, "EX-2", day(-20), None, {"check": OTHER_CHECK})


def _record(
    cursor: Any, unit: dict[str, Any], name: str, begin: datetime, end: datetime | None, body: dict[str, str]
) -> None:
    _put(
        cursor, "raw.record", **unit, resource_id=name, content_hash=name, body=json.dumps(body), collected_at=begin,
        valid_from=begin, valid_to=end, recorded_at=begin,
    )  # fmt: skip
