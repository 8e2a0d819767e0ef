"""`okta.event`: the system log of the last 90 days, as far as checks need it. GET /api/v1/logs

Each reading goes on where the last one ended, an hour earlier, since events may be published late; who comes again is
the same record, by its uuid. The end is fixed before the first page, without which Okta's next links never end. Okta
keeps about 90 days: an event that is older leaves the population, and not the evidence. Source: Okta, "System Log API",
"Event types".
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.listing import Walk, walk_list
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import report_faults
from kushim_pipeline.collect.okta.changes import (
    NEEDS,
    OPERATION,
    OVERLAP,
    WINDOW,
    by_uuid,
    log_call,
    moment,
    read_until,
    written,
)

KINDS = (
    "user.lifecycle.",
    "user.account.privilege.",
    "user.mfa.factor.",
    "group.user_membership.",
    "group.privilege.",
    "group.lifecycle.",
    "group.application_assignment.",
    "application.user_membership.",
    "application.lifecycle.",
    "application.provision.user.deactivate",
    "policy.lifecycle.",
    "policy.rule.",
    "iam.",
    "system.api_token.",
    "zone.",
    "security.authenticator.lifecycle.",
)
"""Events that checks judge or are reconciled with. Sign-ins are not among them: they are most of the log."""

__all__ = ["KINDS", "NEEDS", "read"]


def read(c: Collection, reading: Reading) -> None:
    """A record for each event, its id the uuid."""
    now = moment(reading, c.keep)
    oldest = now - WINDOW
    since = covered = oldest
    c.may_shrink()
    before = c.before
    until = read_until(before) if before else None
    known: Mapping[str, str] = {}
    if before and until and oldest < until <= now:
        c.build_on_before()
        since = max(oldest, until - OVERLAP)
        covered = max(oldest, parsed(before.cursor.get("since")) or since)
        known = before.marks
        for uuid, published in known.items():
            if (parsed(published) or now) < oldest:
                c.gone(uuid)
    call, paging = log_call(reading, KINDS, since, now)
    walk = Walk(call)
    for page in walk_list(reading.client, c.keep, walk, by_uuid, paging):
        for item in page:
            at = _published(item.body)
            mark = written(at) if at else ""
            if mark and known.get(item.id) == mark:
                continue  # of the overlap: an event does not change
            c.record(item.id, item.body, evidence=item.evidence, observed_at=at, mark=mark)
    report_faults(c, walk)
    if not walk.problems:
        c.set_cursor({"since": written(covered), "until": written(now)})
        c.empty_is_proven(f"{OPERATION} lists all events of these kinds or is denied")


def _published(event: dict[str, Any]) -> datetime | None:
    return parsed(event.get("published"))
