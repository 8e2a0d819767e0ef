"""The system log of the stand-in: which events a query asks for.

Source: Okta, "System Log API": a query in ascending order without `until` is a poll, whose next link never ends.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from kushim_pipeline.sandbox.okta.model import Event

RETENTION = timedelta(days=90)
_TERM = re.compile(r'\(?\s*eventType\s+(eq|sw)\s+"([^"]*)"\s*\)?')
_OR = re.compile(r"\s+or\s+", re.IGNORECASE)


class BadQuery(ValueError):
    """What the query says is not understood."""


def moment(text: str) -> datetime:
    """An ISO 8601 time. Raises BadQuery."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuery(text) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def asked_for(events: Sequence[Event], query: Mapping[str, str], now: datetime) -> list[Event]:
    """The events of a query in its order. In: events in the order of `published`. Raises BadQuery."""
    wanted = _filter(query.get("filter", ""))
    since = moment(query["since"]) if query.get("since") else now - timedelta(days=7)
    until = moment(query["until"]) if query.get("until") else None
    since = max(since, now - RETENTION)
    times = [moment(event.published) for event in events]
    begin = bisect_left(times, since)
    end = bisect_left(times, until) if until else len(times)
    found = [event for event in events[begin:end] if not wanted or any(_fits(event.type, *term) for term in wanted)]
    return found[::-1] if query.get("sortOrder", "ASCENDING") == "DESCENDING" else found


def is_poll(query: Mapping[str, str]) -> bool:
    """Whether the query has no end."""
    return not query.get("until") and query.get("sortOrder", "ASCENDING") == "ASCENDING"


def _filter(text: str) -> list[tuple[str, str]]:
    terms = []
    for part in _OR.split(text.strip()) if text else ():
        found = _TERM.fullmatch(part.strip())
        if not found:
            raise BadQuery(text)
        terms.append((found[1], found[2]))
    return terms


def _fits(kind: str, operator: str, value: str) -> bool:
    return kind == value if operator == "eq" else kind.startswith(value)
