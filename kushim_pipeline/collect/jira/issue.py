"""`jira.issue`: every issue of the projects that matter, with all its fields. Id: the issue's key

Read whole, each project is a list of its own. As a delta, one list holds what was changed since the newest change that
was seen. Either way Jira is asked how many issues there are: where the numbers differ after a delta, the keys alone are
read (5,000 a page), which shows what was deleted, moved or hidden meanwhile. Once a week everything is read again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.listing import Item, Walk
from kushim_pipeline.collect.http.reading import report, unexpected
from kushim_pipeline.collect.jira import issue_search as jql
from kushim_pipeline.collect.jira.issue_mark import mark_of, newest, read_mark, when
from kushim_pipeline.collect.jira.project import in_scope
from kushim_pipeline.collect.jira.site import may_browse, zone
from kushim_pipeline.collect.jira.visit import Issues, Visit
from kushim_pipeline.collect.record import Packed, pack
from kushim_pipeline.evidence.json_door import canonical
from kushim_pipeline.evidence.receipt import Reason

NEEDS = jql.NEEDS
_STREAM = "jira.issue"
OVERLAP = timedelta(minutes=15)
"""Jira's index may be behind its issues: a delta begins so long before a change that was as new when it was seen."""
MINUTE, CROWD = timedelta(minutes=1), 200
"""JQL knows no seconds: a minute with so many changes, as of an import, is not read again once it has settled."""
CHUNK = 100
"""Issues that are asked for by their keys at a time."""


@dataclass
class _Found:
    """What one reading of issues has found so far; its threads share it. `fields`: what of each issue is asked for: all
    of them are recorded, fewer are only looked at. `marks`: of the issues that are known; `broken`: keys of those that
    are not JSON that every engine reads alike; `doubts`: what the collection itself finds wrong in the end; `newest`:
    the last change that was seen; `read_at`: when the reading began, by Jira's clock."""

    c: Collection
    visit: Visit
    fields: tuple[str, ...] = jql.ALL
    marks: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    troubles: list[Unread] = field(default_factory=list)
    newest: datetime | None = None
    read_at: datetime | None = None
    doubts: list[Unread] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def take(self, walk: Walk) -> None:
        """Read a list of issues to its end. Raises nothing for what the vendor does."""
        wanted = _packed if self.fields == jql.ALL else _marked
        for page in jql.pages(self.visit, self.c.keep, walk, wanted):
            marks = {row.id: row.mark for row in page}
            if self.fields == jql.ALL:
                self.c.record_many(page)
            changed = newest(marks.values())
            with self.lock:
                self.marks |= marks
                self.newest = max((moment for moment in (changed, self.newest) if moment), default=None)
        for key, message in walk.quarantined:
            self.c.unreadable(key, Reason.QUARANTINED, jql.SEARCH, message)
        with self.lock:
            self.broken |= {key for key, _ in walk.quarantined}
            self.troubles += walk.problems

    def projects(self, keys: Sequence[str]) -> None:
        """Read projects whole, several at a time."""

        def one(key: str) -> None:
            try:
                walk = jql.search(jql.in_project(key), self.fields)
                self.take(walk)
                if not walk.ids and not walk.problems and not may_browse(self.visit, self.c.keep, key):
                    message = f"project {key} shows no issues, and the token is not known to see any; it needs {NEEDS}"
                    self.troubles.append(Unread(Reason.DENIED, jql.SEARCH, message))
            except Unread as trouble:
                self.troubles.append(trouble)
            except OSError:
                raise  # the evidence store cannot be written: no project's matter
            except Exception as error:  # noqa: BLE001 # a fault of ours in one project leaves the others standing
                self.troubles.append(unexpected(jql.SEARCH, error))

        list(self.visit.reading.pool.map(one, keys))

    def count(self, keys: Sequence[str]) -> int | None:
        """How many issues Jira says there are; None, and a trouble, where it does not."""
        try:
            told, at = jql.count(self.visit, self.c.keep, keys)
            self.read_at = self.read_at or at
        except Unread as trouble:
            said = f"the list cannot be proven whole: {trouble.message}"
            self.troubles.append(Unread(trouble.reason, trouble.operation, said))
            return None
        return told

    def declare(self, keys: Sequence[str], before: int | None, population: int) -> None:
        """Hold what is known against Jira's count, which moves while issues are made and deleted."""
        after = before if before in (None, population) else self.count(keys)
        if before is None or after is None:
            return
        if before != after and min(before, after) <= population <= max(before, after):
            self.c.declare(population, f"{jql.COUNT}, {before} before and {after} after the reading,")
        else:
            self.c.declare(after, jql.COUNT)
            if after != population:
                message = f"{jql.COUNT} declares {after} issues, {population} are known"
                self.doubts.append(Unread(Reason.INCOMPLETE, jql.COUNT, message))


def _packed(item: Item) -> Packed:
    return pack(*item, mark=mark_of(item.body))


def _marked(item: Item) -> Packed:
    return Packed(item.id, b"", "", mark_of(item.body))


