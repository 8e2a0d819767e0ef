"""Which IAM action a call needs, where it is not `service:Operation` (service authorization reference)."""

_PREFIX = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
_OTHERS = {
    ("accessanalyzer", "ListFindingsV2"): "access-analyzer:ListFindings",
    ("access-analyzer", "ListFindingsV2"): "access-analyzer:ListFindings",
    ("apigateway", "GetRestApis"): "apigateway:GET",
    ("apigateway", "GetStages"): "apigateway:GET",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
}
# What AWS asks for behind a call, beside the call's own action (API reference of GetWebACLForResource).
BEHIND = {"wafv2:GetWebACLForResource": frozenset({"wafv2:GetWebACL"})}


def permission(service: str, operation: str) -> str:
    """The IAM action of a call. In: boto3's service name and the API's operation name."""
    return _OTHERS.get((service, operation), f"{_PREFIX.get(service, service)}:{operation}")
