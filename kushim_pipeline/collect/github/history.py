"""What happened on default branches, read by GraphQL for several repositories at once, each to its end.

A reading asks again only for repositories that changed by the list of repositories, could not be read before, or whose
last reading is a day old; of those it reads what is new. What it knows of a repository is in the cursor: what the list
said of it, when it was read, and its default branch. A record is forgotten once it leaves the window.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github.changed import A_DAY, now, stamp
from kushim_pipeline.collect.github.graphql import (
    GithubReading,
    Node,
    Part,
    Problem,
    Question,
    Step,
    TooMuch,
    ask_parts,
)
from kushim_pipeline.collect.github.graphql_page import dig, next_cursor, nodes_of, with_denied
from kushim_pipeline.collect.github.repository import readable, repositories
from kushim_pipeline.collect.http.call import Unread
from kushim_pipeline.collect.http.listing import MAX_PAGES, Item
from kushim_pipeline.collect.http.moment import parsed
from kushim_pipeline.collect.http.reading import report, unexpected
from kushim_pipeline.collect.record import Packed
from kushim_pipeline.evidence.receipt import Reason

WINDOW = timedelta(days=396)
"""Thirteen months: a year's audit, and the month in which it takes place."""
BATCH = 50
"""Repositories of one call, at most."""
DENIED = " denied"
"""How the mark of a record ends of which the token may not see all: it is asked for again, another token may."""
NODES = 250
"""Nodes of one call, of all its repositories: GitHub gives itself ten seconds for an answer."""
LARGEST = 50
"""Nodes of a page. The first page has one: it says how many there are, and GitHub's points are counted by what is asked
for, not by what there is."""


@dataclass
class Walk:
    """Where the reading of one repository stands.

    `window`: what happened earlier is not read; `since`: what changed earlier is known; `whole`: all is read anew;
    `known`: records of it that stand from before, with their marks (empty: it could not be read); `rows`: what the page
    that is being read had of them.
    """

    repository: Item
    window: datetime
    since: datetime
    whole: bool
    known: dict[str, str]
    size: int = 1
    most: int = LARGEST
    cursor: str | None = None
    pages: int = 0
    cursors: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    rows: list[Packed] = field(default_factory=list)
    new: int = 0
    total: int = 0
    ended: bool = False
    failed: bool = False

    @property
    def branch(self) -> str:
        """The default branch."""
        return str(self.repository.body.get("default_branch"))

    def meet(self, name: str, operation: str) -> None:
        """Note that a record was seen. Raises Unread for one that was seen before."""
        if name in self.seen:
            message = f"{name} was listed twice: the list moved or a page came again"
            raise Unread(Reason.INCOMPLETE, operation, message)
        self.seen.add(name)


@dataclass(frozen=True)
class History:
    """A kind of thing that happens on default branches.

    `part`: what asks for the next page of a repository; `path`: where in the answer its connection is; `take`: adds a
    node to the walk's rows, and says whether what follows may be new; `is_done`: whether a page was enough, whatever
    follows; `sign`: what stands between a repository and the rest of a record's id; `spares`: whether a node stands
    although a place in it is closed to the token.
    """

    question: Question
    part: Callable[[Walk], Part]
    path: tuple[str, ...]
    take: Callable[[Collection, GithubReading, Walk, dict[str, Any], Node], bool]
    is_done: Callable[[Walk], bool]
    sign: str
    spares: Callable[[tuple[Step, ...]], bool] = lambda _: False


