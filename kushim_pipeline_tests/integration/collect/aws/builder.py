"""Fill a moto account with a known mix of resources, through boto3."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import boto3
from botocore.config import Config

REGIONS = ("us-east-1", "eu-west-1")
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
_READ = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


@dataclass(frozen=True)
class Sizes:
    """How many of each; those below `vpcs` are for each region together (even numbers are split evenly)."""

    users: int
    roles: int
    policies: int
    groups: int
    buckets: int
    trails: int
    vpcs: int
    security_groups: int
    instances: int
    volumes: int
    snapshots: int
    databases: int
    database_snapshots: int
    clusters: int
    keys: int
    log_groups: int

    @property
    def total(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))


SMALL = Sizes(
    users=12,
    roles=10,
    policies=10,
    groups=4,
    buckets=15,
    trails=2,
    vpcs=10,
    security_groups=60,
    instances=20,
    volumes=20,
    snapshots=15,
    databases=10,
    database_snapshots=4,
    clusters=2,
    keys=8,
    log_groups=50,
)
LARGE = Sizes(
    users=200,
    roles=200,
    policies=100,
    groups=20,
    buckets=150,
    trails=4,
    vpcs=20,
    security_groups=500,
    instances=200,
    volumes=200,
    snapshots=150,
    databases=60,
    database_snapshots=40,
    clusters=10,
    keys=60,
    log_groups=500,
)
TINY = Sizes(
    users=3,
    roles=2,
    policies=2,
    groups=1,
    buckets=4,
    trails=1,
    vpcs=2,
    security_groups=4,
    instances=2,
    volumes=2,
    snapshots=2,
    databases=2,
    database_snapshots=2,
    clusters=2,
    keys=4,
    log_groups=4,
)


@dataclass(frozen=True)
class Place:
    """Where clients point: the endpoint and whose keys."""

    endpoint: str
    key: str = "AKIAEXAMPLEEXAMPLE00"
    secret: str = "example-secret"
    token: str | None = None

    def client(self, service: str, region: str = REGIONS[0]) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=Config(inject_host_prefix=False, s3={"addressing_style": "path"}, max_pool_connections=8),
        )


def build(place: Place, sizes: Sizes) -> None:
    """Make the resources. The same sizes give the same account, moto's own random ids aside."""
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(_identities, place, sizes), pool.submit(_buckets, place, sizes)]
        for number, region in enumerate(REGIONS):
            jobs.append(pool.submit(_network, place, sizes, region, number))
            jobs.append(pool.submit(_others, place, sizes, region, number))
        for job in jobs:
            job.result()
    _trails(place, sizes)


def share(total: int, number: int) -> range:
    """The numbers of the things that fall to region `number`."""
    return range(number, total, len(REGIONS))


def _identities(place: Place, sizes: Sizes) -> None:
    iam = place.client("iam")
    policies = [
        iam.create_policy(PolicyName=f"policy-{n}", PolicyDocument=_READ)["Policy"]["Arn"]
        for n in range(sizes.policies)
    ]
    for n in range(sizes.groups):
        iam.create_group(GroupName=f"group-{n}")
        iam.attach_group_policy(GroupName=f"group-{n}", PolicyArn=policies[n % len(policies)])
    for n in range(sizes.roles):
        iam.create_role(RoleName=f"role-{n}", AssumeRolePolicyDocument=_TRUST)
        iam.attach_role_policy(RoleName=f"role-{n}", PolicyArn=policies[n % len(policies)])
    for n in range(sizes.users):
        iam.create_user(UserName=f"user-{n}", Tags=[{"Key": "team", "Value": f"team-{n % 5}"}])
        iam.add_user_to_group(UserName=f"user-{n}", GroupName=f"group-{n % sizes.groups}")
        if n % 3 == 0:
            iam.create_login_profile(UserName=f"user-{n}", Password="Long-enough-1!")
        if n % 4 == 0:
            iam.create_access_key(UserName=f"user-{n}")
        if n % 5 == 0:
            iam.put_user_policy(UserName=f"user-{n}", PolicyName="own", PolicyDocument=_READ)
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)


