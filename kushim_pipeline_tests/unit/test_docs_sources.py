"""What the pages of the sources tell an administrator to grant is what the streams need, and every stream is explained.

Okta's and Slack's files of scopes are held in `integration/collect/<source>/test_documents.py`.
"""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from kushim_pipeline.collect.aws.streams import STREAMS as AWS
from kushim_pipeline.collect.github.streams import STREAMS as GITHUB
from kushim_pipeline.collect.jira.streams import STREAMS as JIRA
from kushim_pipeline.collect.okta.streams import STREAMS as OKTA
from kushim_pipeline.collect.slack.streams import STREAMS as SLACK

DOCS = Path(__file__).parents[2] / "docs"
SOURCES = DOCS / "sources"
NAMES = {
    "aws": {spec.name for spec in AWS},
    "github": {spec.name for spec in GITHUB},
    "jira": {spec.name for spec in JIRA},
    "okta": {spec.name for spec in OKTA},
    "slack": {spec.name for spec in SLACK},
}
# What GitHub calls a permission, of repositories and of organisations -> what an App's manifest calls it.
OF_REPOSITORIES = {
    "Metadata": "metadata",
    "Administration": "administration",
    "Contents": "contents",
    "Pull requests": "pull_requests",
    "Commit statuses": "statuses",
    "Checks": "checks",
    "Code scanning alerts": "security_events",
    "Dependabot alerts": "vulnerability_alerts",
    "Secret scanning alerts": "secret_scanning_alerts",
}
OF_ORGANIZATIONS = {
    "Members": "members",
    "Administration": "organization_administration",
    "Personal access tokens": "organization_personal_access_tokens",
}
ONLY_APPS = {"Checks", "Personal access tokens"}


def page(source: str) -> str:
    return (SOURCES / f"{source}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", NAMES)
def test_every_stream_is_explained(source: str) -> None:
    named = set(re.findall(rf"`({source}\.[a-z0-9_]+\*?)`", page(source)))
    assert [name for name in NAMES[source] if not any(fnmatchcase(name, each) for each in named)] == []
    assert [each for each in named if not any(fnmatchcase(name, each) for name in NAMES[source])] == []


def needed(known: dict[str, str], kind: str) -> set[str]:
    """Which of GitHub's permissions the streams need."""
    needs = [need.partition("(classic")[0] for spec in GITHUB for need in spec.permissions]
    return {name for name in known for need in needs if kind in need and re.search(rf"\b{name}\b", need)}


def test_the_apps_manifest_grants_what_the_streams_need() -> None:
    manifest = json.loads((SOURCES / "github-app-manifest.json").read_text(encoding="utf-8"))
    of_repositories, of_organizations = needed(OF_REPOSITORIES, "repository"), needed(OF_ORGANIZATIONS, "organisation")
    wanted = {OF_REPOSITORIES[name] for name in of_repositories} | {OF_ORGANIZATIONS[name] for name in of_organizations}
    assert manifest["default_permissions"] == dict.fromkeys(wanted, "read")


def test_the_page_asks_a_fine_grained_token_for_what_it_can_have() -> None:
    row = re.search(r"\| (Metadata, .*) \| (.*) \|$", page("github"), re.MULTILINE)
    assert row is not None
    assert set(row[1].split(", ")) == needed(OF_REPOSITORIES, "repository") - ONLY_APPS
    assert set(row[2].split(", ")) == needed(OF_ORGANIZATIONS, "organisation") - ONLY_APPS


def test_the_trust_policy_lets_nobody_in_without_the_external_id() -> None:
    (statement,) = json.loads((DOCS / "aws-trust.json").read_text(encoding="utf-8"))["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert "*" not in statement["Principal"]["AWS"]
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"] in page("aws")


@pytest.mark.parametrize("source", [*NAMES, "file"])
def test_the_first_thing_after_the_set_up_is_to_ask_what_can_be_read(source: str) -> None:
    assert f"kushim connections test --tenant acme --source {source}" in page(source)
