"""The credential report: made anew, waited for, and believed only when it is whole and fresh."""

import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kushim_pipeline.collect.aws import credential_report
from kushim_pipeline_tests.integration.collect.aws.builder import TINY
from kushim_pipeline_tests.integration.collect.aws.proxy import Fault, Proxy, answered, changed, error
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, Outcome, read

STREAM = "iam_credential_report"
HEAD = "user,arn,user_creation_time,password_enabled,mfa_active,access_key_1_active"
ROOT = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00,not_supported,true,false"


def report(text: str, generated: datetime | None = None) -> Fault:
    """The answer to GetCredentialReport."""
    content = base64.b64encode(text.encode()).decode()
    stamp = (generated or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return answered(
        200,
        "<GetCredentialReportResponse><GetCredentialReportResult>"
        f"<Content>{content}</Content><GeneratedTime>{stamp}</GeneratedTime><ReportFormat>text/csv</ReportFormat>"
        "</GetCredentialReportResult></GetCredentialReportResponse>",
    )


def why(outcome: Outcome) -> list[tuple[str | None, str, str]]:
    return [(error.resource_id, error.reason.value, error.operation) for error in outcome.errors(STREAM)]


def test_root_has_a_row_where_aws_gives_one(proxy: Proxy, tmp_path: Path) -> None:
    generated = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    proxy.fail("GetCredentialReport", report(f"{HEAD}\n{ROOT}", generated))
    outcome = read(proxy.url, tmp_path, [STREAM])
    (line,) = outcome.lines(STREAM)
    assert line["id"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert line["body"]["user"] == "<root_account>"
    assert datetime.fromisoformat(line["observed_at"]) == generated


def test_an_old_report_is_stale(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetCredentialReport", report(f"{HEAD}\n{ROOT}", datetime.now(UTC) - timedelta(hours=25)))
    outcome = read(proxy.url, tmp_path, [STREAM])
    assert why(outcome) == [(None, "stale", "GetCredentialReport")]
    assert outcome.receipt(STREAM).records == 0


def test_a_time_before_its_own_users_is_not_the_reports(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, [STREAM])  # moto stamps every report 2015
    assert outcome.outcome(STREAM) == "complete"
    assert {line["observed_at"] for line in outcome.lines(STREAM)} == {None}


@pytest.mark.parametrize(
    "text",
    ["", "user,arn\na,b", f"{HEAD}\n{ROOT}\nbob,arn:aws:iam::{ACCOUNT}:us", f"{HEAD}\n{ROOT},more"],
    ids=["nothing", "columns", "cut", "wide"],
)
def test_a_report_that_is_not_whole_is_incomplete(proxy: Proxy, tmp_path: Path, text: str) -> None:
    proxy.fail("GetCredentialReport", report(text))
    outcome = read(proxy.url, tmp_path, [STREAM])
    assert [reason for _, reason, _ in why(outcome)] == ["incomplete"]
    assert outcome.receipt(STREAM).records == 0


def test_a_report_without_rows_is_believed_only_of_an_account_without_users(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GetCredentialReport", report(HEAD))
    assert why(read(proxy.url, tmp_path, [STREAM])) == [(None, "incomplete", "GetAccountSummary")]
    none = rb"\g<1><value>0</value>"
    counted = changed(lambda body: re.sub(rb"(<key>Users</key>\s*)<value>\d+</value>", none, body))
    proxy.fail("GetAccountSummary", counted)
    outcome = read(proxy.url, tmp_path, [STREAM])
    assert outcome.outcome(STREAM) == "complete"
    assert outcome.receipt(STREAM).empty_proven_by == "GetAccountSummary counts 0 users"


def test_a_report_that_is_never_ready_is_not_waited_for_for_ever(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_report, "WAITS", (0, 0, 0))
    body = "<GenerateCredentialReportResponse><GenerateCredentialReportResult><State>INPROGRESS</State>"
    end = "</GenerateCredentialReportResult></GenerateCredentialReportResponse>"
    proxy.fail("GenerateCredentialReport", answered(200, body + end))
    outcome = read(proxy.url, tmp_path, [STREAM])
    assert why(outcome) == [(None, "not_collected", "GenerateCredentialReport")]
    assert proxy.count()["GenerateCredentialReport"] == 3
    assert proxy.count()["GetCredentialReport"] == 0


def test_a_denied_report_is_denied(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("GenerateCredentialReport", error(403, "AccessDenied"))
    assert read(proxy.url, tmp_path, [STREAM]).outcome(STREAM) == "denied"


def test_the_report_is_read_only_when_complete(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, [STREAM])
    assert outcome.receipt(STREAM).records == TINY.users
    operations = [page.operation for page in outcome.receipt(STREAM).pages]
    assert operations[-1] == "GetCredentialReport"
    assert set(operations[:-1]) == {"GenerateCredentialReport"}
