"""The sandbox's service quotas, and how much of each is used. Pure."""

from kushim_pipeline.sandbox.aws_asked import Answer, Asked

_NAMES = {
    "L-1216C47A": ("ec2", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 64.0),
    "L-7B6409FD": ("rds", "DB instances", 40.0),
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
    service, name, value = _NAMES[code]
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
        }
    }


def _usage(asked: Asked) -> Answer:
    """What the region's resources come to. CloudWatch has no point for nothing."""
    processors = _PROCESSORS * (len(asked.here.instances) + 2 * len(asked.here.scaling_groups))
    counts = {"vCPU": processors, "DBInstances": len(asked.here.databases)}
    day = asked.days_ago(1).timestamp()
    results = []
    for query in asked.given["MetricDataQueries"]:
        dimensions = query["MetricStat"]["Metric"]["Dimensions"]
        (resource,) = (found["Value"] for found in dimensions if found["Name"] == "Resource")
        points = [float(counts[resource])] if counts[resource] else []
        times = [day] * len(points)
        result = {"Id": query["Id"], "Label": resource, "Timestamps": times, "Values": points}
        results.append({**result, "StatusCode": "Complete"})
    return {"MetricDataResults": results, "Messages": []}


ANSWERS = {
    "monitoring:GetMetricData": _usage,
    "servicequotas:GetAWSDefaultServiceQuota": _default,
    "servicequotas:GetServiceQuota": _quota,
}
