"""The regional half of the made-up company: networks, machines, databases, keys and logs of one AWS region."""

import random
from collections.abc import Iterator
from typing import Any

ACCOUNT = "111122223333"
REGIONS = ("us-east-1", "eu-west-1")
Body = dict[str, Any]
Found = tuple[str, str, str, Body]  # stream, scope, resource_id, body


def region(dice: random.Random, name: str) -> Iterator[Found]:
    """Everything of one region."""
    yield from _network(dice, name)
    yield from _machines(dice, name)
    yield from _databases(dice, name)
    yield from _keys(dice, name)
    yield from _logs(dice, name)


def a_time(dice: random.Random, oldest: int = 500) -> str:
    """Some day of the last so many, as a vendor writes it."""
    day = dice.randint(1, oldest)
    return f"{2026 - (day + 214) // 365}-{1 + day % 12:02}-{1 + day % 28:02}T08:{day % 60:02}:00Z"


def environment(dice: random.Random) -> dict[str, str]:
    """A production tag, another one, or (rarely) none: then nobody can say."""
    drawn = dice.random()
    return {} if drawn < 0.05 else {"environment": "production" if drawn < 0.5 else "dev"}


def statement(action: Any, resource: Any, service: str | None = None, principal: Any = None) -> Body:
    """A statement of a policy document."""
    body: Body = {"Sid": "S1", "Effect": "Allow", "Action": action}
    if resource:
        body["Resource"] = resource
    if service or principal:
        body["Principal"] = principal or {"Service": service}
    return body


