"""Build the tenants' AWS accounts in moto, one after the other: moto's ids are then the same on every start."""

from collections.abc import Callable, Mapping

from kushim_pipeline.sandbox.build_global import build_buckets, build_identities, build_trails
from kushim_pipeline.sandbox.build_region import build_keys, build_region
from kushim_pipeline.sandbox.build_services import name_distributions
from kushim_pipeline.sandbox.build_watch import name_organization, name_watch
from kushim_pipeline.sandbox.manifest import Tenant
from kushim_pipeline.sandbox.site import Site, clients


def build(
    endpoint: str, tenants: Mapping[str, Tenant], begun: Callable[[], None] | None = None
) -> dict[str, dict[str, str]]:
    """Build every account of every tenant. Out: tenant -> what the manifest calls a resource -> its id.

    `begun` is called once boto3 has made its first call, and so has imported what it needs.
    Raises botocore's ClientError when moto refuses something: the manifest asks for what moto cannot make.
    """
    names: dict[str, dict[str, str]] = {}
    with clients(endpoint) as made:
        for tenant_id, tenant in tenants.items():
            names[tenant_id] = {}
            for alias, account in tenant.aws.items():
                site = Site(alias, account, made, tenant.external_id)
                made.enter(account.account_id)
                if begun:
                    begun()
                    begun = None
                if alias in tenant.sealed:
                    site.name("account", "", account.account_id)
                else:
                    _build_account(site)
                names[tenant_id] |= site.names
    return names


def _build_account(site: Site) -> None:
    build_identities(site)
    regions = site.account.regions
    for region, here in regions.items():
        build_keys(site, region, here)
    build_buckets(site)
    for region, here in regions.items():
        build_region(site, region, here)
        name_watch(site, region, here)
    build_trails(site)
    name_distributions(site)
    name_organization(site)
