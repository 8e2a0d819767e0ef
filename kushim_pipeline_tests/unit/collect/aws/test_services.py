"""What the readers of services decide by themselves."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kushim_pipeline.collect.aws.alarms import subscription_id
from kushim_pipeline.collect.aws.calls import Account
from kushim_pipeline.collect.aws.edge import is_public_api, is_public_balancer
from kushim_pipeline.collect.aws.functions import without_values
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.permissions import permission
from kushim_pipeline.collect.aws.ssm import host_arn

TOPIC = "arn:aws:sns:us-east-1:111122223333:security"


@pytest.mark.parametrize(
    ("balancer", "expected"),
    [
        ({"Type": "application", "Scheme": "internet-facing"}, True),
        ({"Type": "application"}, True),
        ({"Type": "application", "Scheme": "internal"}, False),
        ({"Type": "network", "Scheme": "internet-facing"}, False),
    ],
)
def test_which_load_balancers_a_firewall_is_asked_for(balancer: dict[str, Any], expected: bool) -> None:
    assert is_public_balancer(balancer) is expected


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ({"endpointConfiguration": {"types": ["REGIONAL"]}}, True),
        ({"endpointConfiguration": {"types": ["EDGE"]}}, True),
        ({"endpointConfiguration": {"types": ["PRIVATE"]}}, False),
        ({}, True),
    ],
)
def test_which_apis_a_firewall_is_asked_for(api: dict[str, Any], expected: bool) -> None:
    assert is_public_api(api) is expected


def test_a_subscription_without_an_arn_is_named_by_its_topic() -> None:
    pending = {"SubscriptionArn": "PendingConfirmation", "TopicArn": TOPIC, "Protocol": "email", "Endpoint": "a@b.test"}
    found = subscription_id(pending)
    assert found.startswith(f"{TOPIC}:PendingConfirmation:")
    assert "a@b.test" not in found
    assert found != subscription_id({**pending, "Endpoint": "c@d.test"})
    assert subscription_id({**pending, "SubscriptionArn": f"{TOPIC}:1"}) == f"{TOPIC}:1"
    assert subscription_id({"SubscriptionArn": "PendingConfirmation"}) == ""


def test_values_of_variables_are_left_out() -> None:
    function = {"FunctionName": "f", "Environment": {"Variables": {"KEY": "swordfish"}, "Error": None}}
    assert without_values(function) == {"FunctionName": "f", "Environment": {"Variables": {"KEY": ""}, "Error": None}}
    for plain in ({"FunctionName": "f"}, {"Environment": {"Error": {"ErrorCode": "AccessDenied"}}}):
        assert without_values(plain) == plain


def test_a_managed_host_is_an_instance_or_a_machine_of_ones_own() -> None:
    account = Account("111122223333", "aws", ("us-east-1",), *[SimpleNamespace()] * 2)  # type: ignore[arg-type]
    assert host_arn(account, "us-east-1", "i-1") == "arn:aws:ec2:us-east-1:111122223333:instance/i-1"
    assert host_arn(account, "us-east-1", "mi-1") == "arn:aws:ssm:us-east-1:111122223333:managed-instance/mi-1"
    assert host_arn(account, "us-east-1", "") == ""


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("elbv2", "DescribeListeners", "elasticloadbalancing:DescribeListeners"),
        ("apigateway", "GetStages", "apigateway:GET"),
        ("cloudwatch", "DescribeAlarms", "cloudwatch:DescribeAlarms"),
    ],
)
def test_the_action_that_a_call_needs(service: str, operation: str, action: str) -> None:
    assert permission(service, operation) == action


def test_what_moves_by_itself_is_no_new_version() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    alarm = {"AlarmName": "a", "StateValue": "OK", "StateReason": "1 datapoint", "StateUpdatedTimestamp": "2026-01-01"}
    assert steady("aws.cloudwatch_alarm", alarm, now) == {"AlarmName": "a", "StateValue": "OK"}
    read = {"Name": "key", "LastAccessedDate": "2026-05-31T00:00:00Z"}
    assert steady("aws.secretsmanager_secret", read, now) == {"Name": "key"}
    unread = {"Name": "key", "LastAccessedDate": "2026-01-31T00:00:00Z"}
    assert steady("aws.secretsmanager_secret", unread, now) == unread
    host = {"InstanceId": "i-1", "PingStatus": "Online", "LastPingDateTime": "2026-06-01T11:59:00Z"}
    assert steady("aws.ssm_instance", host, now) == {"InstanceId": "i-1", "PingStatus": "Online"}
