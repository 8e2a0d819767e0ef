"""The whole sandbox: all sources on free loopback ports, built, with the tenant files that lead to them."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kushim_pipeline.sandbox import aws, vendors_world
from kushim_pipeline.sandbox.answers import Fault
from kushim_pipeline.sandbox.build import build
from kushim_pipeline.sandbox.gate import Door, Gate, Rules
from kushim_pipeline.sandbox.manifest import Manifest, Tenant, load
from kushim_pipeline.sandbox.people import day, people_file
from kushim_pipeline.sandbox.reviews import review_files
from kushim_pipeline.sandbox.vendors_world import Vendors

Names = Mapping[str, Mapping[str, str]]
DROP = "drop"
"""The folder beside the tenant files in which HR's lists lie."""
_DAYS = re.compile(r"\{(\d+) days ago\}")


@dataclass(frozen=True)
class World:
    """A running sandbox.

    `environment`: the variables that Kushim needs, secrets among them; `tenant_files`: file name -> contents, without
    any secret; `drop_files`: path below the tenant files' folder -> contents; `names`: tenant -> what the manifest
    calls a resource -> its id.
    """

    manifest: Manifest
    names: Names
    tenant_files: Mapping[str, Mapping[str, Any]]
    drop_files: Mapping[str, bytes]
    environment: Mapping[str, str] = field(repr=False)
    gate: Gate
    vendors: Vendors

    def write_tenants(self, folder: Path) -> None:
        """Write the tenant files with their drop folders, and nothing else, into a folder of the sandbox's own."""
        import yaml

        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.yaml"):
            if old.name not in self.tenant_files:
                old.unlink()
        for name, contents in self.tenant_files.items():
            text = yaml.safe_dump(contents, sort_keys=False, allow_unicode=True, width=120)
            (folder / name).write_text(f"# Written by the sandbox.\n{text}", "utf-8")
        for path, data in self.drop_files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)


def key_variable(tenant_id: str) -> str:
    """The variable of a tenant's AWS access key id; the secret's ends in SECRET."""
    return f"SANDBOX_{tenant_id.upper()}_AWS_KEY"


@contextmanager
def start(
    environ: Mapping[str, str],
    *,
    manifest: Manifest | None = None,
    progress: Callable[[str], None] = lambda _: None,
    while_building: Callable[[], None] | None = None,
) -> Iterator[World]:
    """Start everything, build it, and stop it at the end, whatever happens inside.

    In: the environment, whose variables for the sandbox's secrets are used where they are set (otherwise they are made
    up); what to build (default: the manifest of the package); what to begin once the longest part has begun.
    Raises SandboxFailed, OSError.
    """
    manifest = manifest or load()
    tenants = manifest.tenants
    environment = _environment(tenants, environ)
    with ExitStack() as stack:
        progress("starting AWS (moto)")
        moto = stack.enter_context(aws.running())
        progress(f"building {sum(len(tenant.aws) for tenant in tenants.values())} AWS accounts")
        names = build(moto, tenants, while_building)
        progress("starting GitHub, Okta, Jira and Slack")
        vendors = stack.enter_context(vendors_world.running(tenants, environment))
        gate = Gate(moto, _rules(tenants, names, environment))
        stack.callback(gate.stop)
        for tenant_id, tenant in tenants.items():
            names[tenant_id] |= vendors_world.names(tenant_id, tenant, vendors)
        files = {
            f"{tenant_id}.yaml": _tenant_file(tenant_id, tenant, names[tenant_id], gate.url, vendors)
            for tenant_id, tenant in tenants.items()
        }
        drops = {
            f"{DROP}/{tenant_id}/{name}": data
            for tenant_id, tenant in tenants.items()
            for name, data in _lists(tenant_id, tenant, names[tenant_id]).items()
        }
        yield World(manifest, names, files, drops, environment, gate, vendors)


