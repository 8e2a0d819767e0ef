"""The streams of Jira, and how a site is read."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.stream import StreamSpec, read_units, units_of
from kushim_pipeline.collect.jira import (
    audit_record,
    group,
    issue,
    issue_changelog,
    project,
    project_role,
    site,
    user,
    workflow,
)
from kushim_pipeline.collect.jira.dialect import open_client
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.tenants.config import Connection, JiraConnection
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS, check_resolved

THREADS = 6
A_WINDOW = 125.0
"""Seconds: Jira names the minute in which a budget is full again, so the end of a minute's window may be told as nearly
two minutes away, and a wait for it must be possible."""

STREAMS: tuple[StreamSpec[Visit], ...] = (
    StreamSpec("jira.site", site.read, (site.NEEDS,), "The site, and what the token's account may do"),
    StreamSpec("jira.project", project.read, (project.NEEDS,), "The projects that matter"),
    StreamSpec(
        "jira.issue",
        issue.read,
        (issue.NEEDS,),
        "Every issue of the projects that matter, with all its fields",
        fans_out=True,
    ),
    StreamSpec(
        "jira.issue_changelog",
        issue_changelog.read,
        (issue.NEEDS,),
        "Who changed what in each issue, and when",
        fans_out=True,
    ),
    StreamSpec("jira.workflow", workflow.read, (workflow.NEEDS,), "The workflows of company-managed projects"),
    StreamSpec("jira.user", user.read, (user.NEEDS,), "Every account: inactive ones, apps and customers among them"),
    StreamSpec("jira.group", group.read, (group.NEEDS,), "Every group"),
    StreamSpec(
        "jira.group_member",
        group.read_members,
        (group.NEEDS, group.NEEDS_ADMINISTER),
        "Who is in the groups that make administrators of Jira",
    ),
    StreamSpec(
        "jira.project_role",
        project_role.read,
        (project_role.NEEDS,),
        "Who is in the roles that administer the projects that matter",
        fans_out=True,
    ),
    StreamSpec(
        "jira.audit_record",
        audit_record.read,
        (audit_record.NEEDS,),
        "What was done to settings, users and permissions, 365 days",
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

    In: a JiraConnection and its secret `token`. A unit's fault is that unit's receipt and no other's. Raises ValueError
    for a base URL that the token must not be sent to (see tenants/hosts.py).
    """
    jira = cast(JiraConnection, connection)
    if pace.tape is None:
        check_resolved(jira.base_url, os.environ.get(ALLOW_PRIVATE_HOSTS) == "1")
    patience = pace.patience if pace.sample else replace(pace.patience, longest=max(pace.patience.longest, A_WINDOW))
    with (
        open_client(jira.base_url, jira.email, secrets["token"], replace(pace, patience=patience)) as client,
        ThreadPoolExecutor(THREADS, thread_name_prefix="jira") as pool,
    ):
        visit = Visit(Reading(client, jira.account, pool), jira.projects)
        read_units(STREAMS, units, visit, pool, open_collection, progress)
