"""S3: the buckets of the account, and every setting of a bucket by a call of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, one, pages, proven_empty, record_part
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

_NO_BLOCK = frozenset({"NoSuchPublicAccessBlockConfiguration"})
_NO_LIFECYCLE = frozenset({"NoSuchLifecycleConfiguration"})


@dataclass(frozen=True)
class Part:
    """A setting of a bucket: the call that reads it, the codes that prove it is not set, and the record's body."""

    operation: str
    absent: frozenset[str]
    body: Callable[[Answer], Mapping[str, Any]]


def read_account_block(account: Account, region: str, sinks: Sinks) -> None:
    """The account's own Block Public Access settings."""
    sink = sinks["aws.s3_account_public_access_block"]
    operation = "GetPublicAccessBlock"
    try:
        answer = call(account, region, [sink], "s3control", operation, absent=_NO_BLOCK, AccountId=account.account_id)
        body = {"absent": True, "code": answer.absent} if answer.absent else _block(answer)
    except ReadFailed as failed:
        sink.problem(failed.reason, operation, failed.message)
        return
    sink.record(account.account_id, body, evidence=answer.evidence)


def read_buckets(account: Account, region: str, sinks: Sinks) -> None:
    """The buckets, then in parallel the settings of each; every setting of every bucket fails alone."""
    whole = [*sinks.values()]
    buckets = [(b, evidence) for b, evidence in listing(account, region, whole, "s3", "ListBuckets", "Buckets")]
    regions = _regions(account, sinks, [bucket for bucket, _ in buckets])
    for bucket, evidence in buckets:
        name = bucket.get("Name") or ""
        for sink in pick(sinks, "aws.s3_bucket"):
            body = {"Name": name, "CreationDate": bucket.get("CreationDate"), "Region": regions.get(name)}
            sink.record(_arn(account, name), body, evidence=evidence)
    proven_empty(pick(sinks, "aws.s3_bucket_disposal"), "no bucket of the account has a tag")
    parts = {stream: sink for stream, sink in sinks.items() if stream != "aws.s3_bucket"}
    if parts:
        names = [name for bucket, _ in buckets if (name := bucket.get("Name"))]
        each(account, lambda name: _read_bucket(account, regions.get(name) or region, parts, name), names)


def read_lifecycle(account: Account, region: str, sink: Collection, bucket: str) -> None:
    """How long a bucket that a trail writes to keeps its objects: it may be another account's."""
    arn = _arn(account, bucket)
    operation = "GetBucketLifecycleConfiguration"
    answer = one(account, region, [sink], arn, "s3", operation, absent=_NO_LIFECYCLE, Bucket=bucket)
    record_part([sink], arn, answer, _rules)


def _regions(account: Account, sinks: Sinks, buckets: list[dict[str, Any]]) -> dict[str, str]:
    """Bucket -> region. AWS says it in the list; an endpoint that does not is asked for the buckets of each region."""
    known = {bucket["Name"]: bucket["BucketRegion"] for bucket in buckets if bucket.get("BucketRegion")}
    if len(known) == len(buckets):
        return known
    for region in account.regions:
        try:
            for answer in pages(account, account.home, [*sinks.values()], "s3", "ListBuckets", BucketRegion=region):
                known |= {bucket["Name"]: region for bucket in answer.body.get("Buckets") or ()}
        except ReadFailed:
            continue  # the region is a detail: S3 itself redirects to it
    return known


