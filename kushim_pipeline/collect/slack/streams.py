"""The streams of Slack, and how a workspace is read."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import cast

from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.stream import StreamSpec, read_units, units_of
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.slack import (
    access_log,
    app,
    audit_event,
    billable_user,
    channel,
    channel_member,
    external_team,
    integration_log,
    team,
    user,
)
from kushim_pipeline.collect.slack.dialect import audit_url, open_client
from kushim_pipeline.collect.slack.workspace import Workspace
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.tenants.config import Connection, SlackConnection
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS, check_resolved

THREADS = 5


STREAMS: tuple[StreamSpec[Workspace], ...] = (
    StreamSpec("slack.team", team.read, (team.NEEDS,), "The workspace, and whose token reads it"),
    StreamSpec("slack.user", user.read, (user.NEEDS,), "Every member: guests, bots and deactivated ones among them"),
    StreamSpec(
        "slack.billable_user", billable_user.read, (billable_user.NEEDS,), "For whom Slack charges the workspace"
    ),
    StreamSpec(
        "slack.channel",
        channel.read,
        (channel.NEEDS,),
        "Every public channel, and the private ones that the token sees",
    ),
    StreamSpec(
        "slack.channel_member",
        channel_member.read,
        (channel_member.NEEDS, channel_member.NEEDS_HISTORY),
        "Who is in the announcement channels, and what was posted there last",
    ),
    StreamSpec(
        "slack.external_team", external_team.read, (external_team.NEEDS,), "Every organisation that shares channels"
    ),
    StreamSpec("slack.app", app.read, (app.NEEDS,), "Every app that is approved for the organisation"),
    StreamSpec(
        "slack.integration_log", integration_log.read, (integration_log.NEEDS,), "Who added or removed an app, and when"
    ),
    StreamSpec(
        "slack.access_log", access_log.read, (access_log.NEEDS,), "From where and with what members use Slack, 90 days"
    ),
    StreamSpec(
        "slack.audit_event", audit_event.read, (audit_event.NEEDS,), "What was done in the organisation, 30 days"
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

    In: a SlackConnection and its secrets `token` and, if it has one, `audit_token`. A unit's fault is that unit's
    receipt and no other's. Raises ValueError for a base URL that a token must not be sent to (see tenants/hosts.py).
    """
    slack = cast(SlackConnection, connection)
    allow_private = os.environ.get(ALLOW_PRIVATE_HOSTS) == "1"
    audit_base = audit_url(slack.base_url)
    for url in (slack.base_url, audit_base) if pace.tape is None else ():
        check_resolved(url, allow_private)
    of_org = "audit_token" in secrets
    with (
        open_client(slack.base_url, secrets["token"], pace) as client,
        open_client(slack.base_url, secrets["audit_token"], pace) if of_org else nullcontext(client) as organization,
        open_client(audit_base, secrets["audit_token" if of_org else "token"], pace) as audit,
        ThreadPoolExecutor(THREADS, thread_name_prefix="slack") as pool,
    ):
        reading = Reading(client, slack.account, pool)
        workspace = Workspace(reading, organization, audit, slack.announcement_channels, slack.workspace)
        read_units(STREAMS, units, workspace, pool, open_collection, progress)
