"""The manifest: it judges what the catalogue judges, plants every kind of failure and hole, and refuses mistakes."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from kushim_pipeline.catalogue.load import load as load_catalogue
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.sandbox.manifest import Manifest, Reason, load
from kushim_pipeline.tenants.config import TenantConfig

MANIFEST = load()
NEVER_PLANTED = {
    "JIRA-POP-000",  # where keys are missing, checks that stand on it know nothing
    "OKTA-LOG-001",  # a hole in the log needs two readings that lie far apart
    "SLK-USR-000",  # Slack would have to charge for somebody whom it does not list
}
"""Checks that fail at no tenant. Their own cases show that they can."""


def test_every_check_of_the_catalogue_is_judged_and_no_other() -> None:
    assert MANIFEST.judges.keys() == load_catalogue().checks.keys()


def test_every_check_fails_somewhere() -> None:
    failing = {check for tenant in MANIFEST.tenants.values() for failure in tenant.failures for check in failure.checks}
    assert MANIFEST.judges.keys() - failing == NEVER_PLANTED


def test_every_check_is_unknown_somewhere_save_those_that_always_know() -> None:
    unknown = {
        check
        for tenant in MANIFEST.tenants.values()
        for hole in tenant.holes
        for patterns in hole.unknown.values()
        for pattern in patterns
        for check in MANIFEST.judges
        if fnmatchcase(check, pattern)
    }
    assert MANIFEST.judges.keys() - unknown == {"KSM-001", "KSM-002", "KSM-005"}


def test_every_word_for_unknown_is_planted() -> None:
    reasons = {reason for tenant in MANIFEST.tenants.values() for hole in tenant.holes for reason in hole.unknown}
    assert reasons == set(get_args(Reason))


def test_the_kinds_of_hole_that_were_asked_for_are_there() -> None:
    holes = [hole for tenant in MANIFEST.tenants.values() for hole in tenant.holes]
    assert {hole.aws.way for hole in holes if hole.aws} >= {"denied", "cut_off"}
    assert {hole.github.kind for hole in holes if hole.github} >= {"truncate", "status"}
    for source in ("okta", "jira", "slack"):
        assert all(getattr(tenant, source) for tenant in MANIFEST.tenants.values())
    assert {hole.okta.kind for hole in holes if hole.okta} == {"truncate", "status"}
    assert any("auditing" in hole.jira.path for hole in holes if hole.jira)
    assert any(tenant.slack and tenant.slack.plan == "free" for tenant in MANIFEST.tenants.values())
    assert any(hole.github.status == 404 and "protection" in hole.github.path for hole in holes if hole.github)
    assert any(org.seen_as == "member" for tenant in MANIFEST.tenants.values() for org in tenant.github.values())


def test_policies_and_streams_are_those_of_the_project() -> None:
    catalogue = load_catalogue()
    for tenant_id, tenant in MANIFEST.tenants.items():
        assert tenant.policy.keys() <= catalogue.policy.keys()
        config = _config(tenant_id)
        assert set(MANIFEST.streams.counted) <= {unit.stream for unit in expected_units(config)}


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (("tenants", "hooli", "holes", 0, "aws", "way"), "lost"),
        (("tenants", "hooli", "holes", 0, "aws", "account"), "production"),
        (("tenants", "hooli", "holes", 0, "unknown"), {"denied": {"AWS-IAM-999": ["prod/account"]}}),
        (("tenants", "hooli", "holes", 0, "unknown"), {"forbidden": {"AWS-IAM-007": ["prod/account"]}}),
        (("tenants", "initech", "failures", 0, "resources"), []),
        (("tenants", "initech", "aws", "main", "users", "bill", "pasword"), True),
        (("tenants", "initech", "aws", "main", "account_id"), "12345"),
    ],
)
def test_a_mistake_is_refused(tmp_path: Path, where: tuple[Any, ...], what: object) -> None:
    tree = _tree()
    place: Any = tree
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = what
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(tree))
    with pytest.raises(ValidationError):
        load(path)


def test_a_file_is_read_like_the_packages_own(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(_tree()))
    assert load(path) == MANIFEST
    assert isinstance(MANIFEST, Manifest)


def _tree() -> dict[str, Any]:
    found: dict[str, Any] = MANIFEST.model_dump(mode="json")
    return found


def _config(tenant_id: str) -> TenantConfig:
    tenant = MANIFEST.tenants[tenant_id]
    aws = [
        {"source": "aws", "account_id": account.account_id, "regions": [*account.regions]}
        for account in tenant.aws.values()
    ]
    github = [{"source": "github", "org": org, "token": "env:TOKEN"} for org in tenant.github]
    others: list[dict[str, Any]] = [
        {"source": "okta", "org_url": "https://okta.test", "token": "env:TOKEN"},
        {"source": "jira", "base_url": "https://jira.test", "email": "kushim@jira.test", "token": "env:TOKEN"},
        {"source": "slack", "token": "env:TOKEN"},
    ]
    found = {"tenant": tenant_id, "name": tenant.name, "connections": [*aws, *github, *others]}
    return TenantConfig.model_validate(found)
