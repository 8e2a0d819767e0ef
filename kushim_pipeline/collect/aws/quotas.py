"""Service quotas that bound how far production can grow, each with AWS's own count of what is used of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.events import written
from kushim_pipeline.collect.aws.listing import each, pages
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.receipt import Reason

NO_SUCH_QUOTA = "NoSuchResourceException"
_WINDOW = timedelta(days=1)
_OPERATION = "GetMetricData"


@dataclass(frozen=True)
class Counted:
    """A quota, and the metric in AWS/Usage that counts against it (CloudWatch user guide, usage metrics)."""

    service: str
    code: str
    resource: str
    kind: str


QUOTAS = {
    "processors": Counted("ec2", "L-1216C47A", "vCPU", "Standard/OnDemand"),
    "databases": Counted("rds", "L-7B6409FD", "DBInstances", "None"),
}
"""Virtual processors of running on-demand standard instances, and database instances; both by region (EC2 and RDS user
guides, quotas)."""


def read_quotas(account: Account, region: str, sinks: Sinks) -> None:
    """The quotas of which something is used, with the most that was used within a day (`Used`).

    What nobody uses has no points in CloudWatch, and its quota is not asked for.
    """
    sink = sinks["aws.service_quota"]
    try:
        used = _used(account, region, sink)
    except ReadFailed as failed:
        sink.problem(failed.reason, _OPERATION, f"{region}: {failed.message}")
        return
    if not used:
        sink.empty_is_proven(f"{_OPERATION} in {region} counts nothing that these quotas are for")

    def read(name: str) -> None:
        quota = QUOTAS[name]
        arn = account.arn("servicequotas", region, quota.service, quota.code)
        try:
            answer = _quota(account, region, sink, quota)
            found = answer.want("Quota", dict)
        except ReadFailed as failed:
            sink.unreadable(arn, failed.reason, "GetServiceQuota", failed.message)
            return
        sink.record(arn, {**found, "Used": used[name]}, evidence=answer.evidence)

    each(account, read, sorted(used))


def _used(account: Account, region: str, sink: Collection) -> dict[str, float]:
    """The most that was used within a day, by the names of QUOTAS. Raises ReadFailed."""
    until = datetime.fromtimestamp(account.pace.now(), UTC)
    asked = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Usage",
                    "MetricName": "ResourceCount",
                    "Dimensions": [
                        {"Name": "Type", "Value": "Resource"},
                        {"Name": "Resource", "Value": quota.resource},
                        {"Name": "Service", "Value": quota.service.upper()},
                        {"Name": "Class", "Value": quota.kind},
                    ],
                },
                "Period": int(_WINDOW.total_seconds()),
                "Stat": "Maximum",
            },
        }
        for name, quota in QUOTAS.items()
    ]
    used: dict[str, float] = {}
    answered: set[str] = set()
    window = {"StartTime": written(until - _WINDOW), "EndTime": written(until)}
    for answer in pages(account, region, [sink], "cloudwatch", _OPERATION, MetricDataQueries=asked, **window):
        for result in answer.want("MetricDataResults", list):
            answered.add(result.get("Id"))
            for value in result.get("Values") or ():
                used[result["Id"]] = max(used.get(result["Id"], 0.0), value)
    if answered != QUOTAS.keys():
        raise ReadFailed(Reason.INCOMPLETE, "the answer does not speak of every metric that was asked for")
    return used


def _quota(account: Account, region: str, sink: Collection, quota: Counted) -> Answer:
    """The quota that applies: one that was never raised has its default alone (API reference of GetServiceQuota).

    Raises ReadFailed.
    """
    asked = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    answer = call(account, region, [sink], "service-quotas", "GetServiceQuota", absent={NO_SUCH_QUOTA}, **asked)
    if answer.absent:
        return call(account, region, [sink], "service-quotas", "GetAWSDefaultServiceQuota", **asked)
    return answer
