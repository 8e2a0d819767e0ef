"""CloudTrail: the trails of all configured regions, whether they log, what, and how long their buckets keep it."""

from datetime import datetime
from functools import partial
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, one, proven_empty, record_part
from kushim_pipeline.collect.aws.s3 import read_lifecycle
from kushim_pipeline.evidence.receipt import Reason

_SELECTORS = ("EventSelectors", "AdvancedEventSelectors")


def read_trails(account: Account, region: str, sinks: Sinks) -> None:
    """The trails, then status and selectors of each in its home region.

    A multi-region or organisation trail shows in every region as a shadow; it is recorded once, by its ARN.
    """
    whole = [*sinks.values()]
    found: dict[str, dict[str, Any]] = {}
    if not account.regions:
        for sink in whole:
            sink.problem(Reason.NOT_COLLECTED, "DescribeTrails", "none of the configured regions can be read")
    for place in account.regions:
        for trail, evidence in listing(
            account, place, whole, "cloudtrail", "DescribeTrails", "trailList", includeShadowTrails=True
        ):
            arn = trail.get("TrailARN") or ""
            if arn in found:
                continue
            if arn:
                found[arn] = trail
            for sink in pick(sinks, "aws.cloudtrail_trail"):
                sink.record(arn, trail, evidence=evidence)
    each(account, lambda trail: _read_trail(account, region, sinks, trail), found.values())
    lifecycle = sinks.get("aws.s3_bucket_lifecycle")
    if lifecycle is not None:
        proven_empty([lifecycle], "DescribeTrails names no trail that writes to a bucket")
        buckets = sorted({name for trail in found.values() if (name := trail.get("S3BucketName"))})
        each(account, lambda bucket: read_lifecycle(account, region, lifecycle, bucket), buckets)


def _read_trail(account: Account, region: str, sinks: Sinks, trail: dict[str, Any]) -> None:
    arn, home = trail["TrailARN"], trail.get("HomeRegion") or region
    for stream, operation, key, body in (
        ("aws.cloudtrail_trail_status", "GetTrailStatus", "Name", partial(_status, account.now)),
        ("aws.cloudtrail_event_selectors", "GetEventSelectors", "TrailName", _selectors),
    ):
        wanted = pick(sinks, stream)
        if wanted:
            answer = one(account, home, wanted, arn, "cloudtrail", operation, **{key: arn})
            record_part(wanted, arn, answer, body)


def _status(now: datetime, answer: Answer) -> dict[str, Any]:
    answer.want("IsLogging", bool)
    return dict(steady("aws.cloudtrail_trail_status", answer.body, now))


def _selectors(answer: Answer) -> dict[str, Any]:
    found = {key: answer.body[key] for key in _SELECTORS if isinstance(answer.body.get(key), list)}
    if not found:
        raise ReadFailed(Reason.INCOMPLETE, "the answer has neither kind of selectors")
    return found
