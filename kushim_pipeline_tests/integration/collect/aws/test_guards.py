"""The organisation, what watches an account, and its backups, over real HTTP from the sandbox's own answers."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.aws import events, organizations
from kushim_pipeline.sandbox.estate import Account, Backups, Bucket, Database, Finding, Member, Membership, Region
from kushim_pipeline_tests.integration.collect.aws.proxy import (
    Proxy,
    Request,
    Response,
    answered,
    changed,
    error,
    serve,
)
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, Outcome, read

HERE, THERE = "us-east-1", "eu-west-1"
MEMBER = "210987654321"
ESTATE = Account(
    account_id=ACCOUNT,
    buckets={"orders": Bucket(), "scratch": Bucket(environment="development")},
    organization=Membership(
        management=ACCOUNT,
        members={
            "main": Member(account_id=ACCOUNT, tags={"environment": "production"}),
            "lab": Member(account_id=MEMBER, unit="Sandbox"),
        },
    ),
    regions={
        HERE: Region(
            databases={"ledger": Database()},
            threats={f"Backdoor:{n}": Finding(closed=n == 0) for n in range(60)},
            outside_access={"orders": Finding(), "old": Finding(closed=True)},
            weaknesses={"CVE-1": Finding(severity="critical"), "CVE-2": Finding(closed=True)},
            backups=Backups(failed={"ledger": 4}, days=29),
            root_used={"ConsoleLogin": 3, "StopLogging": 80},
            logging_changed={"UpdateTrail": 5},
        ),
        THERE: Region(access_analyzer=False, security_hub="off", inspector=False, backups=Backups(restored=None)),
    },
)
ORGANIZATION = ("organization", "organization_account", "organizational_unit")


@pytest.fixture
def proxy(moto: str) -> Iterator[Proxy]:
    proxy, stop = serve(moto, ESTATE)
    yield proxy
    stop()


def reasons(outcome: Outcome, stream: str, scope: str = "global") -> set[tuple[str | None, str]]:
    return {(problem.resource_id, problem.reason.value) for problem in outcome.errors(stream, scope)}


def test_the_organisation_with_its_accounts_where_they_stand(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ORGANIZATION)
    assert outcome.not_complete() == {}
    (organization,) = outcome.records("organization").values()
    assert organization["MasterAccountId"] == ACCOUNT
    accounts = {body["Id"]: body for body in outcome.records("organization_account").values()}
    assert accounts[ACCOUNT]["Tags"] == {"environment": "production"}
    assert [unit["Name"] for unit in accounts[MEMBER]["OrganizationalUnits"]] == ["Root", "Sandbox"]
    assert all(arn.startswith(f"arn:aws:organizations::{ACCOUNT}:") for arn in outcome.records("organizational_unit"))
    assert {body["Parents"][0]["Name"] for body in outcome.records("organizational_unit").values()} == {"Root"}


def test_an_account_of_no_organisation_is_proven_to_be_one(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeOrganization", error(400, "AWSOrganizationsNotInUseException"))
    outcome = read(proxy.url, tmp_path, ORGANIZATION)
    assert outcome.not_complete() == {}
    assert outcome.records("organization") == {ACCOUNT: {"absent": True, "code": "AWSOrganizationsNotInUseException"}}
    assert "belongs to no organisation" in (outcome.receipt("organization_account").empty_proven_by or "")
    assert "ListAccounts" not in proxy.count()


def test_a_denied_organisation_is_no_proof(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("DescribeOrganization", error(400, "AccessDeniedException"))
    outcome = read(proxy.url, tmp_path, ORGANIZATION)
    assert {outcome.outcome(stream) for stream in ORGANIZATION} == {"denied"}


def test_a_member_account_sees_its_organisation_and_not_the_others(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail(
        "ListAccounts", error(400, "AccessDeniedException", "You don't have permissions to access this resource.")
    )
    outcome = read(proxy.url, tmp_path, ORGANIZATION)
    assert outcome.not_complete() == {
        ("aws.organization_account", "global"): "denied",
        ("aws.organizational_unit", "global"): "denied",
    }
    assert "ListRoots" not in proxy.count()


def root_access(outcome: Outcome) -> Any:
    """What the organisation's record says of it, of a collection that is whole."""
    assert outcome.not_complete() == {}
    (organization,) = outcome.records("organization").values()
    assert organization["MasterAccountId"] == ACCOUNT
    return organization.get("RootAccess")


