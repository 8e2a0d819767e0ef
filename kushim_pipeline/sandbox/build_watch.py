"""Name what the gate says was found, who is in the organisation, and the days with backups: nothing of it is built."""

from datetime import UTC, datetime, time, timedelta

from kushim_pipeline.sandbox import aws_backup, aws_detection, aws_events, aws_organizations
from kushim_pipeline.sandbox.estate import Region
from kushim_pipeline.sandbox.site import Site


def name_watch(site: Site, region: str, here: Region) -> None:
    """Name a region's findings, events and backups. A `backup_day` is `NAME-DAYS`, so many days before today."""
    account = site.account
    for kind, names, id_of in (
        ("threat", here.threats, aws_detection.threat_arn),
        ("outside_access", here.outside_access, aws_detection.outside_access_id),
        ("weakness", here.weaknesses, aws_detection.weakness_arn),
    ):
        for name in names:
            site.name(kind, name, id_of(account, region, name), region)
    for kind, days in (("root_event", here.root_used), ("trail_event", here.logging_changed)):
        for name in days:
            site.name(kind, name, aws_events.event_id(account.account_id, region, name), region)
    today = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    for name, _, arn in aws_backup.protected(account, region):
        for number in range(1, here.backups.days + 1):
            day = (today - timedelta(days=number)).date()
            site.name("backup_day", f"{name}-{number}", f"{arn}@{day}", region)


def name_organization(site: Site) -> None:
    """Name the accounts of the organisation."""
    organization = site.account.organization
    if organization is None or not organization.lists_accounts:
        return
    for name, member in organization.members.items():
        site.name("organization_account", name, aws_organizations.account_arn(organization, member))
