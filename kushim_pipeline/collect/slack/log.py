"""Logs: what has happened since the last reading, added to what was read before.

A log is a delta for ever. Its cursor is the date of the newest entry; the next reading goes back to an hour before it,
because entries come late, and no further. An entry older than the log's window is no longer part of the population.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import Bad, envelope_of
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import MAX_PAGES
from kushim_pipeline.collect.http.reading import report
from kushim_pipeline.collect.record import Packed, pack
from kushim_pipeline.collect.slack.dialect import SLACK
from kushim_pipeline.collect.slack.listing import Part, after
from kushim_pipeline.evidence.receipt import Reason

OVERLAP = 3600
DAY = 86_400
_WRITER = json.JSONEncoder(sort_keys=True)
LAST_PAGE = 100
"""Slack gives no page after this one of a list with page numbers: `over_pagination_limit`."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Log:
    """How a log is read. `key`: where its list stands; `identity`, `date`: of an entry, None where it has none;
    `window`: days of the population, 0 for all that there is; `newest_first`: its order, which lets a reading stop;
    `before`: the parameter that asks for entries until a date, where page numbers come to their end."""

    key: str
    identity: Callable[[Entry], str | None]
    date: Callable[[Entry], int | None]
    window: int = 0
    newest_first: bool = True
    before: str = ""


class _Taken:
    """What a reading has seen so far. `since`: entries before it are not wanted; `new`: how many the last page added;
    `unread`: entries that could not be taken in, and their dates."""

    def __init__(self, since: int, unread: Mapping[str, int]) -> None:
        self.since = since
        self.ids: set[str] = set()
        self.unread = dict(unread)
        self.entries = 0
        self.new = 0
        self.newest = 0
        self.oldest: int | None = None
        self.is_ordered = True

    def date(self, date: int) -> None:
        if self.oldest is not None and date > self.oldest:
            self.is_ordered = False
        self.newest = max(self.newest, date)
        self.oldest = date if self.oldest is None else min(date, self.oldest)


def since(c: Collection, log: Log, now: int) -> int:
    """The date from which on entries are wanted: an hour before the newest known one, but not before the window."""
    known = _known(c)
    return max(_floor(log, now), known - OVERLAP) if known else _floor(log, now)


def read_log(c: Collection, client: Client, call: Call, log: Log, now: int) -> None:
    """Report the entries of a log since the last reading. In: the call for its first page, and the time."""
    c.may_shrink()
    taken = _Taken(since(c, log, now), _forget(c, log, now) if _known(c) else {})
    try:
        for part in _pages(client, c, call, log, taken):
            seen = len(taken.ids)
            rows = [_take(c, part, element, log, taken) for element in part.listed]
            c.record_many(row for row in rows if row)
            taken.new = len(taken.ids) - seen
            if log.newest_first and taken.is_ordered and taken.oldest is not None and taken.oldest < taken.since:
                break
            _check_new(call, part, taken)
    except Unread as trouble:
        report(c, trouble)
    if taken.entries and log.window:
        c.empty_is_proven(f"{call.operation}: the log has entries, and none of the last {log.window} days")
    # A date that is still to come would hide all that happens until then.
    newest = min(max(taken.newest, _known(c)), now)
    if newest > 0:
        c.set_cursor({"newest": newest, "unread": taken.unread})


def _known(c: Collection) -> int:
    """The date of the newest entry that is known; 0 at the first reading."""
    newest = c.before.cursor.get("newest") if c.before else None
    return newest if isinstance(newest, int) else 0


def _floor(log: Log, now: int) -> int:
    return now - log.window * DAY if log.window else 0


def _forget(c: Collection, log: Log, now: int) -> dict[str, int]:
    """Build on what was read before, without what is older than the window. Out: what could not be read, and is not."""
    before = c.build_on_before()
    floor = _floor(log, now)
    unread = {name: date for name, date in before.cursor.get("unread", {}).items() if name in before.unread}
    dates = {name: int(mark) for name, mark in before.marks.items() if mark.isdigit()} | unread
    for name, date in dates.items():
        if date < floor:
            c.gone(name)
    return {name: date for name, date in unread.items() if date >= floor}