def test_the_management_account_is_told_what_is_done_centrally_with_root_users(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ["organization"])
    assert root_access(outcome) == {"EnabledFeatures": ["RootCredentialsManagement", "RootSessions"]}
    assert proxy.count()["ListOrganizationsFeatures"] == 1
    kept = {page.operation for page in outcome.receipt("organization").pages}
    assert kept >= {"DescribeOrganization", "ListOrganizationsFeatures"}


@pytest.mark.parametrize("code", sorted(organizations.NO_FEATURES))
def test_an_account_that_may_not_ask_for_it_is_whole(proxy: Proxy, tmp_path: Path, code: str) -> None:
    proxy.fail("ListOrganizationsFeatures", error(400, code))
    assert root_access(read(proxy.url, tmp_path, ["organization"])) == {"absent": True, "code": code}


@pytest.mark.parametrize(
    "fault",
    [
        error(403, "AccessDenied"),
        error(400, "InvalidAction"),
        error(400, "Throttling"),
        answered(500, "oops"),
        answered(200, "<html></html>"),
        changed(lambda body: body.replace(b"EnabledFeatures", b"Others")),
    ],
    ids=["denied", "unknown here", "throttled", "fault", "html", "without the list"],
)
def test_what_is_done_centrally_is_left_out_where_it_could_not_be_read(
    proxy: Proxy, tmp_path: Path, fault: Callable[[Request, Callable[[], Response]], Response]
) -> None:
    proxy.fail("ListOrganizationsFeatures", fault)
    assert root_access(read(proxy.url, tmp_path, ["organization"])) is None


def test_only_an_account_of_an_organisation_is_asked_for_it(proxy: Proxy, tmp_path: Path) -> None:
    read(proxy.url, tmp_path, ["organization_account"])
    proxy.fail("DescribeOrganization", error(400, "AWSOrganizationsNotInUseException"))
    read(proxy.url, tmp_path, ORGANIZATION)
    assert "ListOrganizationsFeatures" not in proxy.count()


