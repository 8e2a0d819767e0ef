"""What `kushim connections test` does: choose the connections, try them, say what came out and what to do about it."""

import os
import shutil
import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from itertools import groupby

import click

from kushim_pipeline.collect.trial import State, Tried, try_connection
from kushim_pipeline.collect.unit import GLOBAL
from kushim_pipeline.commands.output import clean, printable, show
from kushim_pipeline.commands.read import refuse_unknown
from kushim_pipeline.commands.work import say
from kushim_pipeline.settings import Settings
from kushim_pipeline.tenants.config import Connection, TenantConfig
from kushim_pipeline.tenants.secret import Resolver

AT_ONCE = 4
"""Connections that are tried at the same time."""
COLUMNS = (
    "tenant_id", "connection_id", "source", "stream", "scopes", "state", "call", "said", "needs",
    "remedy", "unknown",
)  # fmt: skip
_WIDTH = 120
_REGIONS_SHOWN = 4
_BELOW = " " * 20
_RENEW = "put in a new one"  # how every source's message of a wrong token ends


def test(settings: Settings, chosen: Sequence[str], sources: Sequence[str], form: str) -> int:
    """Try the connections and print a line for each stream. 0 when all can be read, 1 when not."""
    from kushim_pipeline.catalogue.load import load

    resolver = _resolver(settings)
    catalogue = load()
    wanted, refused = _wanted(settings, chosen, sources)
    if not wanted:
        say("nothing was tried: there is no connection that would be collected")
        return 1
    found: dict[tuple[str, str], list[Tried]] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="trial") as pool:
        running = {
            pool.submit(try_connection, tenant, connection, resolver, catalogue.checks): (tenant, connection)
            for tenant, connection in wanted
        }
        for done in as_completed(running):
            tenant, connection = running[done]
            found[tenant.tenant, connection.connection_id] = done.result()
            say(_summary(tenant.tenant, connection.connection_id, done.result()))
    of = {(tenant.tenant, connection.connection_id): connection for tenant, connection in wanted}
    tried = [one for key in of for one in found[key]]
    remedies = [remedy(one, of[one.tenant_id, one.connection_id]) for one in tried]
    if form == "table":
        _print(tried, remedies)
    else:
        show(COLUMNS, [_row(one, what, form) for one, what in zip(tried, remedies, strict=True)], form)
    return 1 if refused or any(one.state is not State.READABLE for one in tried) else 0


def remedy(one: Tried, connection: Connection) -> str:
    """What to do about a stream that cannot be read, in words; empty where it can."""
    page = f"docs/sources/{one.source}.md"
    needs = " and ".join(one.needs) or "what it asks for"
    secrets = ", ".join(map(str, connection.secret_refs().values()))
    if one.state is State.DENIED:
        if _RENEW in one.said and secrets:
            return f"put a token that is valid into {secrets}"
        return f"Kushim needs {needs} (see {page})"
    if one.state is State.NOT_ON_PLAN:
        return f"no permission helps: {one.source} sells this with another plan, or to other organisations (see {page})"
    if one.state is State.UNREACHABLE:
        return "let this machine reach the vendor: look at its address, the network, the proxy and the certificates"
    if one.state is State.FAILED:
        return f"what the words above ask for; where they ask for nothing, try again, and see {page}"
    return ""


def _resolver(settings: Settings) -> Resolver:
    """Who resolves references. The vault is only read: what it would prepare for a run is not prepared."""
    from kushim_pipeline.vault import open_vault
    from kushim_pipeline.vault.resolver import resolver

    return resolver(os.environ, partial(open_vault, settings))


def _wanted(
    settings: Settings, chosen: Sequence[str], sources: Sequence[str]
) -> tuple[list[tuple[TenantConfig, Connection]], bool]:
    """The connections to try, and whether a tenant that is meant was refused. Raises UsageError for unknown names."""
    from kushim_pipeline.catalogue.load import HERE
    from kushim_pipeline.catalogue.policy import load_policy, resolve
    from kushim_pipeline.collect.run import SOURCES
    from kushim_pipeline.tenants.load import load_tenants, not_active

    policy = partial(resolve, load_policy(HERE / "policy.yaml"))
    # A secret that is missing keeps its own connection from being tried, and no other of the tenant.
    loaded = load_tenants(settings.tenants, policy=policy, check_secrets=False)
    refuse_unknown("tenant", chosen, [*(tenant.tenant for tenant in loaded.tenants), *loaded.refused])
    refuse_unknown("source", sources, SOURCES)
    problems = [one for one in loaded.problems if not chosen or one.tenant is None or one.tenant in chosen]
    for problem in problems:
        say(str(problem))
    refused = bool(problems) if not chosen else bool(loaded.refused & set(chosen))
    wanted: list[tuple[TenantConfig, Connection]] = []
    for tenant in loaded.tenants:
        if chosen and tenant.tenant not in chosen:
            continue
        if tenant.state != "active":
            refused = refused or bool(chosen)
            say(not_active(tenant))
            continue
        wanted += [(tenant, one) for one in tenant.connections if not sources or one.source in sources]
    return wanted, refused


def _summary(tenant: str, connection: str, tried: Sequence[Tried]) -> str:
    # A stream of many regions may be readable in some of them only.
    streams = {one.stream for one in tried}
    missing = {one.stream for one in tried if one.state is not State.READABLE}
    return f"{tenant}: {connection}: {len(streams) - len(missing)} of {len(streams)} streams can be read"


def _row(one: Tried, what: str, form: str) -> tuple[object, ...]:
    several = (one.scopes, one.needs, one.checks)
    scopes, needs, checks = map(list, several) if form == "json" else map("; ".join, several)
    return (
        one.tenant_id, one.connection_id, one.source, one.stream, scopes, one.state.value, one.call, one.said, needs,
        what, checks,
    )  # fmt: skip


def _print(tried: Sequence[Tried], remedies: Sequence[str]) -> None:
    """A line for each stream; under those that cannot be read for one reason, why, what to do, and what is UNKNOWN."""
    pairs = zip(tried, remedies, strict=True)
    for (tenant, connection), group in groupby(pairs, key=lambda pair: (pair[0].tenant_id, pair[0].connection_id)):
        click.echo(printable(clean(f"{tenant}: {connection}")))
        together: dict[tuple[State, str, str], list[Tried]] = {}
        for one, what in group:
            together.setdefault((one.state, one.said, what), []).append(one)
        for (state, said, what), streams in together.items():
            for one in streams:
                _line(f"{state.value:<16}  {one.stream}{_where(one.scopes)}", "  ")
            if state is not State.READABLE:
                calls = {one.call for one in streams}
                _line(f"{calls.pop()}: {said}" if len(calls) == 1 and "" not in calls else said, _BELOW)
                _line(f"To do: {what}", _BELOW)
                lost = sorted({check for one in streams for check in one.checks})
                _line(f"UNKNOWN without it: {', '.join(lost) or 'no check'}", _BELOW)


def _where(scopes: Sequence[str]) -> str:
    if tuple(scopes) == (GLOBAL,):
        return ""
    return f" ({', '.join(scopes)})" if len(scopes) <= _REGIONS_SHOWN else f" ({len(scopes)} regions)"


def _line(text: str, margin: str) -> None:
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    click.echo(
        textwrap.fill(
            printable(clean(text)), width, initial_indent=margin, subsequent_indent=_BELOW,
            break_on_hyphens=False, break_long_words=False,
        )
    )  # fmt: skip
