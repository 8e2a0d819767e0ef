"""An auditor sees one framework in one window, with all that was said in it; a limited grant sees its controls."""

import re

import pytest

from kushim_pipeline.access.roles import Role
from kushim_pipeline.verdicts.marts import MARTS
from kushim_pipeline_tests.integration.access.company import (
    ALICE,
    CATALOGUE,
    NOW,
    OTHER_CHECK,
    OTHER_CONTROL,
    OTHER_STREAM,
    Company,
    day,
    window,
)

SOC2 = {check for control in CATALOGUE.controls.values() if "soc2" in control.criteria for check in control.checks}
CHECK_TABLES = ("verdict.check_result", "verdict.check_status", "verdict.daily_change", "verdict.freshness")
STREAM_TABLES = ("raw.unit", "raw.receipt", "raw.receipt_error", "raw.record")


def values(person: object, column: str, table: str) -> set[str]:
    return {row[0] for row in person.rows(f"SELECT DISTINCT {column} FROM {table}")}  # type: ignore[attr-defined] # a Person


def test_an_auditor_sees_the_checks_of_the_framework_only(company: Company) -> None:
    with company.person(Role.AUDITOR) as person:
        for table in CHECK_TABLES:
            assert values(person, "check_id", table) <= SOC2, table
            assert values(person, "tenant_id", table) == {"acme"}, table
        needed = {stream for check in SOC2 for stream in CATALOGUE.checks[check].streams}
        for table in STREAM_TABLES:
            seen = values(person, "stream", table)
            assert seen <= needed | {"kushim.policy", "kushim.exception"}, table
            assert {"aws.iam_credential_report", "aws.s3_bucket"} <= seen and OTHER_STREAM not in seen, table
        assert values(person, "framework", "mart_v1.control_status") == {"soc2"}
        assert values(person, "framework", "mart_v1.criterion_status") == {"soc2"}


def test_an_auditor_sees_everything_that_was_said_in_the_window(company: Company) -> None:
    with company.person(Role.AUDITOR, window=window(-200, 100)) as person:
        said = person.rows(
            "SELECT status FROM mart_v1.check_result_history WHERE check_id = 'AWS-IAM-004' AND resource_id = %s "
            "ORDER BY valid_from",
            ALICE,
        )
        assert said == [("PASS",), ("FAIL",)]  # superseded, but not what ended before the window
        assert {"PASS", "FAIL", "EXCEPTED", "UNKNOWN"} == values(person, "status", "mart_v1.check_result_history")
        assert person.rows("SELECT content_hash FROM raw.record WHERE stream = 'aws.s3_bucket'") == [("new",)]
        assert person.rows("SELECT collection_id FROM raw.receipt WHERE stream = 'aws.s3_bucket'") == [
            ("aws.s3_bucket-new",)
        ]
        assert values(person, "collection_id", "raw.receipt_error") == values(person, "collection_id", "raw.receipt")
        # Exceptions of the framework's checks, and not those of others.
        assert values(person, "resource_id", "raw.record") >= {"EX-1"}
        assert "EX-2" not in values(person, "resource_id", "raw.record")
        assert ALICE in values(person, "resource_id", "mart_v1.check_result")  # unmasked


def test_a_window_cuts_at_its_last_moment(company: Company) -> None:
    began = day(-50).date()
    with company.person(Role.AUDITOR, window=f"{day(-200).date()}..{began}") as person:
        assert person.one("SELECT count(*) FROM verdict.check_result WHERE status = 'FAIL'") == 1
    with company.person(Role.AUDITOR, window=f"{day(-200).date()}..{day(-51).date()}") as person:
        assert person.one("SELECT count(*) FROM verdict.check_result WHERE status = 'FAIL'") == 0
        assert person.one("SELECT count(*) FROM verdict.check_result WHERE status = 'PASS'") == 1
        assert person.one("SELECT count(*) FROM verdict.daily_change WHERE day > %s", day(-51).date()) == 0


def test_a_window_that_is_over_has_no_state_of_now(company: Company) -> None:
    """Half of today's verdicts would make a control pass whose other half fails."""
    with company.person(Role.AUDITOR, window=window(-200, -25)) as person:
        assert person.rows("SELECT * FROM verdict.check_status") == []
        assert values(person, "status", "mart_v1.control_status") == {"UNKNOWN"}
        assert values(person, "status", "mart_v1.criterion_status") <= {"UNKNOWN"}
        assert person.one("SELECT count(*) FROM mart_v1.check_result_history") > 0


def test_history_of_a_check_that_left_the_catalogue_stays(company: Company) -> None:
    with company.person(Role.AUDITOR) as person:
        before = person.one("SELECT count(*) FROM mart_v1.check_result_history WHERE check_id = 'AWS-S3-002'")
        kept = company.owner("SELECT control_id FROM catalogue.control_check WHERE check_id = 'AWS-S3-002'")
        company.owner("DELETE FROM catalogue.control_check WHERE check_id = 'AWS-S3-002'")
        try:
            history = "SELECT count(*) FROM mart_v1.check_result_history WHERE check_id = 'AWS-S3-002'"
            assert person.one(history) == before == 1
        finally:
            for (control,) in kept:
                company.owner("INSERT INTO catalogue.control_check VALUES (%s, 'AWS-S3-002')", control)