def _buckets(place: Place, sizes: Sizes) -> None:
    clients = {region: place.client("s3", region) for region in REGIONS}
    for n in range(sizes.buckets):
        region, name = REGIONS[n % len(REGIONS)], f"bucket-{n}"
        s3 = clients[region]
        location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=n % 5 == 1, **location)
        if n % 2 == 0:
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps(bucket_policy(name)))
        if n % 3 == 0:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "env", "Value": "prod"}]})
        if n % 4 == 0:
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        if n % 5 != 0:
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=ALL_BLOCKED)


ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def bucket_policy(name: str) -> dict[str, Any]:
    """A policy that refuses plain HTTP."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "tls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": f"arn:aws:s3:::{name}/*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _network(place: Place, sizes: Sizes, region: str, number: int) -> None:
    ec2 = place.client("ec2", region)
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in share(sizes.vpcs, number)]
    subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock=f"10.{number}.1.0/24")["Subnet"]["SubnetId"]
    for n in share(sizes.security_groups, number):
        group = ec2.create_security_group(GroupName=f"group-{n}", Description="made here", VpcId=vpcs[n % len(vpcs)])
        if n % 3 == 0:
            permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
            ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
    count = len(share(sizes.instances, number))
    if count:
        ec2.run_instances(ImageId="ami-12345678", MinCount=count, MaxCount=count, SubnetId=subnet)
    zone = f"{region}a"
    volumes = [
        ec2.create_volume(AvailabilityZone=zone, Size=8, Encrypted=n % 2 == 0)["VolumeId"]
        for n in share(sizes.volumes, number)
    ]
    for n in share(sizes.snapshots, number):
        snapshot = ec2.create_snapshot(VolumeId=volumes[n % len(volumes)])["SnapshotId"]
        if n % 7 == 0:
            ec2.modify_snapshot_attribute(
                SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
            )
    ec2.create_flow_logs(
        ResourceIds=vpcs[:1],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::bucket-0",
    )
    ec2.create_managed_prefix_list(
        PrefixListName="offices",
        Entries=[{"Cidr": "198.51.100.0/24", "Description": "office"}],
        MaxEntries=10,
        AddressFamily="IPv4",
    )


def _others(place: Place, sizes: Sizes, region: str, number: int) -> None:
    rds = place.client("rds", region)
    names = [f"db-{n}" for n in share(sizes.databases, number)]
    for name in names:
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="owner",
            MasterUserPassword="long-enough-1",
        )
    for n in share(sizes.database_snapshots, number):
        rds.create_db_snapshot(DBSnapshotIdentifier=f"snap-{n}", DBInstanceIdentifier=names[n % len(names)])
    for n in share(sizes.clusters, number):
        login = {"MasterUsername": "owner", "MasterUserPassword": "long-enough-1"}
        rds.create_db_cluster(DBClusterIdentifier=f"cluster-{n}", Engine="aurora-postgresql", **login)
        rds.create_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=f"cluster-snap-{n}", DBClusterIdentifier=f"cluster-{n}"
        )
    kms = place.client("kms", region)
    for n in share(sizes.keys, number):
        asymmetric = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"} if n % 8 == 7 else {}
        key = kms.create_key(Description=f"key {n}", **asymmetric)["KeyMetadata"]["KeyId"]
        if n % 4 == 0:
            kms.enable_key_rotation(KeyId=key)
    logs = place.client("logs", region)
    for n in share(sizes.log_groups, number):
        logs.create_log_group(logGroupName=f"/app/{n}", tags={"env": "prod"} if n % 2 == 0 else {})
        if n % 3 == 0:
            logs.put_retention_policy(logGroupName=f"/app/{n}", retentionInDays=365)
    place.client("guardduty", region).create_detector(Enable=True)
    config = place.client("config", region)
    role = "arn:aws:iam::123456789012:role/config"
    recording = {"allSupported": True, "includeGlobalResourceTypes": number == 0}
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": recording}
    )


def _trails(place: Place, sizes: Sizes) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="trail-logs")
    rule = {"ID": "keep", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}
    s3.put_bucket_lifecycle_configuration(Bucket="trail-logs", LifecycleConfiguration={"Rules": [rule]})
    for n in range(sizes.trails):
        trails = place.client("cloudtrail", REGIONS[n % len(REGIONS)])
        trails.create_trail(Name=f"trail-{n}", S3BucketName="trail-logs", IsMultiRegionTrail=n == 0)
        trails.start_logging(Name=f"trail-{n}")
