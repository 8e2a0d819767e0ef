"""What watches an account and whom it tells: alarms, filters over logs, rules over events, and subscriptions."""

import hashlib
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, pages
from kushim_pipeline.evidence.receipt import Reason


def read_alarms(account: Account, region: str, sinks: Sinks) -> None:
    """CloudWatch alarms, composite ones among them. Those have to be asked for (API reference of DescribeAlarms)."""
    sink = sinks["aws.cloudwatch_alarm"]
    for alarm, evidence in listing(
        account,
        region,
        [sink],
        "cloudwatch",
        "DescribeAlarms",
        lambda answer: [*answer.want("MetricAlarms", list), *(answer.body.get("CompositeAlarms") or ())],
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
    ):
        sink.record(alarm.get("AlarmArn") or "", steady("aws.cloudwatch_alarm", alarm, account.now), evidence=evidence)


def read_metric_filters(account: Account, region: str, sinks: Sinks) -> None:
    """Metric filters of all log groups."""
    sink = sinks["aws.logs_metric_filter"]
    for found, evidence in listing(account, region, [sink], "logs", "DescribeMetricFilters", "metricFilters"):
        group, name = found.get("logGroupName"), found.get("filterName")
        arn = f"{account.arn('logs', region, 'log-group', group).replace('log-group/', 'log-group:', 1)}/{name}"
        sink.record(arn if group and name else "", found, evidence=evidence)


def read_subscriptions(account: Account, region: str, sinks: Sinks) -> None:
    """SNS subscriptions to all topics. One that nobody has confirmed has no ARN of its own."""
    sink = sinks["aws.sns_subscription"]
    for found, evidence in listing(account, region, [sink], "sns", "ListSubscriptions", "Subscriptions"):
        sink.record(subscription_id(found), found, evidence=evidence)


def subscription_id(found: dict[str, Any]) -> str:
    """The subscription's ARN. SNS writes PendingConfirmation or Deleted in its place: then the topic's with a digest of
    protocol and endpoint, which may be somebody's address."""
    arn, topic = str(found.get("SubscriptionArn") or ""), str(found.get("TopicArn") or "")
    if arn.startswith("arn:") or not topic:
        return arn if arn.startswith("arn:") else ""
    reached = hashlib.sha256(f"{found.get('Protocol')} {found.get('Endpoint')}".encode()).hexdigest()
    return f"{topic}:{arn}:{reached[:16]}"


def read_rules(account: Account, region: str, sinks: Sinks) -> None:
    """EventBridge rules of the default bus, which AWS's own events come to, each with its targets."""
    sink = sinks["aws.events_rule"]
    rules = [rule for rule, _ in listing(account, region, [sink], "events", "ListRules", "Rules")]

    def read(rule: dict[str, Any]) -> None:
        name, arn = rule.get("Name"), rule.get("Arn")
        if not name or not arn:
            sink.problem(Reason.QUARANTINED, "ListRules", "a rule has no name")
            return
        try:
            found: list[Answer] = [*pages(account, region, [sink], "events", "ListTargetsByRule", Rule=name)]
            targets = [target for page in found for target in page.want("Targets", list)]
        except ReadFailed as failed:
            sink.unreadable(arn, failed.reason, "ListTargetsByRule", failed.message)
            return
        sink.record(arn, {**rule, "Targets": targets}, evidence=found[-1].evidence)

    each(account, read, rules)


def read_scaling_groups(account: Account, region: str, sinks: Sinks) -> None:
    """Auto Scaling groups with their limits and tags."""
    sink = sinks["aws.autoscaling_group"]
    operation, key = "DescribeAutoScalingGroups", "AutoScalingGroups"
    for group, evidence in listing(account, region, [sink], "autoscaling", operation, key):
        sink.record(group.get("AutoScalingGroupARN") or "", group, evidence=evidence)
