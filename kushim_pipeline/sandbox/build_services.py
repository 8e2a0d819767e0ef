"""Name what the gate answers for without moto: nothing of it is built (see aws_edge.py and what stands beside it)."""

from kushim_pipeline.sandbox import aws_alerts, aws_edge, aws_services
from kushim_pipeline.sandbox.estate import Region
from kushim_pipeline.sandbox.site import Site


def name_services(site: Site, region: str, here: Region) -> None:
    """Name a region's services."""
    account = site.account
    for name in here.load_balancers:
        site.name("load_balancer", name, aws_edge.balancer_arn(account, region, name), region)
        for port, arn in aws_edge.listener_arns(account, region, name).items():
            site.name("listener", f"{name}:{port}", arn, region)
    for kind, names, arn_of in (
        ("api", here.apis, aws_edge.stage_arn),
        ("certificate", here.certificates, aws_edge.certificate_arn),
        ("secret", here.secrets, aws_services.secret_arn),
        ("function", here.functions, aws_services.function_arn),
        ("image_repository", here.image_repositories, aws_services.repository_arn),
        ("table", here.tables, aws_services.table_arn),
        ("scaling_group", here.scaling_groups, aws_alerts.group_arn),
    ):
        for name in names:
            site.name(kind, name, arn_of(account, region, name), region)


def name_distributions(site: Site) -> None:
    """Name the account's distributions."""
    for name in site.account.distributions:
        site.name("distribution", name, aws_edge.distribution_arn(site.account, name))
