"""What is expected of a connection is known without any network."""

import pytest
from pydantic import SecretStr

from kushim_pipeline.collect.github.client import open_client
from kushim_pipeline.collect.github.streams import STREAMS, units
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.tenants.config import GithubConnection

CONNECTION_TOKEN = SecretStr("ghp_none")
CONNECTION = GithubConnection(source="github", org="Acme-Inc", token="env:T")  # type: ignore[arg-type]


def test_one_unit_a_stream() -> None:
    found = units("acme", CONNECTION)
    assert [unit.stream for unit in found] == [
        "github.organization",
        "github.repository",
        "github.member",
        "github.owner",
        "github.member_without_2fa",
        "github.outside_collaborator",
        "github.outside_collaborator_without_2fa",
        "github.team",
        "github.saml_identity",
        "github.organization_actions",
        "github.dependabot_alert",
        "github.code_scanning_alert",
        "github.secret_scanning_alert",
        "github.installation",
        "github.pat_grant",
        "github.audit_event",
        "github.repository_settings",
        "github.branch_protection",
        "github.branch_rule",
        "github.ruleset",
        "github.team_member",
        "github.actions_permission",
        "github.code_scanning_analysis",
        "github.pull_request",
        "github.commit",
    ]
    assert found[0] == Unit("acme", "github:Acme-Inc", "github", "Acme-Inc", "github.organization", "global")


def test_every_stream_says_what_it_needs() -> None:
    for spec in STREAMS:
        assert spec.permissions and spec.doc, spec.name


@pytest.mark.parametrize(
    ("base_url", "url", "away"),
    [
        ("https://api.github.com", "https://api.github.com/organizations/1/repos?page=2", False),
        ("https://api.github.com", "https://api.github.com:443/organizations/1/repos", False),
        ("https://api.github.com", "https://API.GitHub.com/organizations/1/repos", False),
        ("https://api.github.com", "http://api.github.com/organizations/1/repos", True),
        ("https://api.github.com", "https://api.github.com:8443/organizations/1", True),
        ("https://api.github.com", "https://api.github.com.evil.example/organizations/1", True),
        ("https://api.github.com", "https://evil.example/organizations/1", True),
        ("https://api.github.com", "//evil.example/organizations/1", True),
        ("https://api.github.com", "/organizations/1", True),
        ("https://api.github.com", "https://me@api.github.com/organizations/1", True),
        ("https://api.github.com", "https://api.github.com:port/organizations/1", True),
        ("https://ghe.example/api/v3", "https://ghe.example/api/v3/organizations/1", False),
        ("https://ghe.example/api/v3/", "https://ghe.example/api/v3/organizations/1", False),
        ("https://ghe.example/api/v3", "https://ghe.example/api/v33/organizations/1", True),
        ("https://ghe.example/api/v3", "https://ghe.example/api/v3/../../login", True),
    ],
)
def test_where_a_next_page_may_be(base_url: str, url: str, away: bool) -> None:
    assert open_client(base_url, CONNECTION_TOKEN).leads_away(url) is away


def test_calls_for_the_same_are_in_the_same_place() -> None:
    client = open_client("https://ghe.example/api/v3", CONNECTION_TOKEN)
    relative = Call("GET", "/orgs/a/members", {"per_page": "100", "filter": "all"})
    absolute = Call("GET", "https://ghe.example/api/v3/orgs/a/members?filter=all&per_page=100")
    assert client.place(relative) == client.place(absolute)
