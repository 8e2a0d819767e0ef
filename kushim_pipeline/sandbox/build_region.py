"""Build what an account has in a region: networks, machines, disks, databases, keys, logs, detection."""

import json
from collections.abc import Iterable
from typing import Any

from kushim_pipeline.sandbox.build_services import name_services
from kushim_pipeline.sandbox.estate import Key, Region, Rule, Vpc
from kushim_pipeline.sandbox.site import Site

_EVERYWHERE = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def build_keys(site: Site, region: str, here: Region) -> None:
    """KMS keys. Before everything that is encrypted with them."""
    kms = site.client("kms", region)
    for name, key in here.keys.items():
        # moto leaves KeyUsage out when nobody names it; AWS says ENCRYPT_DECRYPT.
        made = kms.create_key(Description=name, KeyUsage="ENCRYPT_DECRYPT", Policy=_key_policy(site, key))[
            "KeyMetadata"
        ]
        site.ids[f"{region}/key/{name}"] = site.name("key", name, made["Arn"], region)
        if key.rotation:
            kms.enable_key_rotation(KeyId=made["KeyId"])
        if key.pending_deletion:
            kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=30)


def _key_policy(site: Site, key: Key) -> str:
    account = {"AWS": f"arn:aws:iam::{site.account.account_id}:root"}
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}]
    if key.everybody:
        statements.append({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def build_region(site: Site, region: str, here: Region) -> None:
    """Everything else of a region."""
    site.name("region", region, f"{site.account.account_id}/{region}")
    name_services(site, region, here)
    _build_logs(site, region, here)
    _build_networks(site, region, here)
    _build_machines(site, region, here)
    _build_databases(site, region, here)
    _build_detection(site, region, here)


def _build_networks(site: Site, region: str, here: Region) -> None:
    ec2 = site.client("ec2", region)
    default = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    if here.default_vpc:
        site.name("vpc", "default", site.arn("ec2", region, f"vpc/{default}"), region)
        _name_default_group(site, ec2, region, "default", default)
    else:
        for subnet in ec2.describe_subnets()["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.delete_vpc(VpcId=default)
    for name, vpc in here.vpcs.items():
        _build_vpc(site, ec2, region, name, vpc)
    for name, ranges in here.prefix_lists.items():
        made = ec2.create_managed_prefix_list(
            PrefixListName=name,
            Entries=[{"Cidr": cidr} for cidr in ranges],
            MaxEntries=20,
            AddressFamily="IPv4",
        )["PrefixList"]["PrefixListId"]
        site.ids[f"{region}/prefix_list/{name}"] = made
    for name, group in here.groups.items():
        vpc_id = site.ids[f"{region}/vpc/{group.vpc}"]
        made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"]
        site.ids[f"{region}/group/{name}"] = made
        site.name("group", name, site.arn("ec2", region, f"security-group/{made}"), region)
    for name, group in here.groups.items():
        if group.allows:
            permissions = [_permission(site, region, rule) for rule in group.allows]
            ec2.authorize_security_group_ingress(GroupId=site.ids[f"{region}/group/{name}"], IpPermissions=permissions)


def _build_vpc(site: Site, ec2: Any, region: str, name: str, vpc: Vpc) -> None:
    made = ec2.create_vpc(CidrBlock=vpc.cidr, TagSpecifications=_tags("vpc", vpc.environment))["Vpc"]["VpcId"]
    site.ids[f"{region}/vpc/{name}"] = made
    site.name("vpc", name, site.arn("ec2", region, f"vpc/{made}"), region)
    first, second = vpc.cidr.split(".")[:2]
    subnets = [
        ec2.create_subnet(VpcId=made, CidrBlock=f"{first}.{second}.{n}.0/24", AvailabilityZone=f"{region}{zone}")
        for n, zone in enumerate("ab")
    ]
    site.ids[f"{region}/subnets/{name}"] = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    if vpc.internet:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=made)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [made]}])["RouteTables"]
        ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = _name_default_group(site, ec2, region, name, made)
    if vpc.stripped_default_group:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=_EVERYWHERE)
    if vpc.flow_log:
        ec2.create_flow_logs(
            ResourceIds=[made],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=f"flow-{name}",
            DeliverLogsPermissionArn=site.arn("iam", "", "role/flow-logs"),
        )


def _name_default_group(site: Site, ec2: Any, region: str, name: str, vpc_id: str) -> str:
    found = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["SecurityGroups"]
    group: str = next(group["GroupId"] for group in found if group["GroupName"] == "default")
    site.name("default_group", name, site.arn("ec2", region, f"security-group/{group}"), region)
    return group


def _permission(site: Site, region: str, rule: Rule) -> dict[str, Any]:
    first, _, last = rule.ports.partition("-")
    ports = {} if first == "all" else {"FromPort": int(first), "ToPort": int(last or first)}
    found: dict[str, Any] = {"IpProtocol": "tcp" if ports else "-1", **ports}
    found["IpRanges"] = [{"CidrIp": cidr} for cidr in rule.ranges if ":" not in cidr]
    found["Ipv6Ranges"] = [{"CidrIpv6": cidr} for cidr in rule.ranges if ":" in cidr]
    if rule.group:
        found["UserIdGroupPairs"] = [{"GroupId": site.ids[f"{region}/group/{rule.group}"]}]
    if rule.prefix_list:
        found["PrefixListIds"] = [{"PrefixListId": site.ids[f"{region}/prefix_list/{rule.prefix_list}"]}]
    return {key: value for key, value in found.items() if value != []}


