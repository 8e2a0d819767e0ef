"""`jira.issue_changelog`: how each issue became what it is. POST /changelog/bulkfetch

Id: the issue's key; body {"histories": [...]}, in the order of Jira. Read are the issues whose mark is another one than
at the last reading. Source: Atlassian, "Bulk fetch changelogs": at most 1,000 issues a call; histories of all of them
by date, so that an issue's are spread over pages, and an issue without any is not named; `created` in milliseconds.
There is no total. So it is held against the issue itself: the states that its status went through must follow each
other and end at the one it has. What does not fit is read alone, with a total (GET /issue/{key}/changelog).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, NamedTuple

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Unread
from kushim_pipeline.collect.http.listing import Item, Walk, name_of, read_list, walk_as
from kushim_pipeline.collect.http.reading import report, unexpected
from kushim_pipeline.collect.jira.dialect import API
from kushim_pipeline.collect.jira.issue import NEEDS, known
from kushim_pipeline.collect.jira.issue_mark import MOVED, STILL, Mark, read_mark, when
from kushim_pipeline.collect.jira.listing import Numbered, by_token
from kushim_pipeline.collect.jira.visit import Visit
from kushim_pipeline.collect.record import Packed, pack
from kushim_pipeline.evidence.json_door import canonical, decode
from kushim_pipeline.evidence.receipt import Reason

BULK, ALONE = f"POST {API}/changelog/bulkfetch", f"GET {API}/issue/{{issueIdOrKey}}/changelog"
CHUNK, PAGE = 1_000, 10_000  # issues a call, and histories a page: the most that Jira takes
SURE_PAGE = 1_000  # its default, for where it takes no more
PAGE_ALONE = 100
MOST_ALONE = 20
"""So many issues are read alone in one run."""
MOST_BROKEN = 2
"""After so many calls that failed for all their issues the issues are no longer named one by one."""

Step = tuple[Any, Any, Any]
"""A change of an issue's status: from which, to which, when."""


class _Changes(NamedTuple):
    """An issue's changelog as the bulk call gives it. `histories`: so `many` of them, each in its canonical form, with
    commas between. `shown`: as in an Item."""

    histories: bytes = b""
    many: int = 0
    steps: tuple[Step, ...] = ()
    shown: bool = True

    def then(self, later: "_Changes") -> "_Changes":
        """These and the later ones."""
        if not self.many or not later.many:
            return self if self.many else later
        histories = b"%b,%b" % (self.histories, later.histories)
        return _Changes(histories, self.many + later.many, self.steps + later.steps, self.shown and later.shown)


@dataclass
class _Run:
    """`left`: how many issues may still be read alone; `confirmed`, `refuted`: how often that showed the bulk answer to
    be whole or not; `page`: histories a page; `broken`: how many calls failed for all their issues."""

    c: Collection
    visit: Visit
    marks: Mapping[str, str]
    left: int
    confirmed: int = 0
    refuted: int = 0
    page: int = PAGE
    broken: int = 0
    lock: Lock = field(default_factory=Lock)


def read(c: Collection, visit: Visit) -> None:
    """A record for each issue."""
    started = visit.now
    issues = known(c, visit)
    for trouble in issues.troubles:
        c.problem(trouble.reason, trouble.operation, f"the issues are not all known: {trouble.message}")
    wanted = sorted(issues.marks)
    swept_at = None if visit.reading.sample else visit.swept_at(c.before)
    if swept_at and not issues.troubles:
        base = c.build_on_before()
        c.only(issues.marks)
        wanted = [key for key in wanted if key in base.unread or base.marks.get(key) != issues.marks[key]]
    chunks = [wanted[begin : begin + CHUNK] for begin in range(0, len(wanted), CHUNK)]
    run = _Run(c, visit, issues.marks, MOST_ALONE, page=PAGE)
    visit.reading.side_by_side(lambda keys: _guarded(run, keys), chunks)
    if not visit.reading.sample:
        c.declare(len(issues.marks), "jira.issue")
        c.set_cursor({"swept_at": (swept_at or started).isoformat()})


