"""Which IAM action a call needs, where it is not `service:Operation` (service authorization reference)."""

_PREFIX = {"resourcegroupstaggingapi": "tag"}
_OTHERS = {
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
}


def permission(service: str, operation: str) -> str:
    """The IAM action of a call. In: boto3's service name and the API's operation name."""
    return _OTHERS.get((service, operation), f"{_PREFIX.get(service, service)}:{operation}")
