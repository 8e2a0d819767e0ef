"""A made-up company of about a thousand records over the real streams, as a vendor would answer, faults among them.

`company(seed)` gives its records, `trouble(seed)` what could not be read. Names hold ACCOUNT and ORG, which every
tenant that is made from the company replaces by its own.
"""

import random
from collections.abc import Iterator

from kushim_pipeline_tests.bench._company_region import ACCOUNT, REGIONS, Body, Found, a_time, environment, statement
from kushim_pipeline_tests.bench._company_region import region as everything_in

__all__ = ["ACCOUNT", "ORG", "REGIONS", "company", "trouble"]

ORG = "acme-org"


def company(seed: int) -> Iterator[Found]:
    """The records of one company, always the same for a seed."""
    dice = random.Random(seed)  # noqa: S311 # not a secret
    yield from _account()
    yield from _iam(dice)
    yield from _buckets(dice)
    yield from _trail()
    for region in REGIONS:
        yield from everything_in(dice, region)
    yield from _github(dice)


def trouble(seed: int) -> tuple[dict[tuple[str, str], str], list[tuple[str, str, str]]]:
    """Units not read whole, with the outcome, and single resources (stream, scope, resource_id) that are denied."""
    units = {0: {("aws.rds_instance", REGIONS[1]): "denied"}, 1: {("aws.ec2_snapshot", REGIONS[0]): "partial"}}.get(
        seed % 4, {}
    )
    return units, [("aws.s3_bucket_acl", "global", f"arn:aws:s3:::{ORG}-{number}") for number in (5, 9)]


def _account() -> Iterator[Found]:
    summary = {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "Users": 40, "Groups": 8, "Policies": 24}
    yield "aws.account", "global", ACCOUNT, {"AccountId": ACCOUNT, "Summary": summary}
    for region in REGIONS:
        body = {"RegionName": region, "OptInStatus": "opt-in-not-required"}
        yield "aws.region", "global", f"{ACCOUNT}/{region}", body
    flags = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    yield "aws.s3_account_public_access_block", "global", ACCOUNT, flags
    policy = {"MinimumPasswordLength": 14, "PasswordReusePrevention": 24, "RequireSymbols": True, "MaxPasswordAge": 90}
    yield "aws.iam_password_policy", "global", ACCOUNT, policy


def _iam(dice: random.Random) -> Iterator[Found]:
    for number in range(40):
        arn, name = f"arn:aws:iam::{ACCOUNT}:user/person-{number}", f"person-{number}"
        yield "aws.iam_user", "global", arn, {
            "UserName": name, "Arn": arn, "UserId": f"AIDA{number:017}", "Path": "/", "CreateDate": a_time(dice),
            "GroupList": [f"team-{number % 8}"], "Tags": [{"Key": "owner", "Value": name}],
            "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": "arn"}] if dice.random() < 0.1 else [],
        }  # fmt: skip
        person = dice.random() < 0.7
        yield "aws.iam_credential_report", "global", arn, {
            "user": name, "arn": arn, "user_creation_time": a_time(dice), "password_enabled": str(person).lower(),
            "password_last_used": a_time(dice, 60) if person else "N/A", "password_last_changed": a_time(dice),
            "mfa_active": str(person and dice.random() < 0.95).lower(), "cert_1_active": "false",
            "access_key_1_active": str(dice.random() < 0.5).lower(), "access_key_1_last_rotated": a_time(dice, 150),
            "access_key_1_last_used_date": a_time(dice, 60), "access_key_1_last_used_service": "s3",
            "access_key_2_active": "false", "access_key_2_last_rotated": "N/A", "access_key_2_last_used_date": "N/A",
        }  # fmt: skip
    for number in range(52):
        arn = f"arn:aws:iam::{ACCOUNT}:role/service-{number}"
        trust = {"Version": "2012-10-17", "Statement": [statement("sts:AssumeRole", None, "lambda.amazonaws.com")]}
        yield "aws.iam_role", "global", arn, {
            "RoleName": f"service-{number}", "Arn": arn, "CreateDate": a_time(dice), "AssumeRolePolicyDocument": trust,
            "RolePolicyList": [], "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": "arn:aws:iam::aws:p"}],
        }  # fmt: skip
    for number in range(8):
        arn = f"arn:aws:iam::{ACCOUNT}:group/team-{number}"
        yield "aws.iam_group", "global", arn, {"GroupName": f"team-{number}", "Arn": arn, "GroupPolicyList": []}
    for number in range(24):
        arn = f"arn:aws:iam::{ACCOUNT}:policy/policy-{number}"
        broad = dice.random() < 0.05
        statements = [statement("*" if broad else ["s3:Get*", "s3:List*"], "*"), statement("ec2:Describe*", "*")]
        version = {"VersionId": "v2", "IsDefaultVersion": True, "Document": {"Statement": statements}}
        yield "aws.iam_policy", "global", arn, {
            "PolicyName": f"policy-{number}", "Arn": arn, "DefaultVersionId": "v2", "AttachmentCount": 1 + number % 3,
            "PolicyVersionList": [{"VersionId": "v1", "Document": {"Statement": statements[1]}}, version],
        }  # fmt: skip


