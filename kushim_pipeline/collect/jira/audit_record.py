"""`jira.audit_record`: what was done to the site's settings, users and permissions. GET /auditing/record

Id: the record's number. A log: each reading adds what is newer than the newest record that was seen, and what is older
than a year leaves the population; so does nothing else, whatever Jira itself no longer keeps. Source: Atlassian, "Get
audit records": the newest first, at most 1,000 by offset and limit; only for who administers Jira.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import PageRead, Paging, Walk, walk_list
from kushim_pipeline.collect.http.recording import report_faults
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.issue_mark import when
from kushim_pipeline.collect.jira.listing import number
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.evidence.receipt import Reason

OPERATION = f"GET {API}/auditing/record"
NEEDS = "the global permission Administer Jira"
SIZE = 1000  # the most that Jira gives
OVERLAP = timedelta(hours=1)
WINDOW = timedelta(days=365)


def read(c: Collection, visit: Visit) -> None:
    """A record for each line of the log."""
    oldest = visit.now - WINDOW
    newest = when(c.before.cursor.get("newest")) if c.before else None
    c.may_shrink()
    since = oldest
    if c.before and newest:
        base = c.build_on_before()
        since = max(oldest, newest - OVERLAP)
        for name, mark in base.marks.items():
            moment = when(mark)
            if moment is None or moment < oldest:
                c.gone(name)
    walk = Walk(Call(OPERATION, f"{API}/auditing/record", {"from": _text(since)}, NEEDS))
    for page in walk_list(visit.client, c.keep, walk, _identity, Paging(_follow, ("limit", SIZE), "records")):
        for item in page:
            created = when(item.body.get("created"))
            if created is None:
                c.unreadable(item.id, Reason.QUARANTINED, OPERATION, "the record does not say when it was made")
                continue
            newest = max(created, newest or created)
            c.record(item.id, item.body, evidence=item.evidence, mark=created.astimezone(UTC).isoformat())
    report_faults(c, walk)
    if not walk.problems:
        c.empty_is_proven(f"{OPERATION} answers who administers Jira, and nobody else")
    if newest is not None and not visit.reading.sample:
        # A clock that is ahead must not make us overlook what comes later by the right one.
        c.set_cursor({"newest": min(newest, visit.now).astimezone(UTC).isoformat()})


def _follow(_: Client, page: PageRead, walk: Walk) -> Call | None:
    """What comes after a page: records that are made meanwhile would shift the list, so the further pages end at the
    newest record of the first one."""
    begun = int(page.call.parameters.get("offset", "0"))
    total, limit = number(page.rest.get("total")), number(page.rest.get("limit")) or SIZE
    end = begun + page.count
    if number(page.rest.get("offset")) not in (None, begun):
        raise walk.wrong(Reason.INCOMPLETE, f"the page from {begun} was asked for, and another one came")
    # `total` is "the number of audit items returned": of the page, or of all. A full page is never taken for the end.
    if page.count and (page.count >= limit or (total is not None and end < total)):
        newest = [moment for item in walk.taken if (moment := when(item.body.get("created")))]
        until = {"to": _text(max(newest) + timedelta(seconds=1))} if newest and not begun else {}
        return replace(page.call, parameters={**page.call.parameters, **until, "offset": str(end)})
    if total is not None and end < total:
        raise walk.wrong(Reason.INCOMPLETE, f"Jira declares {total} and the list ended after {end}")
    return None


def _identity(record: dict[str, Any]) -> str | None:
    value = record.get("id")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
