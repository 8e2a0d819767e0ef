"""Which repositories a reading asks for that takes a call for each.

Those that changed by the list of repositories (pushed to, settings, another default branch), those that could not be
read before, and those whose last reading is a day old: not everything shows in the list. A mark holds what the list
said and when the repository was read.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.repository import readable, repositories
from kushim_pipeline.collect.http.listing import Item
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import each

A_DAY = timedelta(hours=20)
"""For runs that are not a day apart to the minute."""


def now(reading: Reading) -> datetime:
    """What time it is, the same for all streams of a run."""
    pace = reading.client.pace
    return reading.once("now", lambda _: datetime.fromtimestamp(pace.now(), UTC)).get(_keep_nothing)


def stamp(repository: Item) -> str:
    """What the list says of when a repository changed."""
    body = repository.body
    return f"{body.get('pushed_at')} {body.get('updated_at')} {body.get('archived')} {body.get('default_branch')}"


def each_repository(c: Collection, reading: Reading, operation: str, one: Callable[[Item, str], None]) -> None:
    """Do `one` for every repository that is to be read, with the mark for its record."""
    listed = readable(c, reading)
    listing = repositories(reading, c.keep)
    names = [item.id for item in listed] + [name for name, _ in listing.quarantined]
    each_changed(c, reading, operation, listed, stamp, one, None if listing.problems else names)


def each_changed(
    c: Collection,
    reading: Reading,
    operation: str,
    listed: Iterable[Item],
    shown: Callable[[Item], str],
    one: Callable[[Item, str], None],
    names: Iterable[str] | None,
) -> None:
    """Do `one` for every listed item that is to be read, several at a time. What fails for one is noted for it alone.

    In: what the list shows of an item's state, and the names of all that there are, None where they are not known.
    """
    everything = list(listed)
    at = now(reading)
    chosen = everything
    before = c.before
    if before is not None and not reading.sample:
        c.build_on_before()
        chosen, oldest = [], at
        for item in everything:
            seen, _, read_at = before.marks.get(item.id, "").rpartition(" @ ")
            since = parsed(read_at)
            if seen != shown(item) or since is None or item.id in before.unread or at - since >= A_DAY:
                chosen.append(item)
            else:
                oldest = min(oldest, since)
        c.proven(oldest)
        if names is not None:
            c.only(names)

    each(c, reading, operation, chosen, lambda item: one(item, f"{shown(item)} @ {at.isoformat()}"))


def _keep_nothing(body: bytes, **_: object) -> str:
    return ""