def _arn(service: str, region: str, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def _network(dice: random.Random, region: str) -> Iterator[Found]:
    for number in range(3):
        vpc = f"vpc-{region}-{number}"
        tags = [{"Key": key, "Value": value} for key, value in environment(dice).items()]
        body: Body = {"VpcId": vpc, "IsDefault": number == 0, "CidrBlock": f"10.{number}.0.0/16", "Tags": tags}
        yield "aws.ec2_vpc", region, _arn("ec2", region, f"vpc/{vpc}"), body
        if number:
            body = {"ResourceId": vpc, "FlowLogStatus": "ACTIVE", "DeliverLogsStatus": "SUCCESS", "TrafficType": "ALL"}
            yield "aws.ec2_flow_log", region, _arn("ec2", region, f"vpc-flow-log/fl-{number}"), body
        for table in range(2):
            routes = [{"DestinationCidrBlock": f"10.{number}.0.0/16", "GatewayId": "local", "State": "active"}]
            if table:
                routes.append({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"})
            uses = [{"SubnetId": f"subnet-{vpc}-{table}-{n}", "Main": False} for n in range(2)]
            body = {"VpcId": vpc, "Routes": routes, "Associations": [*uses, *([] if table else [{"Main": True}])]}
            yield "aws.ec2_route_table", region, _arn("ec2", region, f"route-table/rtb-{number}-{table}"), body
        yield from _groups(dice, region, vpc, 9)
    entries = [{"Cidr": f"198.51.{number}.0/24", "Description": "office"} for number in range(10)]
    body = {"PrefixListId": f"pl-{region}", "PrefixListName": "offices", "Entries": entries}
    yield "aws.ec2_prefix_list", region, _arn("ec2", region, f"prefix-list/pl-{region}"), body
    for number in range(60):
        eni = f"eni-{region}-{number}"
        yield "aws.ec2_network_interface", region, _arn("ec2", region, f"network-interface/{eni}"), {
            "NetworkInterfaceId": eni, "VpcId": f"vpc-{region}-{number % 3}", "Status": "in-use",
            "PrivateIpAddress": f"10.0.0.{number}", "Groups": [{"GroupId": f"sg-vpc-{region}-{number % 3}-1"}],
            "Attachment": {"InstanceId": f"i-{region}-{number % 22}", "Status": "attached"}, "TagSet": [],
        }  # fmt: skip


def _groups(dice: random.Random, region: str, vpc: str, count: int) -> Iterator[Found]:
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": []}
    for number in range(count):
        group = f"sg-{vpc}-{number}"
        rules = []
        for port in dice.sample((22, 80, 443, 3306, 5432, 8080), 2 if number else 0):
            wide = port in (80, 443) or dice.random() < 0.05
            ranges = [{"CidrIp": "0.0.0.0/0"}] if wide else [{"CidrIp": f"10.{n}.0.0/16"} for n in range(3)]
            lists = [{"PrefixListId": f"pl-{region}"}] if port == 22 else []
            rules.append({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges, "Ipv6Ranges": [],
                          "PrefixListIds": lists, "UserIdGroupPairs": []})  # fmt: skip
        yield "aws.ec2_security_group", region, _arn("ec2", region, f"security-group/{group}"), {
            "GroupId": group, "GroupName": f"app-{number}" if number else "default", "VpcId": vpc, "OwnerId": ACCOUNT,
            "Description": "made by hand", "IpPermissions": rules,
            "IpPermissionsEgress": [everywhere] if number else [],
        }  # fmt: skip


def _machines(dice: random.Random, region: str) -> Iterator[Found]:
    default = {"EbsEncryptionByDefault": region == REGIONS[0]}
    yield "aws.ec2_ebs_default_encryption", region, f"{ACCOUNT}/{region}", default
    for number in range(22):
        name = f"i-{region}-{number}"
        tokens = {} if dice.random() < 0.01 else {"HttpTokens": "required" if dice.random() < 0.9 else "optional"}
        yield "aws.ec2_instance", region, _arn("ec2", region, f"instance/{name}"), {
            "InstanceId": name, "ImageId": "ami-1", "InstanceType": "m7g.large", "LaunchTime": a_time(dice),
            "State": {"Code": 16, "Name": dice.choice(("running", "running", "stopped", "terminated"))},
            "MetadataOptions": {"State": "applied", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2, **tokens},
            "PrivateDnsName": f"ip-10-0-0-{number}.ec2.internal", "SubnetId": f"subnet-vpc-{region}-0-0-0",
            "SecurityGroups": [{"GroupId": f"sg-vpc-{region}-0-1"}],
            "Tags": [{"Key": "Name", "Value": f"app-{number}"}],
        }  # fmt: skip
    for number in range(30):
        name = f"vol-{region}-{number}"
        yield "aws.ec2_volume", region, _arn("ec2", region, f"volume/{name}"), {
            "VolumeId": name, "Encrypted": dice.random() < 0.9, "Size": 100, "State": "in-use", "VolumeType": "gp3",
            "KmsKeyId": _arn("kms", region, f"key/{number % 6}"), "CreateTime": a_time(dice), "Attachments": [],
        }  # fmt: skip
    for number in range(18):
        name = f"snap-{region}-{number}"
        arn = _arn("ec2", region, f"snapshot/{name}")
        body: Body = {"SnapshotId": name, "Encrypted": True, "State": "completed", "StartTime": a_time(dice)}
        yield "aws.ec2_snapshot", region, arn, body
        shared = [{"Group": "all"}] if dice.random() < 0.02 else [{"UserId": "999988887777"}]
        permissions = shared if number % 4 == 0 else []
        yield "aws.ec2_snapshot_permission", region, arn, {"CreateVolumePermissions": permissions}
    for number in range(5):
        body = {"ImageId": f"ami-{number}", "Public": False, "State": "available", "CreationDate": a_time(dice)}
        yield "aws.ec2_image", region, _arn("ec2", region, f"image/ami-{number}"), body


def _databases(dice: random.Random, region: str) -> Iterator[Found]:
    for number in range(6):
        cluster = {"DBClusterIdentifier": "c0"} if number < 2 else {}
        tags = [{"Key": key, "Value": value} for key, value in environment(dice).items()]
        subnets = [{"SubnetIdentifier": f"subnet-vpc-{region}-1-{number % 2}-{n}"} for n in range(2)]
        yield "aws.rds_instance", region, _arn("rds", region, f"db:d{number}"), {
            "DBInstanceIdentifier": f"d{number}", "Engine": "postgres", "DBInstanceStatus": "available",
            "StorageEncrypted": dice.random() < 0.9, "BackupRetentionPeriod": dice.choice((7, 14, 1)), "TagList": tags,
            "MultiAZ": dice.random() < 0.7, "PubliclyAccessible": dice.random() < 0.1, **cluster,
            "Endpoint": {"Address": f"d{number}.rds", "Port": 5432}, "LatestRestorableTime": "2026-05-31T22:50:00Z",
            "AvailabilityZone": f"{region}{'abc'[number % 3]}", "VpcSecurityGroups": [
                {"VpcSecurityGroupId": f"sg-vpc-{region}-1-{number % 9}", "Status": "active"}],
            "DBSubnetGroup": {"VpcId": f"vpc-{region}-1", "Subnets": subnets},
        }  # fmt: skip
    yield "aws.rds_cluster", region, _arn("rds", region, "cluster:c0"), {
        "DBClusterIdentifier": "c0", "Engine": "aurora-postgresql", "Status": "available", "StorageEncrypted": True,
        "BackupRetentionPeriod": 7, "MultiAZ": True, "Port": 5432, "LatestRestorableTime": "2026-05-31T22:50:00Z",
        "TagList": [{"Key": "environment", "Value": "production"}],
    }  # fmt: skip
    for number in range(6):
        arn, kind = _arn("rds", region, f"snapshot:s{number}"), "manual" if number % 3 == 0 else "automated"
        yield "aws.rds_snapshot", region, arn, {"DBSnapshotIdentifier": f"s{number}", "SnapshotType": kind}
        if kind == "manual":
            body = {"Attributes": [{"AttributeName": "restore", "AttributeValues": []}]}
            yield "aws.rds_snapshot_attribute", region, arn, body


def _keys(dice: random.Random, region: str) -> Iterator[Found]:
    for number in range(8):
        arn = _arn("kms", region, f"key/{number}")
        ours = number < 6
        yield "aws.kms_key", region, arn, {
            "KeyId": str(number), "Arn": arn, "KeyManager": "CUSTOMER" if ours else "AWS", "Origin": "AWS_KMS",
            "KeyState": "PendingDeletion" if number == 5 else "Enabled", "KeySpec": "SYMMETRIC_DEFAULT",
        }  # fmt: skip
        if ours:
            if number < 5:
                yield "aws.kms_key_rotation", region, arn, {"KeyRotationEnabled": dice.random() < 0.8}
            root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
            statements = [statement("kms:*", "*", principal=root), statement("kms:Decrypt", "*", "s3.amazonaws.com")]
            yield "aws.kms_key_policy", region, arn, {"Policy": {"Version": "2012-10-17", "Statement": statements}}


def _logs(dice: random.Random, region: str) -> Iterator[Found]:
    recorder = {
        "name": "default",
        "recordingGroup": {"allSupported": True},
        "roleARN": f"arn:aws:iam::{ACCOUNT}:role/c",
    }
    yield "aws.config_recorder", region, f"{ACCOUNT}/{region}/default", recorder
    status = {"name": "default", "recording": True, "lastStatus": "SUCCESS"}
    yield "aws.config_recorder_status", region, f"{ACCOUNT}/{region}/default", status
    detector = {"Status": "ENABLED" if dice.random() < 0.9 else "DISABLED"}
    yield "aws.guardduty_detector", region, _arn("guardduty", region, "detector/d1"), detector
    for number in range(14):
        arn = _arn("logs", region, f"log-group:/app/{number}")
        body: Body = {"logGroupName": f"/app/{number}", "arn": arn, "storedBytes": 12345, "metricFilterCount": 0}
        if dice.random() < 0.8:
            body["retentionInDays"] = dice.choice((30, 400))
        yield "aws.logs_log_group", region, arn, body
        yield "aws.resource_tag", region, arn, {"Tags": {"team": "platform"} | environment(dice)}
