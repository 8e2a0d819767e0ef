"""What watches load and changes in the sandbox, and whom it tells: alarms, rules, subscriptions. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from kushim_pipeline.sandbox.aws_asked import Answer, Asked, made_up
from kushim_pipeline.sandbox.aws_xml import query_reply
from kushim_pipeline.sandbox.estate import Account

_WHERE = "us-east-1"
"""The region whose bus has the events of IAM."""
_TRAIL = ["StopLogging", "DeleteTrail", "UpdateTrail"]
_PATTERNS: Mapping[str, Mapping[str, Any]] = {
    "root": {"detail": {"userIdentity": {"type": ["Root"]}}},
    "trails": {"source": ["aws.cloudtrail"], "detail": {"eventName": _TRAIL}},
    "policies": {"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"]},
}


def group_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a scaling group."""
    of_account = f"arn:aws:autoscaling:{region}:{account.account_id}:autoScalingGroup"
    return f"{of_account}:{made_up('group', region, name)}:autoScalingGroupName/{name}"


def _topic(asked: Asked) -> str:
    return f"arn:aws:sns:{asked.call.region}:{asked.account.account_id}:watch"


def _rule_arn(asked: Asked, name: str) -> str:
    return f"arn:aws:events:{asked.call.region}:{asked.account.account_id}:rule/{name}"


def _rules(asked: Asked) -> Answer:
    told = asked.account.alerts and asked.call.region == _WHERE
    return {
        "Rules": [
            {
                "Name": name,
                "Arn": _rule_arn(asked, name),
                "EventPattern": json.dumps(pattern),
                "State": "ENABLED",
                "EventBusName": "default",
            }
            for name, pattern in (_PATTERNS.items() if told else ())
        ]
    }


def _targets(asked: Asked) -> Answer:
    return {"Targets": [{"Id": "1", "Arn": _topic(asked)}]}


def _subscriptions(asked: Asked) -> Answer:
    topic = _topic(asked)
    subscription = {
        "SubscriptionArn": f"{topic}:{made_up('subscription', topic)}",
        "Owner": asked.account.account_id,
        "Protocol": "email",
        "Endpoint": "security@example.com",
        "TopicArn": topic,
    }
    return query_reply(asked.call, {"Subscriptions": [subscription] if asked.account.alerts else []})


def _metric_filters(asked: Asked) -> Answer:
    return {"metricFilters": []}


def _groups(asked: Asked) -> Answer:
    groups = [
        {
            "AutoScalingGroupName": name,
            "AutoScalingGroupARN": group_arn(asked.account, asked.call.region, name),
            "MinSize": 2,
            "MaxSize": 6 if group.room else 2,
            "DesiredCapacity": 2,
            "DefaultCooldown": 300,
            "AvailabilityZones": [f"{asked.call.region}a", f"{asked.call.region}b"],
            "HealthCheckType": "ELB",
            "CreatedTime": "2025-01-01T00:00:00Z",
            "Tags": [{"ResourceId": name, "Key": "environment", "Value": group.environment}]
            if group.environment
            else [],
        }
        for name, group in asked.here.scaling_groups.items()
    ]
    return query_reply(asked.call, {"AutoScalingGroups": groups})


def _alarms(asked: Asked) -> Answer:
    watched = [("AutoScalingGroupName", name) for name, group in asked.here.scaling_groups.items() if group.alarm]
    watched += [("DBInstanceIdentifier", name) for name, database in asked.here.databases.items() if database.alarm]
    return {"MetricAlarms": [_alarm(asked, key, name) for key, name in watched], "CompositeAlarms": []}


def _alarm(asked: Asked, key: str, name: str) -> dict[str, Any]:
    return {
        "AlarmName": f"load-of-{name}",
        "AlarmArn": f"arn:aws:cloudwatch:{asked.call.region}:{asked.account.account_id}:alarm:load-of-{name}",
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [_topic(asked)],
        "InsufficientDataActions": [],
        "StateValue": "OK",
        "StateReason": "the threshold was not crossed",
        "StateUpdatedTimestamp": asked.now.timestamp(),
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/EC2" if key == "AutoScalingGroupName" else "AWS/RDS",
        "Statistic": "Average",
        "Dimensions": [{"Name": key, "Value": name}],
        "Period": 300,
        "EvaluationPeriods": 2,
        "Threshold": 80.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }


ANSWERS = {
    "autoscaling:DescribeAutoScalingGroups": _groups,
    "events:ListRules": _rules,
    "events:ListTargetsByRule": _targets,
    "logs:DescribeMetricFilters": _metric_filters,
    "monitoring:DescribeAlarms": _alarms,
    "sns:ListSubscriptions": _subscriptions,
}
