"""Every AWS stream: what reads it, in which scope, and the least that it must be allowed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from kushim_pipeline.collect.aws import (
    cloudtrail,
    credential_report,
    detection,
    ec2,
    iam,
    kms,
    rds,
    s3,
)
from kushim_pipeline.collect.aws.calls import Account, Sinks
from kushim_pipeline.collect.aws.units import collect_units
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.unit import GLOBAL, Unit
from kushim_pipeline.tenants.connection import AwsConnection

Reader = Callable[[Account, str, Sinks], None]


@dataclass(frozen=True)
class StreamSpec:
    """One stream. Streams of one scope with the same `read` come out of the same calls and are read together."""

    name: str
    scope: Literal["global", "region"]
    read: Reader | None
    """(account, region, sinks) -> None; reports to the sinks and raises only when evidence cannot be kept. None for
    aws.region, which is read before all others."""
    permissions: tuple[str, ...]
    doc: str


def _spec(name: str, scope: Literal["global", "region"], read: Reader | None, permissions: str, doc: str) -> StreamSpec:
    return StreamSpec(f"aws.{name}", scope, read, tuple(permissions.split()), doc)


_TRAILS = "cloudtrail:DescribeTrails"
_BUCKETS = "s3:ListAllMyBuckets"
_DETAILS = "iam:GetAccountAuthorizationDetails iam:GetAccountSummary"

STREAMS: tuple[StreamSpec, ...] = (
    _spec(
        "account",
        "global",
        iam.read_identities,
        "sts:GetCallerIdentity iam:GetAccountSummary",
        "the account and its counts",
    ),
    _spec("region", "global", None, "ec2:DescribeRegions", "the configured regions, enabled or not"),
    _spec("iam_user", "global", iam.read_identities, _DETAILS, "users with policies, groups and tags"),
    _spec("iam_group", "global", iam.read_identities, _DETAILS, "groups with policies"),
    _spec("iam_role", "global", iam.read_identities, _DETAILS, "roles with policies and trust"),
    _spec("iam_policy", "global", iam.read_identities, _DETAILS, "customer-managed policies with all versions"),
    _spec(
        "iam_credential_report",
        "global",
        credential_report.read_report,
        "iam:GenerateCredentialReport iam:GetCredentialReport iam:GetAccountSummary",
        "passwords, MFA and access keys by user",
    ),
    _spec(
        "iam_password_policy", "global", iam.read_password_policy, "iam:GetAccountPasswordPolicy", "the password policy"
    ),
    _spec(
        "s3_account_public_access_block",
        "global",
        s3.read_account_block,
        "s3:GetAccountPublicAccessBlock",
        "the account's Block Public Access",
    ),
    _spec("s3_bucket", "global", s3.read_buckets, _BUCKETS, "buckets"),
    _spec("s3_bucket_policy", "global", s3.read_buckets, f"{_BUCKETS} s3:GetBucketPolicy", "bucket policies"),
    _spec(
        "s3_bucket_policy_status",
        "global",
        s3.read_buckets,
        f"{_BUCKETS} s3:GetBucketPolicy s3:GetBucketPolicyStatus",
        "whether a bucket's policy makes it public",
    ),
    _spec("s3_bucket_acl", "global", s3.read_buckets, f"{_BUCKETS} s3:GetBucketAcl", "bucket ACLs"),
    _spec(
        "s3_bucket_encryption",
        "global",
        s3.read_buckets,
        f"{_BUCKETS} s3:GetEncryptionConfiguration",
        "default encryption",
    ),
    _spec(
        "s3_bucket_public_access_block",
        "global",
        s3.read_buckets,
        f"{_BUCKETS} s3:GetBucketPublicAccessBlock",
        "Block Public Access of a bucket",
    ),
    _spec("s3_bucket_versioning", "global", s3.read_buckets, f"{_BUCKETS} s3:GetBucketVersioning", "versioning"),
    _spec(
        "s3_bucket_object_lock",
        "global",
        s3.read_buckets,
        f"{_BUCKETS} s3:GetBucketVersioning s3:GetBucketObjectLockConfiguration",
        "Object Lock",
    ),
    _spec("s3_bucket_tagging", "global", s3.read_buckets, f"{_BUCKETS} s3:GetBucketTagging", "bucket tags"),
    _spec(
        "s3_bucket_lifecycle",
        "global",
        cloudtrail.read_trails,
        f"{_TRAILS} s3:GetLifecycleConfiguration",
        "how long the buckets of trails keep objects",
    ),
    _spec("cloudtrail_trail", "global", cloudtrail.read_trails, _TRAILS, "trails of all configured regions"),
    _spec(
        "cloudtrail_trail_status",
        "global",
        cloudtrail.read_trails,
        f"{_TRAILS} cloudtrail:GetTrailStatus",
        "whether they log",
    ),
    _spec(
        "cloudtrail_event_selectors",
        "global",
        cloudtrail.read_trails,
        f"{_TRAILS} cloudtrail:GetEventSelectors",
        "what they log",
    ),
    _spec(
        "ec2_security_group",
        "region",
        ec2.read_security_groups,
        "ec2:DescribeSecurityGroups",
        "security groups with rules",
    ),
    _spec(
        "ec2_network_interface", "region", ec2.read_network_interfaces, "ec2:DescribeNetworkInterfaces", "interfaces"
    ),
    _spec("ec2_vpc", "region", ec2.read_vpcs, "ec2:DescribeVpcs", "VPCs"),
    _spec("ec2_flow_log", "region", ec2.read_flow_logs, "ec2:DescribeFlowLogs", "flow logs"),
    _spec("ec2_instance", "region", ec2.read_instances, "ec2:DescribeInstances", "instances"),
    _spec("ec2_volume", "region", ec2.read_volumes, "ec2:DescribeVolumes", "volumes"),
    _spec("ec2_snapshot", "region", ec2.read_snapshots, "ec2:DescribeSnapshots", "the account's own snapshots"),
    _spec(
        "ec2_snapshot_permission",
        "region",
        ec2.read_snapshots,
        "ec2:DescribeSnapshots ec2:DescribeSnapshotAttribute",
        "who may make volumes of a snapshot",
    ),
    _spec("ec2_image", "region", ec2.read_images, "ec2:DescribeImages", "the account's own images"),
    _spec("ec2_route_table", "region", ec2.read_route_tables, "ec2:DescribeRouteTables", "route tables"),
    _spec(
        "ec2_prefix_list",
        "region",
        ec2.read_prefix_lists,
        "ec2:DescribeManagedPrefixLists ec2:GetManagedPrefixListEntries",
        "customer-managed prefix lists with entries",
    ),
    _spec(
        "ec2_ebs_default_encryption",
        "region",
        ec2.read_default_encryption,
        "ec2:GetEbsEncryptionByDefault",
        "whether new volumes are encrypted",
    ),
    _spec("rds_instance", "region", rds.read_instances, "rds:DescribeDBInstances", "database instances"),
    _spec("rds_cluster", "region", rds.read_clusters, "rds:DescribeDBClusters", "database clusters"),
    _spec("rds_snapshot", "region", rds.read_snapshots, "rds:DescribeDBSnapshots", "snapshots of instances"),
    _spec(
        "rds_snapshot_attribute",
        "region",
        rds.read_snapshots,
        "rds:DescribeDBSnapshots rds:DescribeDBSnapshotAttributes",
        "who may restore a manual snapshot",
    ),
    _spec(
        "rds_cluster_snapshot",
        "region",
        rds.read_cluster_snapshots,
        "rds:DescribeDBClusterSnapshots",
        "snapshots of clusters",
    ),
    _spec(
        "rds_cluster_snapshot_attribute",
        "region",
        rds.read_cluster_snapshots,
        "rds:DescribeDBClusterSnapshots rds:DescribeDBClusterSnapshotAttributes",
        "who may restore a manual cluster snapshot",
    ),
    _spec("kms_key", "region", kms.read_keys, "kms:ListKeys kms:DescribeKey", "keys"),
    _spec(
        "kms_key_rotation",
        "region",
        kms.read_keys,
        "kms:ListKeys kms:DescribeKey kms:GetKeyRotationStatus",
        "key rotation",
    ),
    _spec("kms_key_policy", "region", kms.read_keys, "kms:ListKeys kms:DescribeKey kms:GetKeyPolicy", "key policies"),
    _spec(
        "config_recorder",
        "region",
        detection.read_recorders,
        "config:DescribeConfigurationRecorders",
        "Config's recorders",
    ),
    _spec(
        "config_recorder_status",
        "region",
        detection.read_recorder_status,
        "config:DescribeConfigurationRecorderStatus",
        "whether Config's recorders run",
    ),
    _spec(
        "guardduty_detector",
        "region",
        detection.read_detectors,
        "guardduty:ListDetectors guardduty:GetDetector",
        "GuardDuty's detectors",
    ),
    _spec("logs_log_group", "region", detection.read_log_groups, "logs:DescribeLogGroups", "log groups with retention"),
    _spec("resource_tag", "region", detection.read_tags, "tag:GetResources", "tags of log groups"),
)
_BY_NAME = {spec.name: spec for spec in STREAMS}


def units(tenant_id: str, connection: AwsConnection) -> list[Unit]:
    """Every unit that an account is expected to give: each global stream once, each other one for every region."""
    return [
        Unit(tenant_id, connection.connection_id, "aws", connection.account_id, spec.name, scope)
        for spec in STREAMS
        for scope in ((GLOBAL,) if spec.scope == "global" else connection.regions)
    ]


def collect(
    connection: AwsConnection,
    secrets: Mapping[str, SecretStr],
    units: Iterable[Unit],
    open_collection: Callable[[Unit], Collection],
    progress: Callable[[Unit], None],
) -> None:
    """Read the units of one account; call `progress(unit)` as soon as one is done.

    In: the connection, its resolved secrets by field name. What AWS does ends in the collections; raised is only what
    keeps evidence from being written (OSError).
    """
    collections = {unit: open_collection(unit) for unit in units}
    collect_units(connection, secrets, collections, {name: spec.read for name, spec in _BY_NAME.items()}, progress)
