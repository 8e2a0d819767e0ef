"""KMS: every key of a region, and rotation and policy of those that the customer manages."""

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import each, listing, one, proven_empty, record_part
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

_STREAMS = ("aws.kms_key", "aws.kms_key_rotation", "aws.kms_key_policy")


def read_keys(account: Account, region: str, sinks: Sinks) -> None:
    """The keys, then in parallel what KMS says about each."""
    listed = listing(account, region, pick(sinks, *_STREAMS), "kms", "ListKeys", "Keys")
    arns = [str(key.get("KeyArn") or key.get("KeyId") or "") for key, _ in listed]
    each(account, lambda arn: _read_key(account, region, sinks, arn), arns)
    none = f"ListKeys in {region} lists no key of this kind"
    proven_empty(pick(sinks, "aws.kms_key_rotation", "aws.kms_key_policy"), none)


def rotates(key: dict[str, object]) -> bool:
    """Whether KMS can rotate a key by itself, so that asking makes sense (developer guide, "Rotating AWS KMS keys").

    A SYMMETRIC_DEFAULT key can only encrypt and decrypt, so its KeyUsage need not be looked at.
    """
    return (
        key.get("KeyManager") == "CUSTOMER"
        and key.get("KeySpec", key.get("CustomerMasterKeySpec")) == "SYMMETRIC_DEFAULT"
        and key.get("Origin") == "AWS_KMS"
        and key.get("KeyState") in ("Enabled", "Disabled")
    )


def _read_key(account: Account, region: str, sinks: Sinks, arn: str) -> None:
    all_three = pick(sinks, *_STREAMS)
    answer = one(account, region, all_three, arn, "kms", "DescribeKey", KeyId=arn)
    if answer is None:
        return
    try:
        key = answer.want("KeyMetadata", dict)
    except ReadFailed as failed:
        for sink in all_three:
            sink.unreadable(arn, failed.reason, "DescribeKey", failed.message)
        return
    for sink in pick(sinks, "aws.kms_key"):
        sink.record(arn, key, evidence=answer.evidence)
    rotation, policy = pick(sinks, "aws.kms_key_rotation"), pick(sinks, "aws.kms_key_policy")
    if rotation and rotates(key):
        answer = one(account, region, rotation, arn, "kms", "GetKeyRotationStatus", KeyId=arn)
        field = "KeyRotationEnabled"
        record_part(rotation, arn, answer, lambda answer: {field: answer.want(field, bool)})
    if policy and key.get("KeyManager") == "CUSTOMER":
        answer = one(account, region, policy, arn, "kms", "GetKeyPolicy", KeyId=arn, PolicyName="default")
        record_part(policy, arn, answer, _policy)


def _policy(answer: Answer) -> dict[str, object]:
    try:
        return {"Policy": decode(answer.want("Policy", str).encode())}
    except BadJson as error:
        raise ReadFailed(Reason.QUARANTINED, f"the policy is not JSON to be trusted: {error}") from None
