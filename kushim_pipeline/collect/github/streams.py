"""The streams of GitHub, and how a connection is read."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github import branch, member, organization, repository, ruleset
from kushim_pipeline.collect.github.client import open_client
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.tenants.config import Connection, GithubConnection
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS, check_resolved

SOURCE = "github"
THREADS = 6


@dataclass(frozen=True)
class StreamSpec:
    """A kind of thing that is read. `permissions`: what the token needs. `fans_out`: it asks once a repository."""

    name: str
    read: Callable[[Collection, Reading], None]
    permissions: tuple[str, ...]
    doc: str
    scope: Literal["global", "region"] = "global"
    fans_out: bool = False


STREAMS: tuple[StreamSpec, ...] = (
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
)


def units(tenant_id: str, connection: Connection) -> list[Unit]:
    """What a connection is expected to give: one unit a stream. No network."""
    return [
        Unit(tenant_id, connection.connection_id, SOURCE, connection.account, spec.name, spec.scope) for spec in STREAMS
    ]


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
    check_resolved(github.base_url, os.environ.get(ALLOW_PRIVATE_HOSTS) == "1")
    specs = {spec.name: spec for spec in STREAMS}
    wanted = [(unit, specs[unit.stream]) for unit in units]

    def read(unit: Unit, spec: StreamSpec, reading: Reading) -> None:
        with open_collection(unit) as collection:
            spec.read(collection, reading)
        progress(unit)

    with (
        open_client(github.base_url, secrets["token"], pace) as client,
        ThreadPoolExecutor(THREADS, thread_name_prefix="github") as pool,
    ):
        reading = Reading(client, github.org, pool)
        # A stream that fans out waits for the pool's threads, so it must not hold one itself.
        single = [pool.submit(read, unit, spec, reading) for unit, spec in wanted if not spec.fans_out]
        for unit, spec in wanted:
            if spec.fans_out:
                read(unit, spec, reading)
        for future in single:
            future.result()
