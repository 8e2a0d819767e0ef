"""EC2: networks, machines, disks and images of a region, each kind by one listing."""

from collections.abc import Callable
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, one, pages, proven_empty, record_part
from kushim_pipeline.evidence.receipt import Reason

Reader = Callable[[Account, str, Sinks], None]


def _describe(stream: str, operation: str, key: str, kind: str, name: str, **parameters: Any) -> Reader:
    """A reader of one listing: stream, call, the answer's list, the ARN's resource type and the field of the id."""

    def read(account: Account, region: str, sinks: Sinks) -> None:
        sink = sinks[stream]
        for element, evidence in listing(account, region, [sink], "ec2", operation, key, **parameters):
            sink.record(account.arn("ec2", region, kind, element.get(name)), element, evidence=evidence)

    return read


read_security_groups = _describe(
    "aws.ec2_security_group", "DescribeSecurityGroups", "SecurityGroups", "security-group", "GroupId"
)
read_network_interfaces = _describe(
    "aws.ec2_network_interface",
    "DescribeNetworkInterfaces",
    "NetworkInterfaces",
    "network-interface",
    "NetworkInterfaceId",
)
read_vpcs = _describe("aws.ec2_vpc", "DescribeVpcs", "Vpcs", "vpc", "VpcId")
read_flow_logs = _describe("aws.ec2_flow_log", "DescribeFlowLogs", "FlowLogs", "vpc-flow-log", "FlowLogId")
read_volumes = _describe("aws.ec2_volume", "DescribeVolumes", "Volumes", "volume", "VolumeId")
read_images = _describe("aws.ec2_image", "DescribeImages", "Images", "image", "ImageId", Owners=["self"])
read_route_tables = _describe(
    "aws.ec2_route_table", "DescribeRouteTables", "RouteTables", "route-table", "RouteTableId"
)


def read_instances(account: Account, region: str, sinks: Sinks) -> None:
    """Instances, out of the reservations that AWS lists them in."""
    sink = sinks["aws.ec2_instance"]
    for reservation, evidence in listing(account, region, [sink], "ec2", "DescribeInstances", "Reservations"):
        for instance in reservation.get("Instances") or ():
            arn = account.arn("ec2", region, "instance", instance.get("InstanceId"))
            sink.record(arn, instance, evidence=evidence)


def read_snapshots(account: Account, region: str, sinks: Sinks) -> None:
    """The account's own snapshots, then who may make volumes of each."""
    whole = pick(sinks, "aws.ec2_snapshot", "aws.ec2_snapshot_permission")
    found: list[str] = []
    for snapshot, evidence in listing(
        account, region, whole, "ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"]
    ):
        name = snapshot.get("SnapshotId")
        for sink in pick(sinks, "aws.ec2_snapshot"):
            sink.record(account.arn("ec2", region, "snapshot", name), snapshot, evidence=evidence)
        found += [name] if name else []
    permissions = pick(sinks, "aws.ec2_snapshot_permission")

    def read(name: str) -> None:
        arn = account.arn("ec2", region, "snapshot", name)
        asked = {"SnapshotId": name, "Attribute": "createVolumePermission"}
        answer = one(account, region, permissions, arn, "ec2", "DescribeSnapshotAttribute", **asked)
        key = "CreateVolumePermissions"
        record_part(permissions, arn, answer, lambda answer: {key: answer.want(key, list)})

    if permissions:
        each(account, read, found)


def read_prefix_lists(account: Account, region: str, sinks: Sinks) -> None:
    """Customer-managed prefix lists with their entries: security group rules name them instead of addresses."""
    sink = sinks["aws.ec2_prefix_list"]
    operation = "DescribeManagedPrefixLists"
    for element, evidence in listing(account, region, [sink], "ec2", operation, "PrefixLists"):
        if element.get("OwnerId") == "AWS":
            continue
        name = element.get("PrefixListId")
        if not name:
            sink.problem(Reason.QUARANTINED, operation, "a prefix list has no id")
            continue
        arn = account.arn("ec2", region, "prefix-list", name)
        try:
            answers = pages(account, region, [sink], "ec2", "GetManagedPrefixListEntries", PrefixListId=name)
            entries = [entry for answer in answers for entry in answer.want("Entries", list)]
        except ReadFailed as failed:
            sink.unreadable(arn, failed.reason, "GetManagedPrefixListEntries", failed.message)
            continue
        sink.record(arn, {**element, "Entries": entries}, evidence=evidence)
    proven_empty([sink], f"{operation} in {region} lists none but those of AWS")


def read_default_encryption(account: Account, region: str, sinks: Sinks) -> None:
    """Whether new volumes of the region are encrypted by default."""
    sink = sinks["aws.ec2_ebs_default_encryption"]
    operation, key = "GetEbsEncryptionByDefault", "EbsEncryptionByDefault"
    try:
        answer = call(account, region, [sink], "ec2", operation)
        body = {key: answer.want(key, bool)}
    except ReadFailed as failed:
        sink.problem(failed.reason, operation, failed.message)
        return
    sink.record(f"{account.account_id}/{region}", body, evidence=answer.evidence)