def read(c: Collection, visit: Visit) -> None:
    """A record for each issue; the marks of all that are known are left for the changelogs."""
    started = visit.now
    found = _Found(c, visit)
    projects, found.troubles = in_scope(visit, c.keep)
    keys = [item.id for item in projects]
    if not keys and not found.troubles:
        found.troubles.append(Unread(Reason.INCOMPLETE, jql.SEARCH, "there is no project whose issues could be read"))
    swept_at = visit.swept_at(c.before)
    since = _since(c, visit) if swept_at else None
    if visit.reading.sample:
        found.projects(keys[:1])
    elif since is None:
        swept_at = started
        _read_whole(found, keys)
    else:
        _read_changes(found, keys, *since)
    for trouble in found.troubles:
        report(c, trouble)
    visit.issues = Issues(found.marks, (*found.troubles, *found.doubts))
    before = when(c.before.cursor.get("updated")) if c.before and since else None
    last = max((moment for moment in (found.newest, before) if moment), default=None)
    if last and swept_at and found.read_at:
        moments = {"updated": min(last, found.read_at), "read_at": found.read_at, "swept_at": swept_at}
        c.set_cursor({**{name: moment.isoformat() for name, moment in moments.items()}, "projects": keys})


def known(c: Collection, visit: Visit) -> Issues:
    """The issues that are there, for the changelogs: as `jira.issue` found them in this run, or by a list of their keys
    and states. What it is taken from is kept in either case: a receipt stands alone."""
    if visit.issues is not None:
        _keep(c, visit.issues)
    elif (kept := _kept(visit)) is not None:
        visit.issues = kept
    else:
        found = _Found(c, visit, jql.ONLY_MARKS)
        projects, found.troubles = in_scope(visit, c.keep)
        found.projects([item.id for item in projects][: 1 if visit.reading.sample else None])
        visit.issues = Issues(found.marks, tuple(found.troubles))
    return visit.issues


def _keep(c: Collection, issues: Issues) -> None:
    """Keep what another collection of this run found, as if it were an answer."""
    troubles = [(trouble.reason, trouble.operation, trouble.message) for trouble in issues.troubles]
    told = {"stream": _STREAM, "troubles": json.dumps(troubles)}
    c.keep(canonical(dict(issues.marks)), operation=_STREAM, parameters=told, status=200)


def _kept(visit: Visit) -> Issues | None:
    """What was kept so, where answers that were kept are read again."""
    tape = visit.client.pace.tape
    if tape is None:
        return None
    for page in tape.of(_STREAM):
        troubles = json.loads(page.parameters["troubles"])
        return Issues(json.loads(tape.bytes_of(page)), tuple(Unread(Reason(row[0]), *row[1:]) for row in troubles))
    return None


def _read_whole(found: _Found, keys: Sequence[str]) -> None:
    before = found.count(keys) if keys else None
    found.projects(keys)
    found.declare(keys, before, len(found.marks.keys() | found.broken))


def _read_changes(found: _Found, keys: Sequence[str], since: datetime, zone: ZoneInfo) -> None:
    c, base = found.c, found.c.build_on_before()
    read_before = [key for key in keys if key in base.cursor["projects"]]
    mine = set(keys)
    found.marks = {name: mark for name, mark in base.marks.items() if _project(name) in mine}
    unread = {name for name in base.unread if _project(name) in mine}
    if not found.troubles:  # else a project may only seem to be out of scope
        for name in (base.marks.keys() | base.unread) - found.marks.keys() - unread:
            c.gone(name)
    before = found.count(keys) if keys else None
    changed: set[str] = set()
    if read_before:
        walk = jql.search(jql.changed_since(read_before, since, zone), found.fields)
        found.take(walk)
        changed = walk.ids
    found.projects([key for key in keys if key not in read_before])
    _take_named(found, sorted(unread - changed), quiet=True)
    population = found.marks.keys() | found.broken | unread
    if before is not None and before != len(population) and not found.troubles:
        there = _keys(found, keys)
        if there is not None:
            c.only(there)
            found.marks = {name: mark for name, mark in found.marks.items() if name in there}
            _take_named(found, sorted(there - population))
            population = there
    found.declare(keys, before, len(population))


def _keys(found: _Found, projects: Sequence[str]) -> set[str] | None:
    """The keys of all issues; None, and a trouble, where they are not known."""
    walk = jql.search(f"{jql.in_projects(projects)} ORDER BY key ASC", jql.ONLY_KEYS, jql.KEYS_PAGE)
    for _ in jql.pages(found.visit, found.c.keep, walk, _marked):
        pass  # their ids gather in the walk
    found.troubles += walk.problems
    return None if walk.problems else walk.ids


def _take_named(found: _Found, names: Sequence[str], *, quiet: bool = False) -> None:
    """Read issues by their keys. Quietly: that they cannot be read is known already."""
    for begin in range(0, len(names), CHUNK):
        troubles = list(found.troubles)
        found.take(jql.search(jql.named(names[begin : begin + CHUNK]), found.fields))
        if quiet:
            found.troubles = troubles


def _since(c: Collection, visit: Visit) -> tuple[datetime, ZoneInfo] | None:
    """From when on changes are to be read, and the zone to tell it in; None where that is not known."""
    cursor = c.before.cursor if c.before else {}
    last, read_at = when(cursor.get("updated")), when(cursor.get("read_at"))
    if c.before is None or last is None or read_at is None or not isinstance(cursor.get("projects"), list):
        return None
    try:
        told = zone(visit, c.keep)
    except Unread:
        return None  # everything is read then, which needs no zone
    since = last - OVERLAP
    if last <= read_at - OVERLAP:
        # All that had been changed up to then was in the index when it was read.
        since = last.replace(second=0, microsecond=0)
        changes = [moment for mark in c.before.marks.values() if (moment := _updated(mark))]
        if sum(since <= moment < since + MINUTE for moment in changes) > CROWD:
            since += MINUTE
    return (since, told) if told else None


def _updated(mark: str) -> datetime | None:
    taken = read_mark(mark)
    return when(taken.updated) if taken else None


def _project(key: str) -> str:
    return key.rpartition("-")[0]
