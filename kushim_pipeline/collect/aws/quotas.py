"""Service quotas that bound how far production can grow, each with AWS's own count of what is used of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.events import written
from kushim_pipeline.collect.aws.listing import each
from kushim_pipeline.collect.collection import Collection

QUOTAS = (("ec2", "L-1216C47A"), ("rds", "L-7B6409FD"))
"""Virtual processors of running on-demand standard instances, and database instances; both by region (EC2 and RDS user
guides, quotas)."""
NO_SUCH_QUOTA = "NoSuchResourceException"
_WINDOW = timedelta(days=1)


def read_quotas(account: Account, region: str, sinks: Sinks) -> None:
    """The quotas of QUOTAS, with the most that was used within a day (`Used`, None where AWS does not count it).

    A quota that was never raised has its default alone (API reference of GetServiceQuota); what is used of it is in
    the metric that the quota names (Service Quotas user guide, CloudWatch usage metrics).
    """
    sink = sinks["aws.service_quota"]

    def read(quota: tuple[str, str]) -> None:
        arn = account.arn("servicequotas", region, *quota)
        try:
            answer = _quota(account, region, sink, *quota)
            found = answer.want("Quota", dict)
            used = _used(account, region, sink, found.get("UsageMetric") or {})
        except ReadFailed as failed:
            sink.unreadable(arn, failed.reason, "GetServiceQuota", failed.message)
            return
        sink.record(arn, {**found, "Used": used}, evidence=answer.evidence)

    each(account, read, QUOTAS)


def _quota(account: Account, region: str, sink: Collection, service: str, code: str) -> Answer:
    """The quota that applies. Raises ReadFailed."""
    asked = {"ServiceCode": service, "QuotaCode": code}
    answer = call(account, region, [sink], "service-quotas", "GetServiceQuota", absent={NO_SUCH_QUOTA}, **asked)
    if answer.absent:
        return call(account, region, [sink], "service-quotas", "GetAWSDefaultServiceQuota", **asked)
    return answer


def _used(account: Account, region: str, sink: Collection, metric: dict[str, Any]) -> float | None:
    """The most that was used within a day. Raises ReadFailed."""
    if not metric.get("MetricName"):
        return None
    dimensions = metric.get("MetricDimensions") or {}
    until = datetime.fromtimestamp(account.pace.now(), UTC)
    answer = call(
        account,
        region,
        [sink],
        "cloudwatch",
        "GetMetricStatistics",
        Namespace=metric.get("MetricNamespace"),
        MetricName=metric["MetricName"],
        Dimensions=[{"Name": name, "Value": value} for name, value in sorted(dimensions.items())],
        StartTime=written(until - _WINDOW),
        EndTime=written(until),
        Period=int(_WINDOW.total_seconds()),
        Statistics=["Maximum"],
    )
    return max((point.get("Maximum") or 0.0 for point in answer.want("Datapoints", list)), default=None)