def _build_machines(site: Site, region: str, here: Region) -> None:
    ec2 = site.client("ec2", region)

    def name(kind: str, word: str, title: str, resource_id: str) -> None:
        site.ids[f"{region}/{kind}/{title}"] = resource_id
        site.name(kind, title, site.arn("ec2", region, f"{word}/{resource_id}"), region)

    def disk(encrypted: bool) -> dict[str, Any]:
        # Without a key of its own moto makes one, and takes it for the customer's.
        key = site.ids.get(f"{region}/key/{next(iter(here.keys), None)}")
        return {"Encrypted": True, "KmsKeyId": key} if encrypted and key else {"Encrypted": encrypted}

    for title, instance in here.instances.items():
        made = ec2.run_instances(
            ImageId="ami-12345678",
            MinCount=1,
            MaxCount=1,
            ClientToken=title,
            SubnetId=site.ids[f"{region}/subnets/{instance.vpc}"][0],
            SecurityGroupIds=[site.ids[f"{region}/group/{instance.group}"]],
            MetadataOptions={"HttpTokens": "required" if instance.session_tokens else "optional"},
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8, **disk(instance.encrypted)}}],
        )["Instances"][0]
        name("instance", "instance", title, made["InstanceId"])
        for device in made["BlockDeviceMappings"]:
            name("volume", "volume", f"root-of-{title}", device["Ebs"]["VolumeId"])
    for title, volume in here.volumes.items():
        made = ec2.create_volume(AvailabilityZone=f"{region}a", Size=8, **disk(volume.encrypted))
        name("volume", "volume", title, made["VolumeId"])
    for title, snapshot in here.snapshots.items():
        made = ec2.create_snapshot(VolumeId=site.ids[f"{region}/volume/{snapshot.volume}"])["SnapshotId"]
        name("snapshot", "snapshot", title, made)
        if snapshot.public:
            _share(ec2, made)
    for title, image in here.images.items():
        instance_id = site.ids[f"{region}/instance/{image.instance}"]
        made = ec2.create_image(InstanceId=instance_id, Name=title)["ImageId"]
        name("image", "image", title, made)
        for device in ec2.describe_images(ImageIds=[made])["Images"][0]["BlockDeviceMappings"]:
            name("snapshot", "snapshot", f"disk-of-{title}", device["Ebs"]["SnapshotId"])
        if image.public:
            ec2.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [{"Group": "all"}]})
    if here.encrypts_volumes:
        ec2.enable_ebs_encryption_by_default()


def _share(ec2: Any, snapshot: str) -> None:
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )


def _build_databases(site: Site, region: str, here: Region) -> None:
    rds = site.client("rds", region)
    for vpc in {database.vpc: None for database in here.databases.values()}:
        subnets = site.ids[f"{region}/subnets/{vpc}"]
        rds.create_db_subnet_group(DBSubnetGroupName=vpc, DBSubnetGroupDescription=vpc, SubnetIds=subnets)
    for name, database in here.databases.items():
        made = rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t4g.medium",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="owner",
            MasterUserPassword="only-in-the-sandbox",  # noqa: S106 # there is no database behind it
            DBSubnetGroupName=database.vpc,
            VpcSecurityGroupIds=[site.ids[f"{region}/group/{database.group}"]],
            StorageEncrypted=database.encrypted,
            MultiAZ=database.multi_az,
            PubliclyAccessible=database.public,
            BackupRetentionPeriod=database.backup_days,
            Tags=[{"Key": "environment", "Value": database.environment}] if database.environment else [],
        )
        site.name("database", name, made["DBInstance"]["DBInstanceArn"], region)
    # moto names automated snapshots by the minute. Without them every start gives the same names.
    for automated in rds.describe_db_snapshots()["DBSnapshots"]:
        rds.delete_db_snapshot(DBSnapshotIdentifier=automated["DBSnapshotIdentifier"])
    for name, snapshot in here.database_snapshots.items():
        made = rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=snapshot.database)
        site.name("database_snapshot", name, made["DBSnapshot"]["DBSnapshotArn"], region)
        if snapshot.public:
            rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=["all"])


def _build_logs(site: Site, region: str, here: Region) -> None:
    logs = site.client("logs", region)
    for name, group in here.log_groups.items():
        logs.create_log_group(logGroupName=name, tags={"environment": group.environment} if group.environment else {})
        site.name("log_group", name, site.arn("logs", region, f"log-group:{name}"), region)
        if group.retention:
            logs.put_retention_policy(logGroupName=name, retentionInDays=group.retention)


def _build_detection(site: Site, region: str, here: Region) -> None:
    if here.guardduty:
        site.client("guardduty", region).create_detector(Enable=True)
    if here.config == "none":
        return
    config = site.client("config", region)
    recording = {"allSupported": True, "includeGlobalResourceTypes": True}
    if here.config == "selection":
        recording = {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}  # type: ignore[dict-item] # a list is allowed
    role = site.arn("iam", "", "role/config")
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": recording}
    )
    bucket = next(iter(site.account.buckets))
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket})
    if here.config != "stopped":
        config.start_configuration_recorder(ConfigurationRecorderName="default")


def _tags(kind: str, environment: str | None) -> Iterable[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "environment", "Value": environment}]}] if environment else []
