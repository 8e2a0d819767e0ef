"""`github.audit_event`: what was done in the organisation, by its audit log. GET /orgs/{org}/audit-log

Each reading goes on where the last one ended, an hour earlier, since events may come late; what comes again is the
same record, by its `_document_id`. Clones and fetches, most of the log, are passed over. GitHub keeps 180 days: an
older event leaves the population, and not the evidence. Source: GitHub REST, "Get the audit log for an organization"
(Enterprise Cloud); "Reviewing the audit log", created:>=.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.changed import now
from kushim_pipeline.collect.github.listed import by_cursor, of_plan
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import Walk, name_of, walk_list
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.http.reading import Reading, report
from kushim_pipeline.evidence.receipt import Reason

OPERATION = "GET /orgs/{org}/audit-log"
NEEDS = "the organisation permission Administration: read (classic: read:audit_log) of an owner; Enterprise Cloud"
WINDOW = timedelta(days=180)
OVERLAP = timedelta(hours=1)
PASSED_OVER = ("git.clone", "git.fetch")


def read(c: Collection, reading: Reading) -> None:
    """A record for each event."""
    at = now(reading)
    oldest = since = at - WINDOW
    c.may_shrink()
    before = c.before
    known: Mapping[str, str] = {}
    until = parsed(before.cursor.get("until")) if before else None
    if before and until and oldest < until <= at:
        c.build_on_before()
        since, known = until - OVERLAP, before.marks
        for name, mark in known.items():
            if (parsed(mark) or at) < oldest:
                c.gone(name)
    phrase = f"created:>={since.strftime('%Y-%m-%dT%H:%M:%S+00:00')}"
    parameters = {"phrase": phrase, "include": "all", "order": "asc"}
    walk = Walk(Call(OPERATION, f"/orgs/{reading.account}/audit-log", parameters, NEEDS))
    for page in walk_list(reading.client, c.keep, walk, _id, by_cursor(c.keep)):
        for item in page:
            happened = _time(item.body)
            mark = happened.isoformat() if happened else ""
            if item.body.get("action") in PASSED_OVER or (mark and known.get(item.id) == mark):
                continue  # the latter of the overlap: an event does not change
            c.record(item.id, item.body, evidence=item.evidence, observed_at=happened, mark=mark)
    for name, message in walk.quarantined:
        c.unreadable(name, Reason.QUARANTINED, OPERATION, message)
    for trouble in walk.problems:
        report(c, of_plan(reading, c.keep, trouble, "the audit log's interface"))
    if not walk.problems:
        c.set_cursor({"until": at.isoformat()})
        c.empty_is_proven(f"{OPERATION} lists all events or is denied")


def _id(event: dict[str, Any]) -> str | None:
    return name_of(event, "_document_id")


def _time(event: dict[str, Any]) -> datetime | None:
    stamp = event.get("@timestamp")
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 < stamp < 10**14:
        return None
    return datetime.fromtimestamp(stamp / 1000, UTC)
