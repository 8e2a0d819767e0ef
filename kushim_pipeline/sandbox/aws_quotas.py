"""The sandbox's service quotas, and how much of each is used. Pure."""

from kushim_pipeline.sandbox.aws_asked import Answer, Asked

_NAMES = {
    "L-1216C47A": ("ec2", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "vCPU", 64.0),
    "L-7B6409FD": ("rds", "DB instances", "DBInstances", 40.0),
}
_RAISED = "L-1216C47A"
"""The quota that somebody asked AWS to raise: the other has its default alone."""
_PROCESSORS = 2.0
"""Of every instance of the sandbox."""


def _quota(asked: Asked) -> Answer:
    code = str(asked.given.get("QuotaCode"))
    if code != _RAISED:
        return asked.refuse(400, "NoSuchResourceException", "The request failed because the quota does not exist.")
    return _shown(asked, code)


def _default(asked: Asked) -> Answer:
    code = str(asked.given.get("QuotaCode"))
    if code not in _NAMES:
        return asked.refuse(400, "NoSuchResourceException", "The request failed because the quota does not exist.")
    return _shown(asked, code)


def _shown(asked: Asked, code: str) -> Answer:
    service, name, resource, value = _NAMES[code]
    return {
        "Quota": {
            "ServiceCode": service,
            "QuotaArn": f"arn:aws:servicequotas:{asked.call.region}:{asked.account.account_id}:{service}/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "UsageMetric": {
                "MetricNamespace": "AWS/Usage",
                "MetricName": "ResourceCount",
                "MetricDimensions": {
                    "Class": "Standard/OnDemand" if service == "ec2" else "None",
                    "Resource": resource,
                    "Service": service.upper(),
                    "Type": "Resource",
                },
                "MetricStatisticRecommendation": "Maximum",
            },
        }
    }


def _usage(asked: Asked) -> Answer:
    """What the region's resources come to. AWS sends no point for nothing."""
    of_databases = {"Name": "Resource", "Value": "DBInstances"} in asked.given.get("Dimensions", ())
    groups = len(asked.here.scaling_groups)
    used = len(asked.here.databases) if of_databases else _PROCESSORS * (len(asked.here.instances) + 2 * groups)
    point = {"Timestamp": asked.days_ago(1).timestamp(), "Maximum": float(used), "Unit": "None"}
    return {"Label": "ResourceCount", "Datapoints": [point] if used else []}


ANSWERS = {
    "monitoring:GetMetricStatistics": _usage,
    "servicequotas:GetAWSDefaultServiceQuota": _default,
    "servicequotas:GetServiceQuota": _quota,
}