def _guarded(run: _Run, keys: Sequence[str]) -> None:
    try:
        _read_together(run, keys)
    except OSError:
        raise  # the evidence store cannot be written: no issue's matter
    except Exception as error:  # noqa: BLE001 # a fault of ours in one call leaves the others standing
        _all_unread(run, keys, unexpected(BULK, error))


def _read_together(run: _Run, keys: Sequence[str]) -> None:
    """Read the changelogs of issues with one call and its further pages."""
    marks = {key: read_mark(run.marks[key]) for key in keys}
    by_id = {mark.id: key for key, mark in marks.items() if mark}
    for key in (key for key in keys if marks[key] is None):
        run.c.unreadable(key, Reason.QUARANTINED, BULK, "the issue has no id, status or time of its last change")
    if not by_id:
        return
    told = _fetch(run, by_id, run.page)
    if told.size_refused:
        run.page = SURE_PAGE
        told = _fetch(run, by_id, SURE_PAGE)
    if told.walk.problems:
        _all_unread(run, list(told.found), told.walk.problems[0])
        return
    poisonous = {by_id[name.partition(" ")[0]]: message for name, message in told.walk.quarantined}
    for key, message in poisonous.items():
        run.c.unreadable(key, Reason.QUARANTINED, BULK, message)
    nothing = not any(changes.many for changes in told.found.values())
    rows: list[Packed] = []
    for key, changes in told.found.items():
        mark = marks[key]
        if mark is None or key in poisonous:
            continue
        doubt = _doubt(mark, changes, nothing=nothing)
        where = told.evidence.get(key, told.walk.evidence)
        if doubt:
            _judge(run, key, mark, changes, where, doubt)
        else:
            rows.append(pack(key, _body(changes.histories), where, changes.shown, mark=run.marks[key]))
    run.c.record_many(rows)


@dataclass(frozen=True)
class _Told:
    """What Jira told of issues: key -> changes, key -> the digest of the last page that has some of them."""

    walk: Walk
    found: dict[str, _Changes]
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def size_refused(self) -> bool:
        """Whether it answered nothing, perhaps because more was asked for at a time than it gives."""
        size = self.walk.first.body["maxResults"]
        return not self.walk.pages and size > SURE_PAGE and any(" 400" in each.message for each in self.walk.problems)


def _fetch(run: _Run, by_id: Mapping[str, str], size: int) -> _Told:
    """Ask for the changelogs of issues (id -> key), `size` histories a page."""
    body = {"issueIdsOrKeys": list(by_id), "maxResults": size}
    walk = Walk(Call(BULK, f"{API}/changelog/bulkfetch", {}, NEEDS, "POST", body))
    told = _Told(walk, dict.fromkeys(by_id.values(), _Changes()))
    numbers = count()

    def identity(element: dict[str, Any]) -> str | None:
        # An issue may come again on a later page, so it is told apart by a number.
        name = str(element.get("issueId"))
        return f"{name} {next(numbers)}" if name in by_id else None

    for page in walk_as(run.visit.client, run.c.keep, walk, identity, by_token("issueChangeLogs"), _changes):
        for name, evidence, changes in page:
            key = by_id[name.partition(" ")[0]]
            if changes is None:
                walk.quarantined.append((name, "its changelog is not a list of objects"))
                continue
            before = told.found[key]
            if before.many and changes.many and _ids(before) & _ids(changes):
                walk.problems.append(walk.wrong(Reason.INCOMPLETE, f"a history of {key} came twice: a page came again"))
            told.found[key], told.evidence[key] = before.then(changes), evidence
        if any(trouble.reason is Reason.INCOMPLETE for trouble in walk.problems):
            break
    return told