def read_history(c: Collection, reading: GithubReading, history: History) -> None:
    """Record what is new of every repository. A repository that could not be read is unreadable by its own name."""
    listed = readable(c, reading)
    listing = repositories(reading, c.keep)
    at = now(reading)
    c.may_shrink()
    before = c.before
    rows = before.cursor.get("repositories") if before is not None else None
    read: dict[str, list[str]] = {}
    marks: Mapping[str, str] = {}
    unread: frozenset[str] = frozenset()
    if before is not None and isinstance(rows, dict):
        c.build_on_before()
        read = {name: row for name, row in rows.items() if _is_row(row)}
        marks, unread = before.marks, before.unread
    names = {each.id for each in listed} | {name for name, _ in listing.quarantined}
    known = _by_repository(c, marks, unread, history.sign, at - WINDOW, None if listing.problems else names)
    walks: list[Walk] = []
    oldest = at
    for repository in listed[:1] if reading.sample else listed:
        seen, read_at, branch = read.get(repository.id, ["", "", ""])
        since = parsed(read_at)
        trouble = repository.id in unread or any(map(_may_be_told_more, known.get(repository.id, {}).values()))
        if since and seen == stamp(repository) and not trouble and at - since < A_DAY:
            oldest = min(oldest, since)
        else:
            stands = known.get(repository.id, {})
            again = branch != repository.body.get("default_branch") or any(map(_may_be_told_more, stands.values()))
            start = at - WINDOW if since is None or again else min(since, _newest(stands, at - WINDOW))
            walks.append(Walk(repository, at - WINDOW, start, since is None or again, stands))
    _walk_all(c, reading, history, walks)
    for walk in walks:
        if not walk.failed:
            read[walk.repository.id] = [stamp(walk.repository), at.isoformat(), walk.branch]
            if walk.repository.id in unread:
                c.gone(walk.repository.id)
    if not reading.sample:
        c.set_cursor({"repositories": {name: row for name, row in sorted(read.items()) if name in names}})
    if isinstance(rows, dict):
        c.proven(oldest)
    if listed and not any(walk.failed for walk in walks):
        c.empty_is_proven(f"{history.question.operation} was asked for every repository: none is in the window")


def _walk_all(c: Collection, reading: GithubReading, history: History, walks: list[Walk]) -> None:
    """Read all walks to their ends, a page of several at a time."""
    queue = walks
    while queue:
        queue = [
            walk
            for some in reading.pool.map(lambda batch: _step(c, reading, history, batch), _batches(queue))
            for walk in some
            if not walk.ended
        ]


def _batches(queue: list[Walk]) -> list[list[Walk]]:
    """The walks, packed into calls by the nodes that they ask for."""
    batches: list[list[Walk]] = []
    weight = NODES
    for walk in queue:
        weight += walk.size
        if weight > NODES or len(batches[-1]) >= BATCH:
            batches.append([])
            weight = walk.size
        batches[-1].append(walk)
    return batches


def _step(c: Collection, reading: GithubReading, history: History, batch: list[Walk]) -> list[Walk]:
    answers = ask_parts(reading, c.keep, history.question, [history.part(walk) for walk in batch])
    for walk, found in zip(batch, answers, strict=True):
        try:
            _page(c, reading, history, walk, found)
            continue
        except Unread as trouble:
            failure = trouble
        except OSError:
            raise  # the evidence store cannot be written: no repository's matter
        except Exception as error:  # noqa: BLE001 # a fault of ours in one repository leaves the others standing
            failure = unexpected(history.question.operation, error)
        walk.ended = walk.failed = True
        report(c, failure, walk.repository.id)
    return batch


