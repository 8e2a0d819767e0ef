"""The stand-ins of GitHub, Okta, Jira and Slack for all tenants, and the secrets, names and connections that go with
them."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from kushim_pipeline.sandbox import github_world, jira_world, okta_world, slack_world
from kushim_pipeline.sandbox.github.server import start as start_github
from kushim_pipeline.sandbox.jira.routes import Jira
from kushim_pipeline.sandbox.manifest import Tenant
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.slack.model import Description
from kushim_pipeline.sandbox.slack.vendor import SlackVendor
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Standin
from kushim_pipeline.sandbox.standin.server import start as start_standin

Tenants = Mapping[str, Tenant]
Source = Literal["github", "okta", "jira", "slack"]


@dataclass(frozen=True)
class Vendors:
    """What runs: GitHub and Slack for all tenants, Okta and Jira by tenant."""

    github: Standin
    slack: Standin
    okta: Mapping[str, Standin]
    jira: Mapping[str, Standin]


def token_variable(org: str) -> str:
    """The variable of an organisation's GitHub token."""
    return f"SANDBOX_{org.upper().replace('-', '_')}_GITHUB_TOKEN"


def variable(tenant_id: str, source: str) -> str:
    """The variable of a tenant's token for Okta, Jira or Slack; that of Slack's organisation ends in AUDIT."""
    return f"SANDBOX_{tenant_id.upper()}_{source.upper()}_TOKEN"


def made_secrets(tenants: Tenants) -> dict[str, str]:
    """A fresh token for each organisation, site and workspace, by variable. In the shapes that vendors give them."""
    made = {token_variable(org): "ghp_" + secrets.token_hex(18) for tenant in tenants.values() for org in tenant.github}
    for tenant_id, tenant in tenants.items():
        if tenant.okta:
            made[variable(tenant_id, "okta")] = "00" + secrets.token_hex(20)
        if tenant.jira:
            made[variable(tenant_id, "jira")] = "ATATT3" + secrets.token_hex(60)
        if tenant.slack:
            made[variable(tenant_id, "slack")] = "xoxp-" + secrets.token_hex(24)
            if tenant.slack.plan == "enterprise":
                made[variable(tenant_id, "slack") + "_AUDIT"] = "xoxp-" + secrets.token_hex(24)
    return made


@contextmanager
def running(tenants: Tenants, environment: Mapping[str, str]) -> Iterator[Vendors]:
    """The stand-ins while inside, on free ports of loopback. In: the tenants, and the tokens by variable."""
    started: list[Standin] = []

    def kept(standin: Standin) -> Standin:
        started.append(standin)
        return standin

    try:
        tokens = {org: environment[token_variable(org)] for tenant in tenants.values() for org in tenant.github}
        github = kept(start_github(github_world.describe(tenants, tokens), faults=_faults(tenants.values(), "github")))
        slack = kept(
            start_standin(SlackVendor(_slack(tenants, environment)), faults=_faults(tenants.values(), "slack"))
        )
        okta, jira = {}, {}
        for tenant_id, tenant in tenants.items():
            if tenant.okta:
                token = environment[variable(tenant_id, "okta")]
                org = okta_world.describe(tenant_id, tenant.name, tenant.people, tenant.okta, token)
                okta[tenant_id] = kept(start_standin(Okta(org), faults=_faults([tenant], "okta")))
            if tenant.jira:
                token = environment[variable(tenant_id, "jira")]
                site = jira_world.describe(tenant_id, tenant.people, tenant.jira, token)
                jira[tenant_id] = kept(start_standin(Jira(site), faults=_faults([tenant], "jira")))
        yield Vendors(github, slack, okta, jira)
    finally:
        for standin in started:
            standin.stop()


def names(tenant_id: str, tenant: Tenant, vendors: Vendors) -> dict[str, str]:
    """What the manifest calls a tenant's resources at these vendors -> their ids."""
    found = github_world.names(tenant)
    if tenant.okta:
        host = urlsplit(vendors.okta[tenant_id].url).hostname or ""
        found |= okta_world.names(tenant_id, host, tenant.people, tenant.okta)
    if tenant.jira:
        host = urlsplit(vendors.jira[tenant_id].url).hostname or ""
        found |= jira_world.names(tenant_id, host, tenant.people, tenant.jira)
    if tenant.slack:
        found |= slack_world.names(tenant_id, tenant.people, tenant.slack)
    return found


def connections(tenant_id: str, tenant: Tenant, vendors: Vendors) -> list[dict[str, Any]]:
    """A tenant's connections to these vendors, as its file has them."""
    found: list[dict[str, Any]] = [
        {"source": "github", "org": org, "token": f"env:{token_variable(org)}", "base_url": vendors.github.url}
        for org in tenant.github
    ]
    if tenant.okta:
        token = f"env:{variable(tenant_id, 'okta')}"
        found.append({"source": "okta", "org_url": vendors.okta[tenant_id].url, "token": token})
    if tenant.jira:
        found.append(
            {
                "source": "jira",
                "base_url": vendors.jira[tenant_id].url,
                "email": okta_world.email(tenant_id, jira_world.SERVICE),
                "token": f"env:{variable(tenant_id, 'jira')}",
            }
        )
    if tenant.slack:
        token = f"env:{variable(tenant_id, 'slack')}"
        audit = {"audit_token": f"{token}_AUDIT"} if tenant.slack.plan == "enterprise" else {}
        found.append(
            {
                "source": "slack",
                "workspace": tenant_id,
                "token": token,
                **audit,
                "base_url": f"{vendors.slack.url}/api/",
                "announcement_channels": [tenant.slack.announcements],
            }
        )
    return found


def _slack(tenants: Tenants, environment: Mapping[str, str]) -> Description:
    planned = {tenant_id: (tenant, tenant.slack) for tenant_id, tenant in tenants.items() if tenant.slack}
    return Description(
        workspaces=tuple(
            slack_world.describe(tenant_id, tenant.name, tenant.people, plan)
            for tenant_id, (tenant, plan) in planned.items()
        ),
        tokens=tuple(
            token
            for tenant_id, (_, plan) in planned.items()
            for name in [variable(tenant_id, "slack")]
            for token in slack_world.tokens(tenant_id, plan, environment[name], environment.get(f"{name}_AUDIT", ""))
        ),
        tiers=slack_world.TIERS,
    )


def _faults(tenants: Iterable[Tenant], source: Source) -> list[Fault]:
    """What a stand-in does wrong for these tenants."""
    places = [place for tenant in tenants for hole in tenant.holes if (place := getattr(hole, source))]
    return [Fault(place.path, place.kind, status=place.status, message=place.message) for place in places]