def test_tags_that_may_not_be_read_leave_their_account_unread(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("ListTagsForResource", error(400, "AccessDeniedException"))
    outcome = read(proxy.url, tmp_path, ["organization_account"])
    assert len(reasons(outcome, "organization_account")) == 2
    assert {reason for _, reason in reasons(outcome, "organization_account")} == {"denied"}


def test_what_is_switched_off_is_none_and_never_a_refusal(proxy: Proxy, tmp_path: Path) -> None:
    streams = ["access_analyzer", "access_analyzer_finding", "securityhub_standard", "inspector_coverage"]
    outcome = read(proxy.url, tmp_path, [*streams, "inspector_finding", "inspector_status"])
    assert outcome.not_complete() == {}
    for stream in (*streams, "inspector_finding"):
        assert outcome.receipt(stream, THERE).records == 0
        assert outcome.receipt(stream, THERE).empty_proven_by
    assert "not subscribed" in (outcome.receipt("securityhub_standard", THERE).empty_proven_by or "")
    assert outcome.records("inspector_status", THERE)[f"{ACCOUNT}/{THERE}"]["state"]["status"] == "DISABLED"
    assert ("ListCoverage", THERE) not in proxy.calls
    findings = outcome.records("access_analyzer_finding", HERE)
    assert {body["status"] for body in findings.values()} == {"ACTIVE", "ARCHIVED"}
    assert all(name.startswith(f"{body['analyzerArn']}/") for name, body in findings.items())
    assert len(outcome.records("inspector_finding", HERE)) == 2
    (asked,) = [request for request in proxy.requests if request.path == "/findings/list"]
    assert json.loads(asked.body)["filterCriteria"]["awsAccountId"] == [{"comparison": "EQUALS", "value": ACCOUNT}]


REFUSED = {
    "ListAnalyzers": ("access_analyzer", "access_analyzer_finding"),
    "GetEnabledStandards": ("securityhub_standard",),
    "BatchGetAccountStatus": ("inspector_status", "inspector_coverage", "inspector_finding"),
    "ListProtectedResources": ("backup_protected_resource",),
    "ListBackupPlans": ("backup_plan", "backup_selection"),
    "ListBackupJobs": ("backup_job",),
    "ListRestoreJobs": ("backup_restore_job",),
    "ListRestoreTestingPlans": ("backup_restore_testing_plan",),
    "LookupEvents": ("cloudtrail_event",),
}


@pytest.mark.parametrize(
    ("fault", "outcome_word"),
    [
        (error(403, "AccessDeniedException"), "denied"),
        (error(401, "InvalidAccessException", "no permission to perform this action"), "denied"),
        (answered(500, "oops"), "failed"),
        (answered(200, "{}"), "partial"),
        (answered(200, "<html></html>"), "partial"),
    ],
    ids=["denied", "access", "fault", "nothing", "html"],
)
def test_what_could_not_be_read_is_never_none(
    proxy: Proxy, tmp_path: Path, fault: Callable[[Request, Callable[[], Response]], Response], outcome_word: str
) -> None:
    for operation in REFUSED:
        proxy.fail(operation, fault, region=HERE)
    outcome = read(proxy.url, tmp_path, [stream for streams in REFUSED.values() for stream in streams])
    assert outcome.not_complete() == {
        (f"aws.{stream}", HERE): outcome_word for streams in REFUSED.values() for stream in streams
    }


def test_inspector_that_fails_to_say_whether_it_is_on(proxy: Proxy, tmp_path: Path) -> None:
    failed = {"accountId": ACCOUNT, "errorCode": "ACCESS_DENIED", "errorMessage": "no"}
    proxy.fail("BatchGetAccountStatus", answered(200, json.dumps({"accounts": [], "failedAccounts": [failed]})))
    outcome = read(proxy.url, tmp_path, ["inspector_status", "inspector_finding"])
    assert set(outcome.not_complete().values()) == {"denied"}


def test_findings_of_guardduty_are_read_fifty_at_a_time(proxy: Proxy, moto: str, tmp_path: Path) -> None:
    detector(moto)
    outcome = read(proxy.url, tmp_path, ["guardduty_finding"])
    assert outcome.not_complete() == {}
    found = outcome.records("guardduty_finding", HERE)
    assert len(found) == len(ESTATE.regions[HERE].threats)
    assert sum(body["Service"]["Archived"] for body in found.values()) == 1
    assert proxy.calls.count(("GetFindings", HERE)) == 2

    def without_one(body: bytes) -> bytes:
        findings = json.loads(body)["findings"]
        return json.dumps({"findings": findings[1:]}).encode()

    proxy.fail("GetFindings", changed(without_one))
    outcome = read(proxy.url, tmp_path, ["guardduty_finding"])
    assert {reason for _, reason in reasons(outcome, "guardduty_finding", HERE)} == {"incomplete"}
    assert len(reasons(outcome, "guardduty_finding", HERE)) == 2


def detector(moto: str) -> None:
    from kushim_pipeline_tests.integration.collect.aws.builder import Place

    client = Place(moto).client("guardduty", HERE)
    if not client.list_detectors()["DetectorIds"]:
        client.create_detector(Enable=True)


def test_plans_selections_and_restore_tests(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(
        proxy.url,
        tmp_path,
        ["backup_plan", "backup_selection", "backup_protected_resource", "backup_restore_testing_plan"],
    )
    assert outcome.not_complete() == {}
    ((plan, body),) = outcome.records("backup_plan", HERE).items()
    assert body["BackupPlan"]["Rules"][0]["ScheduleExpression"] == "cron(0 5 ? * * *)"
    ((name, selection),) = outcome.records("backup_selection", HERE).items()
    assert name.startswith(f"{plan}/selection/")
    assert "arn:aws:s3:::orders" in selection["BackupSelection"]["Resources"]
    assert set(outcome.records("backup_protected_resource", HERE)) == {
        "arn:aws:s3:::orders",
        f"arn:aws:rds:{HERE}:{ACCOUNT}:db:ledger",
    }
    (tested,) = outcome.records("backup_restore_testing_plan", HERE).values()
    assert [item["ProtectedResourceType"] for item in tested["RestoreTestingSelections"]] == ["RDS", "S3"]


def asked(proxy: Proxy) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in proxy.requests if request.operation == "LookupEvents"]


def test_events_of_root_and_of_the_trail_are_each_one_record(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ["cloudtrail_event"])
    assert outcome.not_complete() == {}
    found = outcome.records("cloudtrail_event", HERE)
    assert sorted(body["EventName"] for body in found.values()) == ["ConsoleLogin", "StopLogging", "UpdateTrail"]
    identities = {body["EventName"]: body["CloudTrailEvent"]["userIdentity"]["type"] for body in found.values()}
    assert identities == {"ConsoleLogin": "Root", "StopLogging": "Root", "UpdateTrail": "IAMUser"}
    assert outcome.receipt("cloudtrail_event", THERE).empty_proven_by
    assert len(asked(proxy)) == len(events.LOOKUPS) * 2


def test_a_second_reading_of_the_log_asks_for_what_is_new(proxy: Proxy, tmp_path: Path) -> None:
    first = read(proxy.url, tmp_path, ["cloudtrail_event", "backup_job"])
    proxy.requests.clear()
    second = read(proxy.url, tmp_path, ["cloudtrail_event", "backup_job"], after=first)
    assert second.not_complete() == {}
    now = datetime.now(UTC)
    for since in (datetime.fromtimestamp(one["StartTime"], UTC) for one in asked(proxy)):
        assert timedelta(days=1) <= now - since < timedelta(days=1, minutes=5)
    receipt = second.receipt("cloudtrail_event", HERE)
    assert (receipt.records, receipt.population, receipt.base is not None) == (0, 3, True)
    jobs = second.receipt("backup_job", HERE)
    assert jobs.population == first.receipt("backup_job", HERE).population == 58
    assert jobs.records < 20


def test_an_event_that_left_the_window_is_gone(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(proxy.url, tmp_path, ["cloudtrail_event"])
    monkeypatch.setattr(events, "WINDOW", timedelta(days=60))
    second = read(proxy.url, tmp_path, ["cloudtrail_event"], after=first)
    receipt = second.receipt("cloudtrail_event", HERE)
    assert (len(receipt.gone), receipt.population, receipt.outcome.value) == (1, 2, "complete")


def test_a_lookup_that_fails_moves_no_cursor_and_is_made_up_for(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("LookupEvents", error(400, "ThrottlingException", "Rate exceeded"), region=HERE)
    outcome = read(proxy.url, tmp_path, ["cloudtrail_event"])
    assert outcome.not_complete() == {("aws.cloudtrail_event", HERE): "failed"}


def test_an_event_that_is_no_json_is_quarantined_alone(proxy: Proxy, tmp_path: Path) -> None:
    twice = rb'\1{\\"eventName\\": 1, \\"eventName\\": 2, '

    def garbled(body: bytes) -> bytes:
        import re

        return re.sub(rb'("CloudTrailEvent": ")\{', twice, body, count=1)

    proxy.fail("LookupEvents", changed(garbled), region=HERE)
    outcome = read(proxy.url, tmp_path, ["cloudtrail_event"])
    assert {reason for _, reason in reasons(outcome, "cloudtrail_event", HERE)} == {"quarantined"}
    assert None not in {resource for resource, _ in reasons(outcome, "cloudtrail_event", HERE)}


def test_a_trial_asks_for_one_page_and_one_resource_of_each(proxy: Proxy, tmp_path: Path) -> None:
    outcome = read(proxy.url, tmp_path, ["organization_account", "cloudtrail_event"], sample=True)
    assert outcome.not_complete() == {}
    assert proxy.count()["ListTagsForResource"] == 1
    assert proxy.count()["LookupEvents"] == 2


def test_without_regions_every_region_that_is_enabled_is_read(moto: str, tmp_path: Path) -> None:
    proxy, stop = serve(moto, ESTATE)
    try:
        outcome = read(proxy.url, tmp_path, ["region", "securityhub_standard"], regions="all")
    finally:
        stop()
    assert outcome.not_complete() == {}
    regions = {body["RegionName"]: body["OptInStatus"] for body in outcome.records("region").values()}
    enabled = {region for region, status in regions.items() if status != "not-opted-in"}
    assert {HERE, THERE} < enabled < regions.keys()
    assert {region for operation, region in proxy.calls if operation == "GetEnabledStandards"} == enabled
    assert outcome.outcome("securityhub_standard", "me-south-1") == "complete"
