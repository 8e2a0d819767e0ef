"""What changed since the last reading, by Okta's own system log, and when all is to be read anew.

Source: Okta, "System Log API": a query with `since` and `until` is bounded; events may be published late, so that
readings overlap. A reading that relies on the log is as good as the log, therefore a full sweep reconciles from time to
time.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from kushim_pipeline.collect.before import Before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing, Paging, Walk, name_of, walk_list
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.http.patience import server_time
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import report_faults
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.listed import last_updated
from kushim_pipeline.collect.okta.organization import organization_answer
from kushim_pipeline.collect.okta.paging import linked
from kushim_pipeline.evidence.receipt import Reason

OPERATION = f"GET {API}/logs"
NEEDS = "the scope okta.logs.read (an API token: of a read-only administrator)"
WINDOW = timedelta(days=90)  # what Okta keeps
OVERLAP = timedelta(hours=1)
AGREES = 60.0  # seconds between two clocks, well within the overlap


def moment(reading: Reading, keep: Keep) -> datetime:
    """What time it is: by our clock if it agrees with Okta's, whose answers tell whole seconds only, else by Okta's,
    which its events bear. The same for all streams of a run, so that what they ask of the log is the same, too."""
    ours = reading.client.pace.now()
    try:
        theirs = server_time(organization_answer(reading, keep), ours)
    except Unread:
        theirs = ours
    now = ours if abs(ours - theirs) <= AGREES else theirs
    return reading.once("moment", lambda _: datetime.fromtimestamp(now, UTC)).get(keep)


def log_call(reading: Reading, kinds: Iterable[str], since: datetime, until: datetime) -> tuple[Call, Paging]:
    """A bounded query of the system log, oldest first. `kinds`: beginnings of event types (ending with a dot) or whole
    ones."""
    terms = [f'eventType {"sw" if kind.endswith(".") else "eq"} "{kind}"' for kind in kinds]
    parameters = {
        "since": written(since),
        "until": written(until),
        "sortOrder": "ASCENDING",
        "filter": " or ".join(terms),
    }
    return Call(OPERATION, f"{API}/logs", parameters, NEEDS), linked(reading.account, 1000, empty_ends=True)


def touched(reading: Reading, keep: Keep, kinds: Iterable[str], since: datetime) -> frozenset[str]:
    """The ids of all that events of these kinds name, from `since` less the overlap on. Raises Unread where the log
    could not be read whole: nothing is then known to be unchanged."""
    call, paging = log_call(reading, kinds, since - OVERLAP, moment(reading, keep))
    walk = Walk(call)
    found: set[str] = set()
    for page in walk_list(reading.client, keep, walk, by_uuid, paging):
        for item in page:
            found |= _named(item.body)
    if walk.problems:
        raise walk.problems[0]
    if walk.quarantined:
        raise walk.wrong(Reason.QUARANTINED, walk.quarantined[0][1])
    return frozenset(found)


def choose(
    c: Collection, reading: Reading, listing: Listing, there: list[Item], kinds: Iterable[str], interval: timedelta
) -> list[Item]:
    """Which resources are to be read now, of those that are there; makes the collection a delta where it can be one.

    In: the list that they stand in (its faults are reported), what may change them by the log, and after what time all
    are read anew. All are read, too, where the log cannot be.
    """
    report_faults(c, listing)
    now = moment(reading, c.keep)
    before, chosen, swept = c.before, there, now
    if before is not None and not reading.sample and not is_sweep_due(before, now, interval):
        try:
            named = touched(reading, c.keep, kinds, read_until(before) or now)
        except Unread:
            named = None
        if named is not None:
            c.build_on_before()
            if not listing.problems:
                c.only([*(item.id for item in there), *(name for name, _ in listing.quarantined)])
            chosen = [
                item
                for item in there
                if before.marks.get(item.id) != last_updated(item.body) or item.id in before.unread or item.id in named
            ]
            swept = parsed(before.cursor.get("swept_at")) or now
    c.set_cursor({"until": written(now), "swept_at": written(swept)})
    return chosen


def read_until(before: Before) -> datetime | None:
    """Up to when the last reading knew the log."""
    return parsed(before.cursor.get("until"))


def is_sweep_due(before: Before, now: datetime, interval: timedelta) -> bool:
    """Whether everything is to be read anew: the last time is longer ago than the interval, or is not known."""
    swept = parsed(before.cursor.get("swept_at"))
    until = read_until(before)
    return swept is None or until is None or now - swept >= interval or now - until >= WINDOW - OVERLAP


def by_uuid(event: dict[str, Any]) -> str | None:
    """An event's id in our records."""
    return name_of(event, "uuid")


def written(at: datetime) -> str:
    """A time as Okta writes it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _named(event: dict[str, Any]) -> set[str]:
    targets = event.get("target")
    several = [*targets, event.get("actor")] if isinstance(targets, list) else [event.get("actor")]
    return {each["id"] for each in several if isinstance(each, dict) and isinstance(each.get("id"), str)}
