"""Which regions a connection reads when it names none."""

import pytest
from botocore.session import Session

from kushim_pipeline.collect.aws.regions import KNOWN, regions_of
from kushim_pipeline.tenants.connection import AwsConnection


def connection(**fields: object) -> AwsConnection:
    return AwsConnection.model_validate({"source": "aws", "account_id": "123456789012", **fields})


@pytest.mark.parametrize("partition", KNOWN)
def test_every_region_that_botocore_knows_is_known(partition: str) -> None:
    assert set(Session().get_available_regions("ec2", partition)) <= set(KNOWN[partition])
    assert len(set(KNOWN[partition])) == len(KNOWN[partition])


@pytest.mark.parametrize("fields", [{}, {"regions": "all"}, {"regions": ["all"]}], ids=["none", "all", "a list of all"])
def test_without_a_list_every_region_is_read(fields: dict[str, object]) -> None:
    assert regions_of(connection(**fields)) == KNOWN["aws"]


def test_the_role_says_in_which_partition() -> None:
    role = "arn:aws-us-gov:iam::123456789012:role/kushim-read"
    assert regions_of(connection(role_arn=role)) == ("us-gov-west-1", "us-gov-east-1")


def test_a_list_is_what_is_read() -> None:
    assert regions_of(connection(regions=["eu-west-1"])) == ("eu-west-1",)