def _page(c: Collection, reading: GithubReading, history: History, walk: Walk, found: Node | Unread) -> None:
    operation = history.question.operation
    if isinstance(found, TooMuch) and walk.size > 1:
        walk.most = walk.size = walk.size // 2
        return
    if isinstance(found, Unread):
        raise found
    page = _connection(walk, history, found)
    if page is None:
        walk.ended = True
        return
    on_nodes = len(history.path) + 1
    for error in found.errors:
        if error.path[:on_nodes] != (*history.path, "nodes") or len(error.path) == on_nodes:
            raise error.unread(operation, history.question.needs)
    total = page.get("totalCount")
    if not isinstance(total, int) or isinstance(total, bool):
        raise Unread(Reason.INCOMPLETE, operation, "a page does not say how many there are")
    walk.total = total
    walk.pages += 1
    goes_on = True
    fresh = len(walk.seen)
    try:
        for number, node in enumerate(nodes_of(page, operation)):
            errors = found.at(*history.path, "nodes", number) if found.errors else ()
            denied = [each.path[on_nodes + 1 :] for each in errors if each.is_denial]
            if not isinstance(node, dict) or len(denied) < len(errors) or not all(map(history.spares, denied)):
                _quarantine(c, history, walk, node, errors)
            else:
                shown = reduce(with_denied, denied, node)
                goes_on = history.take(c, reading, walk, shown, found) and goes_on
    finally:  # what was found before a fault stands
        c.record_many(walk.rows)
        walk.rows.clear()
    cursor = next_cursor(page, walk.cursors, operation)
    if not goes_on or history.is_done(walk) or (reading.sample and walk.pages):
        walk.ended = True
    elif cursor is None:
        walk.ended = True
        if len(walk.seen) != walk.total:
            raise Unread(Reason.INCOMPLETE, operation, f"GitHub declares {walk.total}, {len(walk.seen)} were read")
    elif len(walk.seen) == fresh:
        raise Unread(Reason.INCOMPLETE, operation, "a page holds nothing new: it came before")
    elif walk.pages >= MAX_PAGES:
        raise Unread(Reason.INCOMPLETE, operation, f"the list does not end after {MAX_PAGES} pages")
    if walk.ended and not reading.sample and (walk.whole or cursor is None):
        for name in walk.known.keys() - walk.seen:
            c.gone(name)
    walk.cursor = cursor
    walk.size = max(1, min(walk.most, walk.total - len(walk.seen)))


def _connection(walk: Walk, history: History, found: Node) -> dict[str, Any] | None:
    """The page; None where the repository has no default branch yet, and nothing says otherwise."""
    operation = history.question.operation
    branch = found.body.get("defaultBranchRef")
    if branch is None and not found.errors:
        if walk.known:
            raise Unread(Reason.INCOMPLETE, operation, "there is no default branch any more")
        return None
    name = branch.get("name") if isinstance(branch, dict) else None
    if isinstance(name, str) and name != walk.branch:
        raise Unread(Reason.INCOMPLETE, operation, "the default branch was changed meanwhile")
    for error in found.errors:
        if len(error.path) <= len(history.path):
            raise error.unread(operation, history.question.needs)
    return dig(found.body, history.path, operation)


def _quarantine(c: Collection, history: History, walk: Walk, node: Any, errors: tuple[Problem, ...]) -> None:
    """A node that could not be read, alone where it has a name."""
    operation = history.question.operation
    found = node if isinstance(node, dict) else {}
    key = found.get("number", found.get("oid"))
    trouble = Unread(Reason.INCOMPLETE, operation, "GitHub left something out of its answer")
    if errors:
        trouble = errors[0].unread(operation, history.question.needs)
    if not isinstance(key, int | str) or isinstance(key, bool):
        raise trouble
    name = f"{walk.repository.id}{history.sign}{key}"
    walk.seen.add(name)
    report(c, trouble, name)


def _by_repository(
    c: Collection, marks: Mapping[str, str], unread: Iterable[str], sign: str, oldest: datetime, names: set[str] | None
) -> dict[str, dict[str, str]]:
    """The records that stand from before, by repository; those that left the window or whose repository is gone are
    reported gone. In: `names`, all repositories, None where they are not known."""
    found: dict[str, dict[str, str]] = {}
    for name, mark in {**marks, **dict.fromkeys(unread, "")}.items():
        repository = name.partition(sign)[0]
        if names is not None and repository not in names:
            c.gone(name)
        elif (happened := parsed(mark.partition(" ")[0])) and happened < oldest:
            c.gone(name)
        elif sign in name:
            found.setdefault(repository, {})[name] = mark
    return found


def _newest(marks: Mapping[str, str], otherwise: datetime) -> datetime:
    """When the newest change happened that is known, by GitHub's own clock."""
    times = [found for mark in marks.values() if (found := parsed(mark.rpartition(" ")[2]))]
    return max(times, default=otherwise)


def _may_be_told_more(mark: str) -> bool:
    """Whether a record could not be read, or not all of it, when it was last asked for."""
    return not mark or mark.endswith(DENIED)


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 3 and all(isinstance(each, str) for each in row)
