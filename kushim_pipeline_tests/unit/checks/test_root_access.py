"""What a management account is told about root users reaches the rows of its members, and decides no verdict."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.catalogue.model import Catalogue
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.warehouse import open_writer
from kushim_pipeline_tests.fixtures import catalogue, new_warehouse
from kushim_pipeline_tests.unit.verdicts.world import World, day

MANAGEMENT, MEMBER = "111122223333", "444455556666"
UNITS = tuple(
    Unit("acme", f"aws:{account}", "aws", account, stream)
    for account in (MANAGEMENT, MEMBER)
    for stream in ("aws.account", "aws.organization")
)
ARN = f"arn:aws:organizations::{MANAGEMENT}:organization/o-1"
NO_CREDENTIALS = {
    "Summary": {
        "AccountMFAEnabled": 0,
        "AccountAccessKeysPresent": 0,
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": 0,
    }
}
CENTRAL = {"EnabledFeatures": ["RootCredentialsManagement", "RootSessions"]}
NOT_ASKED = {"absent": True, "code": "AccountNotManagementOrDelegatedAdministratorException"}
PLAIN = "the root user has no credentials"
MANAGED = "the root user has no credentials (root access is managed centrally)"


def small() -> Catalogue:
    whole = catalogue()
    facts = {name: whole.facts[name] for name in ("aws_account", "kushim_exception", "kushim_tenant")}
    return whole.model_copy(update={"checks": {"AWS-IAM-001": whole.checks["AWS-IAM-001"]}, "facts": facts})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with open_writer(new_warehouse(tmp_path / "w.duckdb")) as warehouse:
        yield World(tmp_path, warehouse, UNITS)


def organization(root_access: dict[str, Any] | None, number: str = "o-1") -> dict[str, Any]:
    body = {"Id": number, "MasterAccountId": MANAGEMENT}
    return {ARN: body if root_access is None else {**body, "RootAccess": root_access}}


def judged(
    here: World, told: dict[str, Any], of_member: dict[str, Any], told_at: float = 0, **problem: Any
) -> dict[str, tuple[Any, ...]]:
    """Account -> the fact's column, and status and reason of its verdict, half an hour after the member was read."""
    for account in (MANAGEMENT, MEMBER):
        here.collect(Unit("acme", f"aws:{account}", "aws", account, "aws.account"), day(0), {account: NO_CREDENTIALS})
    first, second = (unit for unit in UNITS if unit.stream == "aws.organization")
    here.collect(first, day(told_at), told, **problem)
    here.collect(second, day(0), of_member)
    here.judge(small(), day(0.02))
    rows = here.warehouse.query(
        "SELECT a.resource_id, a.root_credentials_managed_centrally, v.status, v.reason FROM facts.aws_account AS a "
        "JOIN verdict.check_result AS v ON v.tenant_id = a.tenant_id AND v.resource_id = a.resource_id"
    ).rows
    assert len(rows) == 2
    return {row[0]: tuple(row[1:]) for row in rows}


def test_a_member_is_told_by_the_management_account_which_is_never_managed_itself(here: World) -> None:
    found = judged(here, organization(CENTRAL), organization(NOT_ASKED))
    assert found == {MANAGEMENT: (False, "PASS", PLAIN), MEMBER: (True, "PASS", MANAGED)}


@pytest.mark.parametrize(
    ("told", "column"),
    [
        ({"EnabledFeatures": ["RootSessions"]}, False),
        ({"EnabledFeatures": []}, False),
        ({"absent": True, "code": "ServiceAccessNotEnabledException"}, False),
        ({"absent": True, "code": "OrganizationNotInAllFeaturesModeException"}, False),
        ({"absent": True, "code": "OrganizationNotFoundException"}, None),
        (NOT_ASKED, None),
        (None, None),
    ],
)
def test_what_was_not_said_is_not_known(here: World, told: dict[str, Any] | None, column: bool | None) -> None:
    assert judged(here, organization(told), organization(NOT_ASKED))[MEMBER] == (column, "PASS", PLAIN)


def test_another_organisation_says_nothing_of_this_one(here: World) -> None:
    found = judged(here, organization(CENTRAL, "o-2"), organization(NOT_ASKED))
    assert found[MEMBER] == (None, "PASS", PLAIN)


def test_what_was_said_two_days_ago_is_not_repeated(here: World) -> None:
    found = judged(here, organization(CENTRAL), organization(NOT_ASKED), told_at=-2)
    assert found[MEMBER] == (None, "PASS", PLAIN)


def test_an_organisation_that_was_not_read_blocks_no_verdict(here: World) -> None:
    found = judged(here, {}, organization(NOT_ASKED), problem=Reason.DENIED)
    assert found == {MANAGEMENT: (None, "PASS", PLAIN), MEMBER: (None, "PASS", PLAIN)}


def test_an_account_of_no_organisation_is_managed_by_none(here: World) -> None:
    found = judged(here, {MANAGEMENT: {"absent": True}}, organization(CENTRAL, "o-2"))
    assert found == {MANAGEMENT: (False, "PASS", PLAIN), MEMBER: (True, "PASS", MANAGED)}