def digest(*values: Any) -> str:
    """A short name for what an entry without an id says."""
    return hashlib.sha256(_WRITER.encode(values).encode()).hexdigest()[:16]


def seconds(value: Any) -> int | None:
    """A date of Slack's, which is a number of seconds or a text of one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        return int(value)
    return value if type(value) is int and 0 <= value < 10**12 else None


def _check_new(call: Call, part: Part, taken: _Taken) -> None:
    """Raise Unread for a page that has entries, and none that is new: there is no end to wait for."""
    if part.listed and not taken.new:
        raise Unread(Reason.INCOMPLETE, call.operation, "a page has only what earlier pages had: it came again")


def _take(c: Collection, part: Part, element: Any, log: Log, taken: _Taken) -> Packed | None:
    """An entry as a record, unless it was on an earlier page: a log grows at its head while it is read."""
    taken.entries += 1
    document = element.document if isinstance(element, Bad) else element
    name = log.identity(document) if isinstance(document, dict) else None
    date = log.date(document) if isinstance(document, dict) else None
    if name is None or date is None:
        message = element.message if isinstance(element, Bad) else "an entry has no usable id or date"
        c.problem(Reason.QUARANTINED, part.call.operation, message)
    elif name not in taken.ids:
        taken.ids.add(name)
        taken.date(date)
        if date < taken.since:
            return None
        if isinstance(element, Bad):
            taken.unread[name] = date
            c.unreadable(name, Reason.QUARANTINED, part.call.operation, element.message)
        else:
            taken.unread.pop(name, None)
            return pack(name, element, part.answer.evidence, mark=str(date))
    return None


def _pages(client: Client, c: Collection, first: Call, log: Log, taken: _Taken) -> Iterator[Part]:
    """The pages, by cursor or by number, as Slack answers. Raises Unread for whatever keeps the log from its end."""
    places: set[object] = set()
    total: int | None = None
    call: Call | None = first
    while call is not None:
        if client.place(call) in places or len(places) >= MAX_PAGES:
            raise Unread(Reason.INCOMPLETE, first.operation, "the pages lead in a circle, or do not end")
        places.add(client.place(call))
        answer = client.ask(call, c.keep)
        rest, listed = envelope_of(answer, call, SLACK, log.key)
        paging = _paging(rest, call)
        if total is None and paging:
            total = paging["total"]
        yield Part(call, answer, rest, listed)
        if client.pace.sample:
            return
        call = after(call, rest) or _next_number(first, call, paging, log, taken, bool(listed))
    if total is not None and taken.entries < total:
        message = f"Slack counts {total} entries, and the list ended after {taken.entries}"
        raise Unread(Reason.INCOMPLETE, first.operation, message)


def _paging(rest: Mapping[str, Any], call: Call) -> dict[str, int]:
    """Slack's page numbers; empty where the list has none. Raises Unread for another page than was asked for."""
    found = rest.get("paging")
    if not isinstance(found, dict):
        return {}
    paging = {key: found[key] for key in ("page", "pages", "total") if type(found.get(key)) is int}
    if len(paging) != 3:
        raise Unread(Reason.INCOMPLETE, call.operation, "the answer's paging lacks its numbers")
    wanted = call.parameters.get("page", "1")
    if str(paging["page"]) != wanted:
        raise Unread(
            Reason.INCOMPLETE, call.operation, f"Slack answered with page {paging['page']} instead of {wanted}"
        )
    return paging


def _next_number(
    first: Call, call: Call, paging: Mapping[str, int], log: Log, taken: _Taken, has_entries: bool
) -> Call | None:
    if not paging or paging["page"] >= paging["pages"]:
        return None
    if not has_entries:
        raise Unread(Reason.INCOMPLETE, call.operation, f"page {paging['page']} of {paging['pages']} is empty")
    parameters = {name: value for name, value in call.parameters.items() if name != "cursor"}
    if paging["page"] < LAST_PAGE:
        return replace(call, parameters={**parameters, "page": str(paging["page"] + 1)})
    if not log.before or taken.oldest is None:
        message = f"Slack gives {LAST_PAGE} pages of {paging['pages']} and no more"
        raise Unread(Reason.INCOMPLETE, call.operation, message)
    return replace(first, parameters={**first.parameters, log.before: str(taken.oldest)})
