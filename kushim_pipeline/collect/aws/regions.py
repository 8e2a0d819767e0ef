"""The regions of a connection: those that it names, or every region of its partition that this version knows.

Units are planned without network, so "every region" is a list. DescribeRegions then says which of them the account has
enabled, and aws.region names one that AWS has and this list has not.
"""

from kushim_pipeline.tenants.connection import AwsConnection

# Regions by partition (AWS account management guide, "Region availability"); a test compares them with botocore's.
KNOWN: dict[str, tuple[str, ...]] = {
    "aws": tuple(
        "us-east-1 us-east-2 us-west-1 us-west-2 "
        "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 "
        "ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 "
        "ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 "
        "eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1".split()
    ),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
}


def regions_of(connection: AwsConnection) -> tuple[str, ...]:
    """The regions that are read for a connection: those that it names, or all of its role's partition."""
    if connection.regions:
        return connection.regions
    partition = connection.role_arn.split(":")[1] if connection.role_arn else "aws"
    return KNOWN.get(partition, KNOWN["aws"])