def _read_bucket(account: Account, region: str, sinks: Sinks, name: str) -> None:
    arn = _arn(account, name)

    def ask(part: Part, *streams: str) -> Answer | None:
        wanted = pick(sinks, *streams)
        if not wanted:
            return None
        return one(account, region, wanted, arn, "s3", part.operation, absent=part.absent, Bucket=name)

    for stream, part in _PLAIN.items():
        record_part(pick(sinks, stream), arn, ask(part, stream), part.body)
    tags = ask(_TAGGING, "aws.s3_bucket_tagging", "aws.s3_bucket_disposal")
    if tags is not None and tags.absent:
        tags = replace(tags, body={"TagSet": []}, absent=None)  # S3's way to say that there are no tags
    record_part(pick(sinks, "aws.s3_bucket_tagging"), arn, tags, _TAGGING.body)
    if tags is not None and tags.body.get("TagSet") != []:
        # A bucket without a tag has no class, and so nothing that its rules could be held against.
        record_part(pick(sinks, "aws.s3_bucket_disposal"), arn, ask(_DISPOSAL, "aws.s3_bucket_disposal"), _rules)

    policy = ask(_POLICY, "aws.s3_bucket_policy", "aws.s3_bucket_policy_status")
    record_part(pick(sinks, "aws.s3_bucket_policy"), arn, policy, _POLICY.body)
    if policy is not None:
        # Without a policy there is no status to ask for: S3 would answer NoSuchBucketPolicy once more.
        status = policy if policy.absent else ask(_STATUS, "aws.s3_bucket_policy_status")
        record_part(pick(sinks, "aws.s3_bucket_policy_status"), arn, status, _STATUS.body)

    versioning = ask(_VERSIONING, "aws.s3_bucket_versioning", "aws.s3_bucket_object_lock")
    record_part(pick(sinks, "aws.s3_bucket_versioning"), arn, versioning, _VERSIONING.body)
    locked = pick(sinks, "aws.s3_bucket_object_lock")
    if versioning is None or not locked:
        return
    if versioning.body.get("Status") == "Enabled":
        record_part(locked, arn, ask(_LOCK, "aws.s3_bucket_object_lock"), _LOCK.body)
    else:
        # Object Lock needs versioning (user guide, "Locking objects with Object Lock").
        locked[0].record(arn, {"absent": True, "code": "VersioningNotEnabled"}, evidence=versioning.evidence)


def _arn(account: Account, name: str) -> str:
    return f"arn:{account.partition}:s3:::{name}" if name else ""


def _block(answer: Answer) -> Mapping[str, Any]:
    settings: dict[str, Any] = answer.want("PublicAccessBlockConfiguration", dict)
    return settings


def _policy(answer: Answer) -> Mapping[str, Any]:
    try:
        return {"Policy": decode(answer.want("Policy", str).encode())}
    except BadJson as error:
        raise ReadFailed(Reason.QUARANTINED, f"the policy is not JSON to be trusted: {error}") from None


def _public(answer: Answer) -> Mapping[str, Any]:
    public = answer.want("PolicyStatus", dict).get("IsPublic")
    if not isinstance(public, bool):
        raise ReadFailed(Reason.INCOMPLETE, "the answer has no usable IsPublic")
    return {"IsPublic": public}


def _encryption(answer: Answer) -> Mapping[str, Any]:
    rules = answer.want("ServerSideEncryptionConfiguration", dict).get("Rules")
    if not isinstance(rules, list):
        raise ReadFailed(Reason.INCOMPLETE, "the answer has no usable Rules")
    return {"Rules": rules}


def _rules(answer: Answer) -> Mapping[str, Any]:
    return {"Rules": answer.want("Rules", list)}


def _tags(answer: Answer) -> Mapping[str, Any]:
    return {"Tags": {tag["Key"]: tag.get("Value", "") for tag in answer.want("TagSet", list)}}


_PLAIN = {
    "aws.s3_bucket_acl": Part(
        "GetBucketAcl",
        frozenset(),
        lambda answer: {"Owner": answer.want("Owner", dict), "Grants": answer.want("Grants", list)},
    ),
    "aws.s3_bucket_encryption": Part(
        "GetBucketEncryption", frozenset({"ServerSideEncryptionConfigurationNotFoundError"}), _encryption
    ),
    "aws.s3_bucket_public_access_block": Part("GetPublicAccessBlock", _NO_BLOCK, _block),
}
_TAGGING = Part("GetBucketTagging", frozenset({"NoSuchTagSet"}), _tags)
_DISPOSAL = Part("GetBucketLifecycleConfiguration", _NO_LIFECYCLE, _rules)
_POLICY = Part("GetBucketPolicy", frozenset({"NoSuchBucketPolicy"}), _policy)
_STATUS = Part("GetBucketPolicyStatus", frozenset({"NoSuchBucketPolicy"}), _public)
_VERSIONING = Part(
    "GetBucketVersioning",
    frozenset(),
    lambda answer: {key: answer.body[key] for key in ("Status", "MFADelete") if key in answer.body},
)
_LOCK = Part(
    "GetObjectLockConfiguration",
    frozenset({"ObjectLockConfigurationNotFoundError"}),
    lambda answer: {"ObjectLockConfiguration": answer.want("ObjectLockConfiguration", dict)},
)
