"""Every AWS stream: what reads it, in which scope, and the least that it must be allowed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from kushim_pipeline.collect.aws import (
    acm,
    alarms,
    analyzer,
    backup,
    cloudfront,
    cloudtrail,
    credential_report,
    detection,
    dynamodb,
    ec2,
    ecr,
    edge,
    events,
    functions,
    iam,
    inspector,
    kms,
    organizations,
    quotas,
    rds,
    s3,
    secretsmanager,
    securityhub,
    ssm,
)
from kushim_pipeline.collect.aws.calls import Account, Sinks
from kushim_pipeline.collect.aws.regions import regions_of
from kushim_pipeline.collect.aws.units import collect_units
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.pace import Pace
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


def _streams(
    scope: Literal["global", "region"], read: Reader | None, shared: str, *rows: tuple[str, str, str]
) -> tuple[StreamSpec, ...]:
    """The streams that one reader gives. In: the actions that all need, then (name, further actions, doc) for each."""
    return tuple(
        StreamSpec(f"aws.{name}", scope, read, tuple(f"{shared} {own}".split()), doc) for name, own, doc in rows
    )


_BALANCERS = "elasticloadbalancing:DescribeLoadBalancers"

STREAMS: tuple[StreamSpec, ...] = (
    *_streams(
        "global",
        iam.read_identities,
        "iam:GetAccountSummary",
        ("account", "sts:GetCallerIdentity", "the account and its counts"),
        ("iam_user", "iam:GetAccountAuthorizationDetails", "users with policies, groups and tags"),
        ("iam_group", "iam:GetAccountAuthorizationDetails", "groups with policies"),
        ("iam_role", "iam:GetAccountAuthorizationDetails", "roles with policies and trust"),
        ("iam_policy", "iam:GetAccountAuthorizationDetails", "customer-managed policies with all versions"),
    ),
    *_streams("global", None, "ec2:DescribeRegions", ("region", "", "the regions, enabled or not")),
    *_streams(
        "global",
        credential_report.read_report,
        "iam:GenerateCredentialReport iam:GetCredentialReport iam:GetAccountSummary",
        ("iam_credential_report", "", "passwords, MFA and access keys by user"),
    ),
    *_streams(
        "global",
        iam.read_password_policy,
        "iam:GetAccountPasswordPolicy",
        ("iam_password_policy", "", "the password policy"),
    ),
    *_streams(
        "global",
        s3.read_account_block,
        "s3:GetAccountPublicAccessBlock",
        ("s3_account_public_access_block", "", "the account's Block Public Access"),
    ),
    *_streams(
        "global",
        s3.read_buckets,
        "s3:ListAllMyBuckets",
        ("s3_bucket", "", "buckets"),
        ("s3_bucket_policy", "s3:GetBucketPolicy", "bucket policies"),
        ("s3_bucket_policy_status", "s3:GetBucketPolicy s3:GetBucketPolicyStatus", "whether a policy makes it public"),
        ("s3_bucket_acl", "s3:GetBucketAcl", "bucket ACLs"),
        ("s3_bucket_encryption", "s3:GetEncryptionConfiguration", "default encryption"),
        ("s3_bucket_public_access_block", "s3:GetBucketPublicAccessBlock", "a bucket's Block Public Access"),
        ("s3_bucket_versioning", "s3:GetBucketVersioning", "versioning"),
        ("s3_bucket_object_lock", "s3:GetBucketVersioning s3:GetBucketObjectLockConfiguration", "Object Lock"),
        ("s3_bucket_tagging", "s3:GetBucketTagging", "bucket tags"),
        (
            "s3_bucket_disposal",
            "s3:GetBucketTagging s3:GetLifecycleConfiguration",
            "what buckets with tags delete by themselves, and when",
        ),
    ),
    *_streams(
        "global",
        cloudtrail.read_trails,
        "cloudtrail:DescribeTrails",
        ("cloudtrail_trail", "", "trails of all configured regions"),
        ("cloudtrail_trail_status", "cloudtrail:GetTrailStatus", "whether they log"),
        ("cloudtrail_event_selectors", "cloudtrail:GetEventSelectors", "what they log"),
        ("s3_bucket_lifecycle", "s3:GetLifecycleConfiguration", "how long the buckets of trails keep objects"),
    ),
    *(
        spec
        for read, action, name, doc in (
            (ec2.read_security_groups, "DescribeSecurityGroups", "security_group", "security groups with rules"),
            (ec2.read_network_interfaces, "DescribeNetworkInterfaces", "network_interface", "network interfaces"),
            (ec2.read_vpcs, "DescribeVpcs", "vpc", "VPCs"),
            (ec2.read_flow_logs, "DescribeFlowLogs", "flow_log", "flow logs"),
            (ec2.read_instances, "DescribeInstances", "instance", "instances"),
            (ec2.read_volumes, "DescribeVolumes", "volume", "volumes"),
            (ec2.read_images, "DescribeImages", "image", "the account's own images"),
            (ec2.read_route_tables, "DescribeRouteTables", "route_table", "route tables"),
            (ec2.read_default_encryption, "GetEbsEncryptionByDefault", "ebs_default_encryption", "new volumes"),
        )
        for spec in _streams("region", read, f"ec2:{action}", (f"ec2_{name}", "", doc))
    ),
    *_streams(
        "region",
        ec2.read_snapshots,
        "ec2:DescribeSnapshots",
        ("ec2_snapshot", "", "the account's own snapshots"),
        ("ec2_snapshot_permission", "ec2:DescribeSnapshotAttribute", "who may make volumes of a snapshot"),
    ),
    *_streams(
        "region",
        ec2.read_prefix_lists,
        "ec2:DescribeManagedPrefixLists ec2:GetManagedPrefixListEntries",
        ("ec2_prefix_list", "", "customer-managed prefix lists with entries"),
    ),
    *_streams(
        "region",
        rds.read_databases,
        "",
        ("rds_instance", "rds:DescribeDBInstances", "database instances"),
        ("rds_cluster", "rds:DescribeDBClusters", "database clusters"),
        (
            "rds_parameter_group",
            "rds:DescribeDBInstances rds:DescribeDBClusters rds:DescribeDBParameters rds:DescribeDBClusterParameters",
            "whether the parameter groups in use ask for TLS",
        ),
    ),
    *_streams(
        "region",
        rds.read_snapshots,
        "rds:DescribeDBSnapshots",
        ("rds_snapshot", "", "snapshots of instances"),
        ("rds_snapshot_attribute", "rds:DescribeDBSnapshotAttributes", "who may restore a manual snapshot"),
    ),
    *_streams(
        "region",
        rds.read_cluster_snapshots,
        "rds:DescribeDBClusterSnapshots",
        ("rds_cluster_snapshot", "", "snapshots of clusters"),
        ("rds_cluster_snapshot_attribute", "rds:DescribeDBClusterSnapshotAttributes", "who may restore a manual one"),
    ),
    *_streams(
        "region",
        kms.read_keys,
        "kms:ListKeys kms:DescribeKey",
        ("kms_key", "", "keys"),
        ("kms_key_rotation", "kms:GetKeyRotationStatus", "whether keys rotate"),
        ("kms_key_policy", "kms:GetKeyPolicy", "key policies"),
    ),
    *_streams(
        "region",
        detection.read_recorders,
        "config:DescribeConfigurationRecorders",
        ("config_recorder", "", "what AWS Config records"),
    ),
    *_streams(
        "region",
        detection.read_recorder_status,
        "config:DescribeConfigurationRecorderStatus",
        ("config_recorder_status", "", "whether AWS Config records"),
    ),
    *_streams(
        "region",
        detection.read_detectors,
        "guardduty:ListDetectors",
        ("guardduty_detector", "guardduty:GetDetector", "GuardDuty's detectors"),
        ("guardduty_finding", "guardduty:ListFindings guardduty:GetFindings", "what they found, archived or not"),
    ),
    *_streams(
        "global",
        organizations.read_organization,
        "organizations:DescribeOrganization",
        (
            "organization",
            "iam:ListOrganizationsFeatures",
            "the organisation that the account belongs to, and whether it manages root access centrally",
        ),
        (
            "organization_account",
            "organizations:ListAccounts organizations:ListTagsForResource organizations:ListRoots "
            "organizations:ListOrganizationalUnitsForParent organizations:ListAccountsForParent",
            "its accounts with tags and the units above them",
        ),
        (
            "organizational_unit",
            "organizations:ListAccounts organizations:ListRoots organizations:ListOrganizationalUnitsForParent",
            "its units",
        ),
    ),
    *_streams(
        "region",
        analyzer.read_analyzers,
        "access-analyzer:ListAnalyzers",
        ("access_analyzer", "", "IAM Access Analyzer's analyzers"),
        ("access_analyzer_finding", "access-analyzer:ListFindings", "what they found"),
    ),
    *_streams(
        "region",
        securityhub.read_standards,
        "securityhub:GetEnabledStandards",
        ("securityhub_standard", "", "standards that Security Hub checks"),
    ),
    *_streams(
        "region",
        inspector.read_inspector,
        "inspector2:BatchGetAccountStatus",
        ("inspector_status", "", "whether Amazon Inspector is on"),
        ("inspector_coverage", "inspector2:ListCoverage", "what it scans"),
        ("inspector_finding", "inspector2:ListFindings", "critical and high weaknesses"),
    ),
    *_streams(
        "region",
        backup.read_plans,
        "backup:ListBackupPlans",
        ("backup_plan", "backup:GetBackupPlan", "backup plans with rules"),
        ("backup_selection", "backup:ListBackupSelections backup:GetBackupSelection", "what each plan selects"),
    ),
    *_streams(
        "region",
        backup.read_protected,
        "backup:ListProtectedResources",
        ("backup_protected_resource", "", "resources with a recovery point"),
    ),
    *_streams("region", backup.read_jobs, "backup:ListBackupJobs", ("backup_job", "", "backup jobs of 30 days")),
    *_streams(
        "region",
        backup.read_restore_jobs,
        "backup:ListRestoreJobs",
        ("backup_restore_job", "", "restores of 400 days, as far as they were seen"),
    ),
    *_streams(
        "region",
        events.read_events,
        "cloudtrail:LookupEvents",
        ("cloudtrail_event", "", "use of the root user and changes of audit logging, 90 days"),
    ),
    *_streams(
        "region",
        backup.read_restore_testing,
        "backup:ListRestoreTestingPlans backup:ListRestoreTestingSelections",
        ("backup_restore_testing_plan", "", "restore testing plans"),
    ),
    *_streams("region", detection.read_log_groups, "logs:DescribeLogGroups", ("logs_log_group", "", "log groups")),
    *_streams("region", detection.read_tags, "tag:GetResources", ("resource_tag", "", "tags of log groups")),
    *_streams(
        "region",
        edge.read_edge,
        "",
        ("elbv2_load_balancer", _BALANCERS, "application, network and gateway load balancers"),
        ("elbv2_listener", f"{_BALANCERS} elasticloadbalancing:DescribeListeners", "what they listen to"),
        ("apigateway_stage", "apigateway:GET", "stages of REST APIs"),
        (
            "wafv2_association",
            f"{_BALANCERS} apigateway:GET wafv2:GetWebACLForResource wafv2:GetWebACL",
            "which web ACL guards what the internet can reach",
        ),
    ),
    *_streams(
        "global",
        cloudfront.read_distributions,
        "cloudfront:ListDistributions",
        ("cloudfront_distribution", "", "CloudFront distributions"),
    ),
    *_streams(
        "region",
        acm.read_certificates,
        "acm:ListCertificates acm:DescribeCertificate",
        ("acm_certificate", "", "certificates and who uses them"),
    ),
    *_streams(
        "region",
        ssm.read_hosts,
        "ssm:DescribeInstanceInformation",
        ("ssm_instance", "", "hosts that SSM manages"),
        ("ssm_patch_state", "ssm:DescribeInstancePatchStates", "how far they are patched"),
    ),
    *_streams(
        "region",
        secretsmanager.read_secrets,
        "secretsmanager:ListSecrets",
        ("secretsmanager_secret", "", "what is known about secrets, never a secret"),
    ),
    *_streams(
        "region",
        functions.read_functions,
        "lambda:ListFunctions",
        ("lambda_function", "", "functions"),
        ("lambda_policy", "lambda:GetPolicy", "who may invoke a function"),
        ("lambda_url", "lambda:GetFunctionUrlConfig", "the addresses of functions"),
    ),
    *_streams(
        "region", ecr.read_repositories, "ecr:DescribeRepositories", ("ecr_repository", "", "image repositories")
    ),
    *_streams(
        "region",
        ecr.read_scanning,
        "ecr:GetRegistryScanningConfiguration",
        ("ecr_registry_scanning", "", "what the registry scans"),
    ),
    *_streams(
        "region",
        dynamodb.read_tables,
        "dynamodb:ListTables",
        ("dynamodb_table", "dynamodb:DescribeTable dynamodb:ListTagsOfResource", "tables with tags"),
        ("dynamodb_backup", "dynamodb:DescribeContinuousBackups", "continuous backups of tables"),
    ),
    *_streams("region", alarms.read_alarms, "cloudwatch:DescribeAlarms", ("cloudwatch_alarm", "", "alarms")),
    *_streams(
        "region",
        alarms.read_metric_filters,
        "logs:DescribeMetricFilters",
        ("logs_metric_filter", "", "what is counted in log groups"),
    ),
    *_streams(
        "region", alarms.read_subscriptions, "sns:ListSubscriptions", ("sns_subscription", "", "who hears of a topic")
    ),
    *_streams(
        "region",
        alarms.read_rules,
        "events:ListRules events:ListTargetsByRule",
        ("events_rule", "", "rules over AWS's own events with their targets"),
    ),
    *_streams(
        "region",
        alarms.read_scaling_groups,
        "autoscaling:DescribeAutoScalingGroups",
        ("autoscaling_group", "", "Auto Scaling groups"),
    ),
    *_streams(
        "region",
        quotas.read_quotas,
        "servicequotas:GetServiceQuota servicequotas:GetAWSDefaultServiceQuota cloudwatch:GetMetricData",
        ("service_quota", "", "the quotas that bound how far production can grow"),
    ),
)
_BY_NAME = {spec.name: spec for spec in STREAMS}


def units(tenant_id: str, connection: AwsConnection) -> list[Unit]:
    """Every unit that an account is expected to give: each global stream once, each other one for every region."""
    return [
        Unit(tenant_id, connection.connection_id, "aws", connection.account_id, spec.name, scope)
        for spec in STREAMS
        for scope in ((GLOBAL,) if spec.scope == "global" else regions_of(connection))
    ]


def collect(
    connection: AwsConnection,
    secrets: Mapping[str, SecretStr],
    units: Iterable[Unit],
    open_collection: Callable[[Unit], Collection],
    progress: Callable[[Unit], None],
    pace: Pace | None = None,
) -> None:
    """Read the units of one account; call `progress(unit)` as soon as one is done.

    In: the connection, its resolved secrets by field name, and how to go about it. What AWS does ends in the
    collections; raised is only what keeps evidence from being written (OSError).
    """
    collections = {unit: open_collection(unit) for unit in units}
    readers = {name: spec.read for name, spec in _BY_NAME.items()}
    collect_units(connection, secrets, collections, readers, progress, pace)
