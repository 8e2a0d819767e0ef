"""Build what an account has only once: identities, buckets, trails."""

import json
from typing import Any

from kushim_pipeline.sandbox.estate import Bucket, User
from kushim_pipeline.sandbox.site import Site

_ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def build_identities(site: Site) -> None:
    """Policies, groups, users, Kushim's role, the password policy."""
    iam, account = site.client("iam"), site.account
    site.name("account", "", account.account_id)
    for number in range(1, account.root.access_keys + 1):
        site.name("access_key", f"root/{number}", site.arn("iam", "", f"root/access_key_{number}"))
    policies = {}
    for name, grants in account.policies.items():
        document = _document(_EVERYTHING if grants == "everything" else _READ)
        policies[name] = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        site.name("policy", name, policies[name])
    for name, attached in account.groups.items():
        iam.create_group(GroupName=name)
        for policy in attached:
            iam.attach_group_policy(GroupName=name, PolicyArn=policies[policy])
    for name, user in account.users.items():
        _build_user(site, iam, name, user, policies)
    trusts = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::999900009999:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": site.external_id}},
    }
    role = account.role_arn.rpartition("/")[2]
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=_document(trusts))
    site.name("role", role, account.role_arn)
    if account.password_policy:
        iam.update_account_password_policy(
            MinimumPasswordLength=account.password_policy.length,
            PasswordReusePrevention=account.password_policy.reuse,
            RequireNumbers=True,
        )


def _build_user(site: Site, iam: Any, name: str, user: User, policies: dict[str, str]) -> None:
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    site.name("user", name, arn)
    for group in user.groups:
        iam.add_user_to_group(UserName=name, GroupName=group)
    if user.password:
        iam.create_login_profile(UserName=name, Password="Only-in-the-sandbox-1")  # noqa: S106 # nobody can sign in to moto
    if user.mfa:
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=name, SerialNumber=serial, **codes)
    for number, key in enumerate(user.keys, start=1):
        made = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        if not key.active:
            iam.update_access_key(UserName=name, AccessKeyId=made, Status="Inactive")
        site.name("access_key", f"{name}/{number}", f"{arn}/access_key_{number}")
    for policy in user.attached:
        iam.attach_user_policy(UserName=name, PolicyArn=policies[policy])
    if user.inline:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=_document(_READ))


def build_buckets(site: Site) -> None:
    """Buckets with their settings, and the account's Block Public Access."""
    for name, bucket in site.account.buckets.items():
        site.name("bucket", name, f"arn:aws:s3:::{name}")
        _build_bucket(site, name, bucket)
    if site.account.block_public_access:
        site.client("s3control").put_public_access_block(
            AccountId=site.account.account_id, PublicAccessBlockConfiguration=_ALL_BLOCKED
        )


def _build_bucket(site: Site, name: str, bucket: Bucket) -> None:
    s3 = site.client("s3", bucket.region)
    where = {} if bucket.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": bucket.region}}
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=bucket.object_lock, **where)
    # moto gives a new bucket no default encryption; AWS gives every one SSE-S3 (since January 2023).
    rule: dict[str, Any] = {"SSEAlgorithm": "AES256"}
    if bucket.key:
        rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": site.ids[f"{bucket.region}/key/{bucket.key}"]}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    if bucket.versioning:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if bucket.retention:
        kept = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": bucket.retention}}
        s3.put_object_lock_configuration(
            Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": kept}
        )
    tags = {"environment": bucket.environment, "classification": bucket.classification}
    if any(tags.values()):
        listed = [{"Key": key, "Value": value} for key, value in tags.items() if value]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": listed})
    if bucket.public_acl:
        s3.put_bucket_acl(Bucket=name, ACL="public-read")
    if bucket.policy != "none":
        s3.put_bucket_policy(Bucket=name, Policy=_bucket_policy(name, public=bucket.policy == "public"))
    if bucket.lifecycle:
        rule = {"ID": "keep", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": bucket.lifecycle}}
        if bucket.versioning:
            rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": 30}
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    if bucket.block_public:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_ALL_BLOCKED)


def _bucket_policy(name: str, *, public: bool) -> str:
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return _document(tls_only, *([everybody] if public else []))


def build_trails(site: Site) -> None:
    """Trails, logging or not. Their buckets and keys are there already."""
    for name, trail in site.account.trails.items():
        cloudtrail = site.client("cloudtrail", trail.region)
        key = {"KmsKeyId": site.ids[f"{trail.region}/key/{trail.key}"]} if trail.key else {}
        made = cloudtrail.create_trail(
            Name=name,
            S3BucketName=trail.bucket,
            IsMultiRegionTrail=trail.multi_region,
            EnableLogFileValidation=trail.validation,
            IncludeGlobalServiceEvents=True,
            **key,
        )
        site.name("trail", name, made["TrailARN"])
        site.name("trail_bucket", trail.bucket, f"arn:aws:s3:::{trail.bucket}")
        if trail.logging:
            cloudtrail.start_logging(Name=name)


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