def _buckets(dice: random.Random) -> Iterator[Found]:
    own = {"Grantee": {"Type": "CanonicalUser", "ID": "a" * 64}, "Permission": "FULL_CONTROL"}
    all_users = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    for number in range(24):
        name = f"{ORG}-{number}"
        arn = f"arn:aws:s3:::{name}"
        yield (
            "aws.s3_bucket",
            "global",
            arn,
            {"Name": name, "CreationDate": a_time(dice), "Region": REGIONS[number % 2]},
        )
        public = dice.random() < 0.05
        principal = "*" if public else {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        policy = {"Version": "2012-10-17", "Statement": [
            statement(["s3:GetObject"], f"{arn}/*", principal=principal),
            {**statement("s3:*", [arn, f"{arn}/*"], principal="*"), "Effect": "Deny",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]}  # fmt: skip
        absent = {"absent": True, "code": "NoSuchBucketPolicy"}
        has_policy = public or dice.random() < 0.7
        yield "aws.s3_bucket_policy", "global", arn, {"Policy": policy} if has_policy else absent
        yield "aws.s3_bucket_policy_status", "global", arn, {"IsPublic": public} if has_policy else absent
        if number not in (5, 9):  # these two are denied, see trouble()
            grants = [own, {"Grantee": all_users, "Permission": "READ"}] if dice.random() < 0.04 else [own]
            yield "aws.s3_bucket_acl", "global", arn, {"Owner": {"ID": "a" * 64}, "Grants": grants}
        key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{number % 6}"
        sse = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if number % 3 else {"SSEAlgorithm": "AES256"}
        rules = [{"ApplyServerSideEncryptionByDefault": sse, "BucketKeyEnabled": True}]
        yield "aws.s3_bucket_encryption", "global", arn, {"Rules": rules}
        block = dice.random() < 0.9
        flags = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        yield "aws.s3_bucket_public_access_block", "global", arn, dict.fromkeys(flags, block)
        yield "aws.s3_bucket_versioning", "global", arn, {"Status": "Enabled"} if dice.random() < 0.8 else {}
        lock: Body = {"absent": True, "code": "ObjectLockConfigurationNotFoundError"}
        if number == 0:
            lock = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
        yield "aws.s3_bucket_object_lock", "global", arn, lock
        tags = {"team": "data", "cost-centre": "42", "classification": dice.choice(("internal", "pii", "public"))}
        yield "aws.s3_bucket_tagging", "global", arn, {"Tags": tags | environment(dice)}


def _trail() -> Iterator[Found]:
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/all"
    yield "aws.cloudtrail_trail", "global", arn, {
        "Name": "all", "TrailARN": arn, "S3BucketName": f"{ORG}-0", "IsMultiRegionTrail": True,
        "LogFileValidationEnabled": True, "HomeRegion": "us-east-1",
        "KmsKeyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1",
    }  # fmt: skip
    yield "aws.cloudtrail_trail_status", "global", arn, {"IsLogging": True, "LatestDeliveryError": ""}
    yield "aws.cloudtrail_event_selectors", "global", arn, {"EventSelectors": [], "AdvancedEventSelectors": []}
    rule = {"ID": "keep", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}
    yield "aws.s3_bucket_lifecycle", "global", f"arn:aws:s3:::{ORG}-0", {"Rules": [rule]}


def _github(dice: random.Random) -> Iterator[Found]:
    yield "github.organization", "global", ORG, {
        "login": ORG, "two_factor_requirement_enabled": True, "default_repository_permission": "read",
        "public_repos": 1, "total_private_repos": 19,
    }  # fmt: skip
    for number in range(25):
        login = f"{ORG}-dev-{number}"
        person = {"login": login, "id": number, "type": "User", "site_admin": False, "node_id": f"MDQ6{number}"}
        yield "github.member", "global", login, person
        if number < 3:
            yield "github.owner", "global", login, person
        if dice.random() < 0.03:
            yield "github.member_without_2fa", "global", login, person
    for number in range(3):
        yield (
            "github.outside_collaborator",
            "global",
            f"{ORG}-guest-{number}",
            {"login": f"guest-{number}", "type": "User"},
        )
    for number in range(20):
        name = f"{ORG}/app-{number}"
        yield "github.repository", "global", name, {
            "id": number, "name": f"app-{number}", "full_name": name, "private": number > 0, "archived": number == 19,
            "visibility": "private" if number else "public", "default_branch": "main", "description": "an application",
            "pushed_at": a_time(dice), "size": 1000 + number, "language": "Python", "topics": ["app"],
        }  # fmt: skip
        protection: Body = {"absent": True, "code": "Branch not protected"}
        if dice.random() < 0.8:
            protection = {
                "enforce_admins": {"enabled": dice.random() < 0.9}, "allow_force_pushes": {"enabled": False},
                "allow_deletions": {"enabled": False}, "required_status_checks": {"strict": True, "contexts": ["ci"]},
                "required_pull_request_reviews": {
                    "required_approving_review_count": 1, "dismiss_stale_reviews": dice.random() < 0.8},
            }  # fmt: skip
        yield "github.branch_protection", "global", name, protection
        rules = [{"type": "deletion", "ruleset_source": ORG, "ruleset_id": 1}] if number % 2 else []
        yield "github.branch_rule", "global", name, {"rules": rules}
    yield "github.ruleset", "global", f"{ORG}#1", {"id": 1, "enforcement": "active", "bypass_actors": []}
