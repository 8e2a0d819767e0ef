"""A viewer sees the state now, with people masked, and finds no way behind the mask."""

import hashlib
import json
import re

import psycopg2
import pytest

from kushim_pipeline.access.roles import Role
from kushim_pipeline_tests.integration.access.company import ACCOUNT, ALICE, BOB, BUCKET, CAROL, Company, Reading

NAMES = re.compile(r"alice|bob|carol|dora", re.IGNORECASE)
VIEWS = ("check_result", "control_status", "criterion_status", "posture", "source_health")


def masks(person: Reading) -> dict[str, list[str]]:
    """Check -> the people that it judges, as the viewer sees them."""
    found: dict[str, list[str]] = {}
    for check, resource in person.rows("SELECT check_id, resource_id FROM viewer_v1.check_result"):
        if resource.startswith("person-"):
            found.setdefault(check, []).append(resource)
    return found


def test_every_view_is_answered_and_names_nobody(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        for view in VIEWS:
            shown = person.rows(f"SELECT * FROM viewer_v1.{view}")
            assert shown, view
            assert not NAMES.search(json.dumps(shown, default=str)), view
            assert {row[0] for row in shown} == {"acme"}, view


def test_people_are_masked_and_things_are_not(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        shown = {row[:2]: row[2:] for row in person.rows(
            "SELECT check_id, resource_id, status, reason, evidence_sha256 FROM viewer_v1.check_result"
        )}  # fmt: skip
    assert shown["AWS-S3-002", BUCKET] == ("FAIL", "the bucket policy opens the bucket to the public", "sha-acme")
    assert shown["GH-ORG-002", "acme-org"] == ("UNKNOWN", "denied", "sha-acme")  # the population, not a person
    assert shown["AWS-IAM-007", ACCOUNT][0] == "PASS"
    people = {key: row for key, row in shown.items() if key[1].startswith("person-")}
    assert sorted((check, row[0]) for (check, _), row in people.items()) == [
        ("AWS-IAM-004", "EXCEPTED"), ("AWS-IAM-004", "FAIL"), ("AWS-IAM-004", "PASS"), ("AWS-IAM-005", "FAIL"),
        ("GH-ORG-002", "FAIL"),
    ]  # fmt: skip
    assert all(re.fullmatch(r"person-[0-9a-f]{12}", resource) for _, resource in people)
    assert all(row[2] is None for row in people.values())
    assert {row[1] for row in people.values() if row[0] == "EXCEPTED"} == {"under an approved exception"}
    assert "the user has a console password and no second factor" in {row[1] for row in people.values()}


def test_a_mask_is_the_same_in_a_tenant_and_another_in_the_next(company: Company) -> None:
    with company.person(Role.VIEWER, "acme") as first, company.person(Role.VIEWER, "acme") as second:
        assert masks(first) == masks(second)
        here = masks(first)
    given = company.grant(Role.VIEWER, "globex")
    with company.session(given.login, "globex") as person:
        there = masks(person)
    assert here.keys() == there.keys()
    assert not {m for many in here.values() for m in many} & {m for many in there.values() for m in many}


def test_a_list_of_names_is_worth_nothing_without_the_salt(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        seen = {mask.removeprefix("person-") for many in masks(person).values() for mask in many}
        for name in (ALICE, BOB, CAROL, "alice-gh"):
            plain = name.encode()
            guesses = [hashlib.sha256(plain), hashlib.sha256(b"acme" + plain), hashlib.sha512(plain)]
            for guess in [one.digest() for one in guesses]:
                assert guess.hex()[:12] not in seen
        assert "permission denied" in person.refusal("SELECT salt FROM access.mask_salt")
        assert "permission denied" in person.refusal("SELECT ops.masked('x', '\\x00')")
    salt = company.owner("SELECT salt FROM access.mask_salt WHERE tenant_id = 'acme'")[0][0]
    assert len(bytes(salt)) == 32
    mask = company.owner("SELECT ops.masked(%s, salt) FROM access.mask_salt WHERE tenant_id = 'acme'", ALICE)[0][0]
    assert mask.removeprefix("person-") in seen


@pytest.mark.parametrize(
    "probe",
    [
        "SELECT count(*) FROM viewer_v1.check_result WHERE resource_id LIKE '%%alice%%'",
        "SELECT count(*) FROM viewer_v1.check_result WHERE resource_id ~ 'user/'",
        "SELECT count(*) FROM viewer_v1.check_result AS v WHERE v::text ILIKE '%%alice%%'",
        "SELECT count(*) FROM viewer_v1.check_result AS v "
        "JOIN (VALUES ('arn:aws:iam::111122223333:user/alice')) AS n(id) ON n.id = v.resource_id",
        "SELECT count(*) FROM ops.viewer_check_result() AS v WHERE v.resource_id LIKE '%%alice%%'",
        "SELECT count(*) FROM viewer_v1.check_result WHERE reason LIKE '%%dora%%' OR evidence_sha256 = 'sha-acme' "
        "AND resource_id LIKE 'person-%%'",
    ],
)
def test_probing_finds_nothing(company: Company, probe: str) -> None:
    with company.person(Role.VIEWER) as person:
        assert person.one(probe) == 0


def test_the_order_is_that_of_the_masks(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        for source in ("viewer_v1.check_result", "ops.viewer_check_result()"):
            shown = person.rows(f"SELECT check_id, resource_id FROM {source}")
            assert shown == sorted(shown)


def test_neither_errors_nor_plans_say_more(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        person.rows("SET client_min_messages = debug1")
        with pytest.raises(psycopg2.errors.InvalidTextRepresentation) as error:
            person.rows(
                "SELECT CAST(resource_id AS integer) FROM viewer_v1.check_result WHERE resource_type = 'aws.iam.user'"
            )
        assert not NAMES.search(str(error.value)) and "person-" in str(error.value)
        for how in ("", "ANALYZE, VERBOSE"):
            plan = person.rows(f"EXPLAIN ({how or 'VERBOSE'}) SELECT * FROM viewer_v1.check_result")
            assert not NAMES.search(str(plan)) and "verdict.check_result" not in str(plan)
        assert person.rows("SELECT * FROM pg_stats WHERE schemaname IN ('verdict', 'raw', 'facts', 'access')") == []
        # A function of one's own, cheap enough to run before every filter, is not to be had at all.
        assert "permission denied" in person.refusal(
            "CREATE FUNCTION pg_temp.tell(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS "
            "'BEGIN RAISE NOTICE ''%%'', t; RETURN TRUE; END'"
        )
        assert not any(NAMES.search(notice) for notice in person.link.notices)


def test_a_search_path_of_the_viewers_changes_nothing(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        person.rows("SET search_path = viewer_v1, pg_temp, pg_catalog")
        assert not NAMES.search(json.dumps(person.rows("SELECT * FROM check_result"), default=str))


def test_history_records_facts_and_base_tables_are_shut(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        for table in (
            "mart_v1.check_result", "mart_v1.check_result_history", "mart_v1.failure", "verdict.check_result",
            "raw.record", "raw.receipt", "raw.receipt_error", "facts.aws_iam_user", "mart_v1.source_health",
        ):  # fmt: skip
            assert "permission denied" in person.refusal(f"SELECT * FROM {table}")
            assert "permission denied" in person.refusal(f"COPY {table} TO STDOUT") or table.startswith("mart")


def test_a_viewer_of_some_controls_sees_those(company: Company) -> None:
    with company.person(Role.VIEWER, controls=("KC-AC-02",)) as person:
        assert {row[0] for row in person.rows("SELECT check_id FROM viewer_v1.check_result")} <= {
            "AWS-IAM-004", "GH-ORG-001", "GH-ORG-002",
        }  # fmt: skip
        told = dict(person.rows("SELECT DISTINCT control_id, status FROM viewer_v1.control_status"))
        assert told.pop("KC-AC-02") == "FAIL"
        assert set(told.values()) == {"UNKNOWN"}


def test_a_viewer_ends_like_everybody(company: Company) -> None:
    with company.person(Role.VIEWER) as person:
        company.owner("UPDATE access.grants SET expires_at = now() WHERE grant_id = %s", person.grant_id)
        for view in VIEWS:
            assert "ended on" in person.refusal(f"SELECT * FROM viewer_v1.{view}")


def test_a_resource_type_that_nobody_thought_about_is_masked(company: Company) -> None:
    company.owner("UPDATE catalogue.check_definition SET resource_type = 'aws.new.thing' WHERE check_id = 'AWS-S3-002'")
    try:
        with company.person(Role.VIEWER) as person:
            shown = person.rows("SELECT resource_id, reason FROM viewer_v1.check_result WHERE check_id = 'AWS-S3-002'")
            assert shown[0][0].startswith("person-")
            assert shown[0][1] == "not shown: it may name a person"
    finally:
        company.owner(
            "UPDATE catalogue.check_definition SET resource_type = 'aws.s3.bucket' WHERE check_id = 'AWS-S3-002'"
        )
