"""The streams of Okta, and how a connection is read."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.stream import StreamSpec, read_units, units_of
from kushim_pipeline.collect.okta import (
    admin_role,
    api_token,
    app,
    assignment,
    authenticator,
    event,
    factor,
    group,
    group_rule,
    network_zone,
    organization,
    policy,
    user,
)
from kushim_pipeline.collect.okta.dialect import open_client
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.tenants.config import Connection, OktaConnection
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS, check_resolved

THREADS = 3
"""Enough for what Okta's budgets allow, some hundred calls a minute; more would only take turns at Python's lock."""
A_WINDOW = 75.0
"""Seconds: Okta's budgets are of a minute, so a wait for the next one must be possible."""


STREAMS: tuple[StreamSpec[Reading], ...] = (
    StreamSpec("okta.organization", organization.read, (organization.NEEDS,), "The organisation's settings"),
    StreamSpec("okta.user", user.read, (user.NEEDS,), "Everybody, those who left included"),
    StreamSpec("okta.group", group.read, (group.NEEDS,), "Every group"),
    StreamSpec("okta.group_rule", group_rule.read, (group.NEEDS,), "The rules that put people into groups"),
    StreamSpec("okta.app", app.read, (app.NEEDS,), "Every application"),
    StreamSpec("okta.policy", policy.read, (policy.NEEDS,), "Password, sign-on, enrolment and authentication policies"),
    StreamSpec("okta.api_token", api_token.read, (api_token.NEEDS,), "The API tokens, without their values"),
    StreamSpec("okta.authenticator", authenticator.read, (authenticator.NEEDS,), "What people may sign in with"),
    StreamSpec("okta.network_zone", network_zone.read, (network_zone.NEEDS,), "The network zones"),
    StreamSpec("okta.event", event.read, (event.NEEDS,), "The system log of 90 days, as far as checks need it"),
    StreamSpec("okta.policy_rule", policy.read_rules, (policy.NEEDS,), "The rules of every policy", fans_out=True),
    StreamSpec(
        "okta.admin_role", admin_role.read, (admin_role.NEEDS,), "Who is administrator, with which roles", fans_out=True
    ),
    StreamSpec(
        "okta.app_group",
        assignment.read_groups,
        (app.NEEDS, event.NEEDS),
        "The groups that each application is given to",
        fans_out=True,
    ),
    StreamSpec(
        "okta.app_user",
        assignment.read_users,
        (app.NEEDS, event.NEEDS),
        "The people that have an account in each application",
        fans_out=True,
    ),
    # Last: it may take a quarter of an hour.
    StreamSpec(
        "okta.user_factor",
        factor.read,
        (factor.NEEDS, event.NEEDS),
        "The second factors of everybody who has not left",
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

    In: an OktaConnection and its secret `token`. A unit's fault is that unit's receipt and no other's. Raises
    ValueError for an org_url that the token must not be sent to (see tenants/hosts.py).
    """
    okta = cast(OktaConnection, connection)
    if pace.tape is None:
        check_resolved(okta.org_url, os.environ.get(ALLOW_PRIVATE_HOSTS) == "1")
    patience = replace(pace.patience, longest=max(pace.patience.longest, A_WINDOW))
    with (
        open_client(okta.org_url, secrets["token"], replace(pace, patience=patience)) as client,
        ThreadPoolExecutor(THREADS, thread_name_prefix="okta") as pool,
    ):
        reading = Reading(client, okta.account, pool)
        read_units(STREAMS, units, reading, pool, open_collection, progress)