def _lists(tenant_id: str, tenant: Tenant, names: Mapping[str, str]) -> dict[str, bytes]:
    """What is brought to a tenant's drop folder: file name -> contents."""
    found: dict[str, bytes] = {}
    if tenant.has_people_file:
        found |= people_file(tenant_id, tenant.people)
    found |= dict(review_files(tenant_id, tenant, names).values())
    return found


def _environment(tenants: Mapping[str, Tenant], environ: Mapping[str, str]) -> dict[str, str]:
    made: dict[str, str] = {"KUSHIM_ALLOW_PRIVATE_HOSTS": "1"}
    for tenant_id, tenant in tenants.items():
        if tenant.aws:
            made[key_variable(tenant_id)] = "AKIA" + secrets.token_hex(8).upper()
            made[key_variable(tenant_id) + "_SECRET"] = secrets.token_urlsafe(30)
    made |= vendors_world.made_secrets(tenants)
    return {name: environ.get(name) or value for name, value in made.items()}


def _rules(tenants: Mapping[str, Tenant], names: Names, environment: Mapping[str, str]) -> Rules:
    faults = []
    for tenant_id, tenant in tenants.items():
        for place in (hole.aws for hole in tenant.holes if hole.aws):
            # A text to look for in requests may be the name of a resource: calls name it by the end of its ARN.
            about = names[tenant_id].get(place.about, place.about).rpartition("/")[2]
            faults.append(Fault(tenant.aws[place.account].account_id, place, about))
    return Rules(
        keys={environment[key_variable(tenant_id)]: tenant_id for tenant_id, tenant in tenants.items() if tenant.aws},
        doors={
            account.account_id: Door(tenant_id, account, tenant.external_id, _within(alias, names[tenant_id]))
            for tenant_id, tenant in tenants.items()
            for alias, account in tenant.aws.items()
        },
        faults=faults,
    )


def _within(alias: str, names: Mapping[str, str]) -> dict[str, str]:
    """The names of an account's resources without the account's own."""
    begin = f"{alias}/"
    return {name.removeprefix(begin): found for name, found in names.items() if name.startswith(begin)}


def _tenant_file(
    tenant_id: str, tenant: Tenant, names: Mapping[str, str], aws_url: str, vendors: Vendors
) -> dict[str, Any]:
    connections: list[dict[str, Any]] = [
        {
            "source": "aws",
            "account_id": account.account_id,
            "regions": [*account.regions],
            "role_arn": account.role_arn,
            "external_id": tenant.external_id,
            "access_key_id": f"env:{key_variable(tenant_id)}",
            "secret_access_key": f"env:{key_variable(tenant_id)}_SECRET",
            "endpoint_url": aws_url,
        }
        for account in tenant.aws.values()
    ]
    connections += vendors_world.connections(tenant_id, tenant, vendors)
    files: list[dict[str, Any]] = []
    if tenant.has_people_file:
        files.append({"stream": "person", "path": "people-*.csv", "columns": {"status": "text"}, "proof": "sha256"})
    for stream, (path, _) in review_files(tenant_id, tenant, names).items():
        files.append({"stream": stream, "path": path})
    if files:
        connections.append({"source": "file", "name": "hr", "folder": f"{DROP}/{tenant_id}", "files": files})
    exceptions = [{**exempted.model_dump(), "resource": names[exempted.resource]} for exempted in tenant.exceptions]
    return {
        "tenant": tenant_id,
        "name": tenant.name,
        "frameworks": ["soc2"],
        "policy": {key: dated(value) for key, value in tenant.policy.items()},
        "connections": connections,
        **({"exceptions": exceptions} if exceptions else {}),
    }


def dated(value: Any) -> Any:
    """A value of a tenant's policy with the days that it names (`{30 days ago}`) written out."""
    if isinstance(value, list):
        return [dated(item) for item in value]
    return _DAYS.sub(lambda found: str(day(int(found[1]))), value) if isinstance(value, str) else value
