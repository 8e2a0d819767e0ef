"""The streams of GitHub, and how a connection is read."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github import (
    access,
    actions,
    alert,
    audit,
    branch,
    code_scanning,
    commit,
    member,
    organization,
    pull_request,
    repository,
    ruleset,
    saml,
    settings,
    team,
)
from kushim_pipeline.collect.github.client import graphql_url, open_client
from kushim_pipeline.collect.github.graphql import GithubReading
from kushim_pipeline.collect.http.stream import StreamSpec, read_units, units_of
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.tenants.config import Connection, GithubConnection
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS, check_resolved

THREADS = 3
"""GitHub asks for few calls at a time, and its budget is of an hour: more threads would only take turns at Python's
lock."""


STREAMS: tuple[StreamSpec[GithubReading], ...] = (
    StreamSpec("github.organization", organization.read, (organization.NEEDS,), "The organisation's settings"),
    StreamSpec("github.repository", repository.read, (repository.NEEDS, organization.NEEDS), "Every repository"),
    StreamSpec("github.member", member.read_members, (member.NEEDS,), "Every member, owners included"),
    StreamSpec("github.owner", member.read_owners, (member.NEEDS,), "Every owner"),
    StreamSpec(
        "github.member_without_2fa",
        member.read_members_without_2fa,
        (member.NEEDS_OWNER,),
        "Members who have no second factor",
    ),
    StreamSpec(
        "github.outside_collaborator",
        member.read_outside_collaborators,
        (member.NEEDS_OWNER,),
        "Who has access to a repository without being a member",
    ),
    StreamSpec(
        "github.outside_collaborator_without_2fa",
        member.read_outside_collaborators_without_2fa,
        (member.NEEDS_OWNER,),
        "Outside collaborators who have no second factor",
    ),
    StreamSpec("github.team", team.read, (team.NEEDS,), "Every team"),
    StreamSpec("github.saml_identity", saml.read, (saml.NEEDS,), "The identities that single sign-on links to people"),
    StreamSpec(
        "github.organization_actions",
        actions.read_organization,
        (actions.NEEDS_ORGANIZATION,),
        "Which workflows may run in the organisation, and what they may write",
    ),
    StreamSpec(
        "github.dependabot_alert",
        alert.read_dependabot,
        (alert.NEEDS_DEPENDABOT,),
        "Known vulnerabilities of dependencies",
    ),
    StreamSpec("github.code_scanning_alert", alert.read_code_scanning, (alert.NEEDS_CODE,), "What code scanning found"),
    StreamSpec(
        "github.secret_scanning_alert",
        alert.read_secret_scanning,
        (alert.NEEDS_LEAKS,),
        "Leaked secrets, without their values",
    ),
    StreamSpec("github.installation", access.read_installations, (access.NEEDS,), "The apps that are installed"),
    StreamSpec("github.pat_grant", access.read_grants, (access.NEEDS_APP,), "The fine-grained tokens with access"),
    StreamSpec("github.audit_event", audit.read, (audit.NEEDS,), "The audit log of 180 days"),
    StreamSpec(
        "github.repository_settings",
        settings.read,
        (settings.NEEDS,),
        "Alerts, deploy keys and workflow files of every repository",
        fans_out=True,
    ),
    StreamSpec(
        "github.branch_protection",
        branch.read_protection,
        (branch.NEEDS,),
        "Classic protection of every repository's default branch",
        fans_out=True,
    ),
    StreamSpec(
        "github.branch_rule",
        branch.read_rules,
        (branch.NEEDS,),
        "The rules that rulesets lay on every repository's default branch",
        fans_out=True,
    ),
    StreamSpec(
        "github.ruleset",
        ruleset.read,
        (ruleset.NEEDS,),
        "Every ruleset that applies to a default branch, with who may bypass it",
        fans_out=True,
    ),
    StreamSpec("github.team_member", team.read_members, (team.NEEDS,), "Who is in each team", fans_out=True),
    StreamSpec(
        "github.actions_permission",
        actions.read_repositories,
        (actions.NEEDS,),
        "Which workflows may run in every repository, and what they may write",
        fans_out=True,
    ),
    StreamSpec(
        "github.code_scanning_analysis",
        code_scanning.read,
        (code_scanning.NEEDS,),
        "When code scanning last looked at every default branch",
        fans_out=True,
    ),
    StreamSpec(
        "github.pull_request",
        pull_request.read,
        (pull_request.NEEDS,),
        "What was merged into default branches in thirteen months, with reviews and checks",
        fans_out=True,
    ),
    StreamSpec(
        "github.commit",
        commit.read,
        (commit.NEEDS,),
        "The commits of default branches in thirteen months, with signature and pull requests",
        fans_out=True,
    ),
)


def units(tenant_id: str, connection: Connection) -> list[Unit]:
    """What a connection is expected to give: one unit a stream. No network."""
    return units_of(STREAMS, tenant_id, connection)


def collect(
    connection: Connection,
    secrets: Mapping[str, SecretStr],
    units: Iterable[Unit],
    open_collection: Callable[[Unit], Collection],
    progress: Callable[[Unit], None],
    pace: Pace,
) -> None:
    """Read the units, several at a time, and call progress(unit) as soon as nothing more will be reported about it.

    In: a GithubConnection and its secret `token`. A unit's fault is that unit's receipt and no other's. Raises
    ValueError for a base URL that the token must not be sent to (see tenants/hosts.py).
    """
    github = cast(GithubConnection, connection)
    if pace.tape is None:
        check_resolved(github.base_url, os.environ.get(ALLOW_PRIVATE_HOSTS) == "1")
    with (
        open_client(github.base_url, secrets["token"], pace) as client,
        ThreadPoolExecutor(THREADS, thread_name_prefix="github") as pool,
    ):
        reading = GithubReading(client, github.org, pool, graphql=graphql_url(github.base_url))
        read_units(STREAMS, units, reading, pool, open_collection, progress)
