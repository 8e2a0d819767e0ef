"""results, controls, receipts and query, against a published warehouse with the real schema and marts."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kushim_pipeline.cli import cli
from kushim_pipeline.settings import Settings
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import QueryRefused, open_writer

NOW = datetime.now(UTC).replace(microsecond=0)
BUCKET, EVIL = "arn:aws:s3:::logs", '=HYPERLINK("http://x")'
VERDICTS = [
    # tenant, check, resource, status, reason
    ("acme", "AWS-S3-002", BUCKET, "FAIL", "everybody may read"),
    ("acme", "AWS-S3-002", EVIL, "PASS", None),
    ("acme", "GH-ORG-001", "acme", "UNKNOWN", "denied"),
    ("beta", "AWS-S3-002", BUCKET, "PASS", None),
]
RESULT_COLUMNS = ["tenant_id", "check_id", "source", "resource_type", "resource_id", "status", "reason", "severity",
                  "observed_at", "evidence_sha256"]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose warehouse holds the verdicts above."""
    home = tmp_path_factory.mktemp("home")
    with open_writer(Settings.read({"KUSHIM_HOME": str(home)}).warehouse_url) as warehouse:
        warehouse.load("verdict.tenant", ["tenant_id"], [("acme",), ("beta",), ("idle",)])
        warehouse.load("verdict.tenant_framework", ["tenant_id", "framework"], [("acme", "soc2"), ("beta", "soc2")])
        warehouse.load(
            "catalogue.check_definition",
            ["check_id", "title", "severity", "source", "resource_type", "population", "freshness_hours", "remediation",
             "unknown_when", "check_version"],
            [(check, "", "critical", source, kind, "", 36, "", "", "1")
             for check, source, kind in [("AWS-S3-002", "aws", "aws.s3.bucket"), ("GH-ORG-001", "github", "github.org"),
                                         ("GH-ORG-002", "github", "github.org")]],
        )  # fmt: skip
        warehouse.load("catalogue.control", ["control_id", "title", "description", "owner"], [("KC-1", "Data", "", "")])
        warehouse.load("catalogue.control_check", ["control_id", "check_id"], [("KC-1", "AWS-S3-002")])
        warehouse.load(
            "catalogue.control_criterion", ["control_id", "framework", "criterion_id"], [("KC-1", "soc2", "CC6.1")]
        )
        warehouse.load(
            "verdict.check_result",
            ["tenant_id", "check_id", "connection_id", "resource_id", "status", "reason", "evidence_sha256",
             "check_version", "valid_from", "recorded_at"],
            [(tenant, check, "c", resource, status, reason, "ab" * 32, "1", NOW, NOW)
             for tenant, check, resource, status, reason in VERDICTS],
        )  # fmt: skip
        counted = Counter((tenant, check, "c", status) for tenant, check, _, status, _ in VERDICTS)
        warehouse.load(
            "verdict.check_status",
            ["tenant_id", "check_id", "connection_id", "status", "results"],
            [(*key, results) for key, results in counted.items()],
        )
        warehouse.load(
            "verdict.freshness",
            ["tenant_id", "connection_id", "check_id", "collected_at", "fresh_until"],
            [
                (tenant, "c", check, NOW, NOW + timedelta(hours=36))
                for tenant, check in sorted({verdict[:2] for verdict in VERDICTS})
            ],
        )
        warehouse.load(
            "raw.unit",
            ["tenant_id", "connection_id", "source", "account_id", "stream", "scope", "valid_from"],
            [("acme", "aws:123456789012", "aws", "123456789012", "aws.s3_bucket", "global", NOW)],
        )
        build_marts(warehouse)
        warehouse.publish()
    return home


def kushim(home: Path, *args: str) -> Result:
    return CliRunner(env={"KUSHIM_HOME": str(home), "KUSHIM_WAREHOUSE_URL": ""}).invoke(cli, args)


def rows(home: Path, *args: str) -> list[dict[str, object]]:
    done = kushim(home, *args, "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_results_have_the_public_columns(home: Path) -> None:
    found = rows(home, "results")
    assert len(found) == 4
    assert [list(row) for row in found] == [RESULT_COLUMNS] * 4
    (failed,) = [row for row in found if row["status"] == "FAIL"]
    assert list(failed.values()) == [
        "acme", "AWS-S3-002", "aws", "aws.s3.bucket", BUCKET, "FAIL", "everybody may read", "critical",
        f"{NOW:%Y-%m-%dT%H:%M:%S}Z", "ab" * 32,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("args", "count"),
    [
        (["--tenant", "acme"], 3),
        (["--tenant", "acme", "--tenant", "beta"], 4),
        (["--tenant", "idle"], 0),
        (["--check", "aws-s3-002"], 3),
        (["--check", "GH-ORG-002"], 0),
        (["--status", "unknown"], 1),
        (["--status", "FAIL", "--status", "PASS", "--tenant", "acme"], 2),
        (["--status", "EXCEPTED"], 0),
    ],
)
def test_results_are_filtered(home: Path, args: list[str], count: int) -> None:
    assert len(rows(home, "results", *args)) == count


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["results", "--tenant", "acmee"], "there is no tenant acmee here; there is acme"),
        (["results", "--check", "AWS-S3-02"], "there is no check AWS-S3-02 here; there is AWS-S3-002"),
        (["receipts", "--tenant", "x' OR 1=1"], "there is no tenant x' OR 1=1 here"),
        (["controls", "--framework", "soc2", "--tenant", "gamma"], "there is no tenant gamma here"),
    ],
)
def test_a_mistyped_name_is_no_empty_answer(home: Path, args: list[str], message: str) -> None:
    done = kushim(home, *args)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_csv_holds_no_formula(home: Path) -> None:
    found = list(csv.DictReader(io.StringIO(kushim(home, "results", "--format", "csv").stdout)))
    assert [row["resource_id"] for row in found if row["status"] == "PASS"] == ["'" + EVIL, BUCKET]


def test_controls_count_every_status(home: Path) -> None:
    found = rows(home, "controls", "--framework", "soc2", "--tenant", "acme")
    assert found == [
        {
            "tenant_id": "acme",
            "framework": "soc2",
            "criterion_id": "CC6.1",
            "control_id": "KC-1",
            "title": "Data",
            "status": "FAIL",
            "pass": 1,
            "fail": 1,
            "unknown": 0,
            "not_applicable": 0,
            "excepted": 0,
        }
    ]


def test_a_stream_that_was_never_read_has_a_receipt_row(home: Path) -> None:
    (found,) = rows(home, "receipts")
    assert (found["stream"], found["outcome"], found["records"]) == ("aws.s3_bucket", "not_collected", 0)


def test_query_answers_one_statement(home: Path) -> None:
    assert rows(home, "query", "SELECT count(*) AS n FROM mart_v1.check_result") == [{"n": 4}]
    assert kushim(home, "query", "SELECT 1 AS one").stdout == "one\n1\n"


@pytest.mark.parametrize(
    "sql", ["SELCT 1", "SELECT nothing FROM mart_v1.check_result", "DELETE FROM raw.unit", "SELECT 1; SELECT 2", ""]
)
def test_query_refuses_what_is_not_one_reading_statement(home: Path, sql: str) -> None:
    done = kushim(home, "query", sql)
    assert done.exit_code != 0
    assert isinstance(done.exception, QueryRefused)
    assert str(done.exception)
    assert rows(home, "query", "SELECT count(*) AS n FROM raw.unit") == [{"n": 1}]
