"""Logs that AWS forgets: what the root user did, and who stopped or weakened the audit trail; and how logs are read on.

A log is a delta for ever. Each reading goes on a little before the last one ended, since entries come late or still
change; what comes again is the same record by its id. An entry that is older than the log's window leaves the
population, and not the evidence.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import pages, proven_empty
from kushim_pipeline.collect.aws.times import instant
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.evidence.json_door import BadJson, decode
from kushim_pipeline.evidence.receipt import Reason

# Event history holds the management events of 90 days, trail or no trail (user guide, "Working with CloudTrail event
# history"). Events are there within minutes as a rule; a day more costs no call more.
WINDOW = timedelta(days=90)
OVERLAP = timedelta(days=1)
CALLS_A_SECOND = 2
"""For an account in a region (API reference of LookupEvents)."""
_OPERATION = "LookupEvents"
# One attribute a call is all that LookupEvents takes.
LOOKUPS = (
    ("Username", "root"),
    ("EventName", "StopLogging"),
    ("EventName", "DeleteTrail"),
    ("EventName", "UpdateTrail"),
    ("EventName", "PutEventSelectors"),
)


def open_log(sink: Collection, now: datetime, kept: timedelta, overlap: timedelta, asked: str = "") -> datetime:
    """Begin to read a log: a delta where the last reading can be gone on from, else its whole window.

    In: how long an entry stays in the population, how much is read again, and what is asked for, which must be the same
    as the last time. Entries carry their time as their mark. Out: from when on to read.
    """
    oldest = now - kept
    before = sink.before
    sink.may_shrink()
    sink.set_cursor({"until": written(now), "asked": asked})
    until = instant(before.cursor.get("until")) if before else None
    # An entry that could not be read may lie anywhere: then the whole window is read again.
    if before is None or until is None or before.unread or before.cursor.get("asked") != asked:
        return oldest
    if not oldest < until <= now:
        return oldest
    sink.build_on_before()
    for name, mark in before.marks.items():
        if (instant(mark) or now) < oldest:
            sink.gone(name)
    return max(oldest, until - overlap)


def written(moment: datetime) -> str:
    """A time as AWS takes it and as a mark: RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_events(account: Account, region: str, sinks: Sinks) -> None:
    """The management events of the region that checks judge, from CloudTrail's event history."""
    sink = sinks["aws.cloudtrail_event"]
    now = account.now
    asked = " ".join(f"{key}={value}" for key, value in LOOKUPS)
    since = open_log(sink, now, WINDOW, OVERLAP, asked)
    met: set[str] = set()
    for key, value in LOOKUPS[:1] if account.pace.sample else LOOKUPS:
        found: set[str] = set()
        try:
            for answer in _lookup(account, region, sink, {"AttributeKey": key, "AttributeValue": value}, since, now):
                for event in answer.want("Events", list):
                    name = event.get("EventId") or ""
                    found.add(name)
                    if not name or name not in met:
                        _record(sink, name, event, answer.evidence)
        except ReadFailed as failed:
            sink.problem(failed.reason, _OPERATION, f"cloudtrail in {region}, {key} {value}: {failed.message}")
        met |= found
    proven_empty([sink], f"{_OPERATION} in {region} names no such event since {written(since)}")


def _lookup(
    account: Account, region: str, sink: Collection, wanted: Mapping[str, str], since: datetime, until: datetime
) -> Iterator[Answer]:
    """The pages of one lookup, each call after a pause that keeps the connection's share of AWS's limit."""
    asked: dict[str, Any] = {
        "LookupAttributes": [wanted],
        "StartTime": written(since),
        "EndTime": written(until),
    }
    answers = pages(account, region, [sink], "cloudtrail", _OPERATION, **asked)
    while True:
        account.pace.clockwork.wait(1 / (CALLS_A_SECOND * account.pace.share))
        answer = next(answers, None)
        if answer is None:
            return
        yield answer


def _record(sink: Collection, name: str, event: Mapping[str, Any], evidence: str) -> None:
    """The event with its record, which AWS gives as a text, as JSON."""
    at = instant(event.get("EventTime"))
    try:
        body = {**event, "CloudTrailEvent": decode(str(event.get("CloudTrailEvent") or "").encode())}
    except BadJson as error:
        why = f"the event is not JSON to be trusted: {error}"
        if name:
            sink.unreadable(name, Reason.QUARANTINED, _OPERATION, why)
        else:
            sink.problem(Reason.QUARANTINED, _OPERATION, why)
        return
    sink.record(name, body, evidence=evidence, observed_at=at, mark=written(at) if at else "")