def _changes(item: Item) -> tuple[str, str, _Changes | None]:
    """What is wanted of an element of the bulk answer: its name, its page, and its changes where it has a list."""
    listed = item.body.get("changeHistories")
    if not isinstance(listed, list):
        return item.id, item.evidence, None
    steps: list[Step] = []
    for history in listed:
        if type(history) is not dict:
            return item.id, item.evidence, None
        for change in history.get("items") or ():
            if type(change) is dict and _field(change) == "status":
                steps.append((change.get("from"), change.get("to"), history.get("created")))
    return item.id, item.evidence, _Changes(canonical(listed)[1:-1], len(listed), tuple(steps), item.shown)


def _field(change: dict[str, Any]) -> Any:
    return change["fieldId"] if "fieldId" in change else change.get("field")


def _body(histories: bytes) -> bytes:
    return b'{"histories":[%b]}' % histories


def _ids(changes: _Changes) -> set[str]:
    return {str(history["id"]) for history in decode(b"[%b]" % changes.histories) if history.get("id")}


def _doubt(mark: Mark, changes: _Changes, *, nothing: bool) -> str:
    """Why a changelog is not known to be whole; empty where nothing speaks against it. In: whether the answer holds no
    history of any issue."""
    if nothing and mark.history != STILL:
        return "Jira gives no history, though the issue was changed"
    steps = changes.steps
    if not steps:
        return "Jira gives no change of its status, though that has changed" if mark.history == MOVED else ""
    if any(before is None or after is None for before, after, _ in steps):
        return ""  # told by their names alone, which change
    if any(before[1] != after[0] for before, after in zip(steps, steps[1:], strict=False)):
        return "the states that its status went through do not follow each other"
    if steps[-1][1] == mark.status:
        return ""
    last, updated = when(steps[-1][2]), when(mark.updated)
    if last is not None and updated is not None and last > updated:
        return ""
    return f"its status ends at {steps[-1][1]}, and the issue is at {mark.status}"


def _judge(run: _Run, key: str, mark: Mark, changes: _Changes, evidence: str, doubt: str) -> None:
    """Hold a doubtful changelog against what the issue's own call says. Where that has been done often enough, and has
    always come to the same, the doubts are the site's own way (an import leaves no history) and no loss."""
    with run.lock:
        run.left -= 1
        if run.left >= 0:
            _read_alone(run, key, mark, changes.many, doubt)
            return
        is_trusted = run.confirmed > 0 and not run.refuted
    if is_trusted:
        run.c.record(key, _body(changes.histories), evidence=evidence, mark=run.marks[key])
    else:
        message = f"{doubt}, and {MOST_ALONE} others were read alone already; the next run goes on"
        run.c.unreadable(key, Reason.INCOMPLETE, BULK, message)


def _read_alone(run: _Run, key: str, mark: Mark, told: int, doubt: str) -> None:
    """Read one issue's changelog by the call that tells how much there is of it."""
    call = Call(ALONE, f"{API}/issue/{mark.id}/changelog", {}, NEEDS)
    numbered = Numbered(PAGE_ALONE)
    listing = read_list(run.visit.client, run.c.keep, call, lambda found: name_of(found, "id"), numbered.paging)
    if listing.problems:
        report(run.c, listing.problems[0], key)
    elif listing.quarantined:
        run.c.unreadable(key, Reason.QUARANTINED, ALONE, listing.quarantined[0][1])
    elif numbered.total is None:
        run.c.unreadable(key, Reason.INCOMPLETE, ALONE, f"{doubt}, and read alone it has no total")
    else:
        if len(listing.items) == told:
            run.confirmed += 1
        else:
            run.refuted += 1
        alone = [item.body for item in listing.items]
        run.c.record(key, {"histories": alone}, evidence=listing.evidence, mark=run.marks[key])


def _all_unread(run: _Run, keys: Sequence[str], trouble: Unread) -> None:
    """Report that none of a call's issues was read: each by name, or, where that goes on, the stream as a whole."""
    with run.lock:
        run.broken += 1
        by_name = run.broken <= MOST_BROKEN
    if trouble.reason is Reason.DENIED or not by_name:
        report(run.c, trouble)
        return
    for key in keys:
        report(run.c, trouble, key)