def test_the_index_on_the_tenant_serves_persons_too(company: Company) -> None:
    company.owner(
        "INSERT INTO verdict.check_result SELECT 'globex', 'AWS-S3-003', 'aws:1', 'r' || g, 'PASS', '', 's', 'v', "
        "now() - interval '10 day', now() - interval '9 day', now() FROM generate_series(1, 20000) AS g"
    )
    company.owner("ANALYZE verdict.check_result")
    try:
        with company.person(Role.AUDITOR) as person:
            plan = "\n".join(
                row[0]
                for row in person.rows("EXPLAIN SELECT status, count(*) FROM verdict.check_result GROUP BY status")
            )
            assert re.search(r"Index Cond: \(+tenant_id\)::text = ops\.tenant\(\)\)", plan), plan
            assert "hashed SubPlan" in plan, plan  # the grant's checks are asked for once
            assert plan.count("InitPlan") >= 3, plan  # whether it is limited, and the window's two ends, too
            assert "globex" not in plan
    finally:
        company.owner("DELETE FROM verdict.check_result WHERE check_id = 'AWS-S3-003' AND resource_id LIKE 'r%%'")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COMPLIANCE_MANAGER])
def test_a_grant_for_controls_sees_their_checks_in_every_mart(company: Company, role: Role) -> None:
    checks = set(CATALOGUE.controls["KC-AC-02"].checks)  # AWS-IAM-004, GH-ORG-001, GH-ORG-002
    streams = {stream for check in checks for stream in CATALOGUE.checks[check].streams} | {"kushim.policy"}
    with company.person(role, controls=("KC-AC-02",)) as person:
        for mart in MARTS:
            columns = [row[0] for row in person.rows(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", f"mart_v1.{mart}"
            )]  # fmt: skip
            person.rows(f"SELECT * FROM mart_v1.{mart}")
            if "check_id" in columns:
                assert values(person, "check_id", f"mart_v1.{mart}") <= checks, mart
                assert values(person, "check_id", f"mart_v1.{mart}"), mart
            if "stream" in columns:
                assert values(person, "stream", f"mart_v1.{mart}") <= streams, mart
        for table in CHECK_TABLES:
            assert values(person, "check_id", table) <= checks, table
        for table in STREAM_TABLES:
            assert values(person, "stream", table) <= streams | {"kushim.exception"}, table
        told = dict(person.rows("SELECT DISTINCT control_id, status FROM mart_v1.control_status"))
        # What may not be seen is not known: neither a pass nor a fail.
        assert told.pop("KC-AC-02") == "FAIL"
        assert set(told.values()) == {"UNKNOWN"}
        counted = person.one("SELECT sum(results) FROM mart_v1.posture WHERE day = %s", NOW.date())
        own = company.owner(
            "SELECT count(*) FROM verdict.daily_change WHERE tenant_id = 'acme' AND check_id = ANY (%s)", sorted(checks)
        )
        assert counted in (None, own[0][0])
        if role is Role.COMPLIANCE_MANAGER:
            assert person.rows("SELECT * FROM facts.aws_iam_user") == []  # no check of these judges it
            assert "EX-2" not in values(person, "resource_id", "raw.record")


def test_a_pattern_stands_for_all_controls_of_its_kind(company: Company) -> None:
    checks = {
        check for name, control in CATALOGUE.controls.items() if name.startswith("KC-AC-") for check in control.checks
    }
    with company.person(Role.COMPLIANCE_MANAGER, controls=("KC-AC-*",)) as person:
        seen = values(person, "check_id", "mart_v1.check_result")
        assert {"AWS-IAM-004", "AWS-IAM-005"} <= seen <= checks


def test_a_control_that_is_only_partly_visible_is_not_shown_as_passing(company: Company) -> None:
    company.owner("INSERT INTO catalogue.control_check VALUES (%s, 'AWS-IAM-007')", OTHER_CONTROL)
    try:
        with company.person(Role.COMPLIANCE_MANAGER, controls=("KC-AC-03",)) as person:
            # The other control has a check that passes and is seen, and one that fails and is not.
            told = person.rows("SELECT status FROM mart_v1.control_status WHERE control_id = %s", OTHER_CONTROL)
            assert told == []
            assert person.rows("SELECT status FROM mart_v1.control_status WHERE control_id = 'KC-AC-03'") != []
    finally:
        company.owner(
            "DELETE FROM catalogue.control_check WHERE control_id = %s AND check_id = 'AWS-IAM-007'", OTHER_CONTROL
        )
        company.owner(
            "DELETE FROM access.every_control_check WHERE control_id = %s AND check_id <> %s",
            OTHER_CONTROL,
            OTHER_CHECK,
        )
